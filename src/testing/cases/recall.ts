import { utf8 } from '../../kernel/bytes.ts'
import { birthEpoch, type Entry } from '../../ledger/entry.ts'
import type { ClaimRequest, SettleRequest } from '../../ledger/store.ts'
import { claimRow, settleRow } from '../../ledger/transitions.ts'
import { check, countKind, has, isKind, same } from '../assert.ts'
import type { StoreBench } from '../bench.ts'
import type { ContractCase } from '../contract.ts'
import { sampleSteps } from './samples.ts'

/*
 * Rows that were acknowledged and are gone are made by the transitions themselves: what the store would have answered,
 * had it not lost it.
 */

/** What recall does to a row: `recallRow` of `transitions.ts`, sentence by sentence. */
export const recallCases: readonly ContractCase[] = [
  {
    title:
      'what was lost stands again as it was acknowledged, in this epoch and with the attempt that it had',
    async run(bench) {
      const started = await lost(bench)
      const stepped = await lost(bench, { to: 'claimed', subject: 'order:42', safety: 'keyed' })
      const acknowledged = [
        started,
        await lostEnd(bench, { to: 'succeeded', value: utf8('{"id":1}') }),
        await lostEnd(bench, { to: 'failed' }),
        await lostEnd(bench, { to: 'released', round: 2 }),
        await lostEnd(bench, { to: 'in_doubt', earlierUnknown: true }),
        await settledOff(bench, stepped, { to: 'started', steps: sampleSteps() }),
      ]
      const { epoch } = await bench.nextLineage()
      for (const entry of acknowledged) {
        const result = await bench.recall(entry)
        isKind(result, 'recalled', `a ${entry.state} entry that is not there`)
        const expected = { ...entry, epoch, claimedEpoch: entry.epoch, rev: entry.rev + 1 }
        same(result.entry, expected, 'the row')
        await bench.unchanged(result.entry, 'the recall itself')
      }
    },
  },
  {
    title: 'the same recall a second time changes nothing',
    async run(bench) {
      const entry = await lostEnd(bench)
      await bench.nextLineage()
      const first = await bench.recall(entry)
      same(await bench.recall(entry), { kind: 'kept', entry: first.entry }, 'the second answer')
      await bench.unchanged(first.entry, 'the second recall')
    },
  },
  {
    title: 'a row that is as new as it was acknowledged is kept, and nothing is written',
    async run(bench) {
      const rows = [await bench.fresh(), await bench.inState('succeeded'), await bench.inState('released')]
      await bench.nextLineage()
      for (const row of rows) {
        same(await bench.recall(row), { kind: 'kept', entry: row }, 'the answer')
        await bench.unchanged(row, 'the recall')
      }
    },
  },
  {
    title: 'a later state of an attempt, or a later write of its owner, replaces what is older',
    async run(bench) {
      const ends = ['in_doubt', 'released', 'succeeded', 'failed'] as const
      for (const to of ends) {
        const row = await bench.fresh()
        const entry = await settledOff(bench, row, { to })
        const { epoch } = await bench.nextLineage()
        await isReplaced(bench, { row, entry, epoch })
      }
      const stepped = await bench.fresh({ to: 'claimed' })
      const entry = await settledOff(bench, stepped, { to: 'claimed', steps: sampleSteps() })
      const { epoch } = await bench.nextLineage()
      await isReplaced(bench, { row: stepped, entry, epoch })
    },
  },
  {
    title: 'an older state, an older write and an older attempt change nothing',
    async run(bench) {
      const started = await bench.fresh()
      const ended = await bench.settled(started)
      const released = await bench.settled(await bench.fresh(), { to: 'released' })
      const again = await bench.takenOver(released)
      const claimed = await bench.fresh({ to: 'claimed' })
      const stepped = await bench.settled(claimed, { to: 'claimed', steps: sampleSteps() })
      const buried = await bench.inState('tombstone')
      await bench.nextLineage()
      const pairs = [
        [started, ended],
        [released, again],
        [claimed, stepped],
        [{ ...buried, state: 'succeeded' as const, ownerWrite: 9 }, buried],
      ] as const
      for (const [entry, row] of pairs) {
        same(await bench.recall(entry), { kind: 'kept', entry: row }, `the answer for a ${row.state} row`)
        await bench.unchanged(row, 'the recall')
      }
    },
  },
  {
    title: 'a later attempt replaces an earlier one of the same epoch',
    async run(bench) {
      const row = await bench.inState('released')
      const entry = await claimedOff(bench, row)
      const { epoch } = await bench.nextLineage()
      await isReplaced(bench, { row, entry, epoch })
    },
  },
  {
    title: 'the owner settles what was recalled, and a takeover of it is an attempt of this epoch',
    async run(bench) {
      const [mine, theirs] = [await lost(bench), await lost(bench)]
      const { epoch } = await bench.nextLineage()
      await bench.recall(mine)
      const settled = await bench.settle({ ...bench.settleOf(mine), known: mine })
      isKind(settled, 'settled', "the owner's success")
      same(birthEpoch(settled.entry), bench.lineage.epoch, 'the epoch in which it was claimed')
      const taken = await bench.takenOver((await bench.recall(theirs)).entry)
      has(taken, { epoch, attempt: theirs.attempt + 1, claimedEpoch: undefined }, 'the takeover')
    },
  },
  {
    title: 'where another attempt was started meanwhile, neither is believed: the entry is in doubt',
    async run(bench) {
      for (const safety of ['blind', 'verifiable'] as const) {
        for (const to of ['started', 'succeeded', 'failed', 'in_doubt'] as const) {
          const { row, entry } = await forked(bench, { safety }, { to })
          const result = await bench.recall(entry)
          isKind(result, 'conflict', `${safety}, ${to}`)
          const { attempt } = row
          const neither = { state: 'in_doubt', attempt, value: undefined, finishedAtMs: undefined }
          const rev = Math.max(row.rev, entry.rev) + 1
          has(result.entry, { ...neither, epoch: row.epoch, rev }, 'the row')
          check((result.entry.doubt?.why ?? '') !== '', 'the doubt has a reason')
          await bench.unchanged(result.entry, 'the recall itself')
          for (const owner of [row, entry]) {
            const late = await bench.settle(bench.settleOf({ ...owner, ownerWrite: 5 }))
            isKind(late, 'stale', 'an outcome of one of them')
          }
        }
      }
    },
  },
  {
    title: 'what the other attempt came to does not save it: an ended one is in doubt as well',
    async run(bench) {
      const { row, entry } = await forked(bench, {}, { to: 'succeeded' })
      await bench.settled(row)
      isKind(await bench.recall(entry), 'conflict', 'a recall')
      same((await bench.row(row.ref)).state, 'in_doubt', 'the state')
    },
  },
  {
    title: 'a conflict stays one, whoever recalls again, and is ended by a decision',
    async run(bench) {
      const { row, entry } = await forked(bench, {}, { to: 'succeeded' })
      const conflict = (await bench.recall(entry)).entry
      await bench.nextLineage()
      for (const again of [entry, row, { ...row, state: 'succeeded' as const, ownerWrite: 1 }])
        same(await bench.recall(again), { kind: 'kept', entry: conflict }, 'another recall')
      const released = await bench.resolved(conflict, 'released')
      for (const again of [entry, row])
        same(await bench.recall(again), { kind: 'kept', entry: released }, 'a recall after the decision')
      const taken = await bench.takenOver(released, { to: 'started' })
      same(taken.attempt, Math.max(row.attempt, entry.attempt) + 1, 'the next attempt')
    },
  },
  {
    title: 'an attempt that did nothing gives way to one that may have',
    async run(bench) {
      const { row, entry } = await forked(bench, {}, { to: 'succeeded' })
      const taken = await bench.takenOver(await bench.settled(row, { to: 'released' }))
      await bench.settled(taken, { to: 'released' })
      const result = await bench.recall(entry)
      isKind(result, 'recalled', 'a recall over a release')
      has(result.entry, { state: 'succeeded', owner: entry.owner, attempt: taken.attempt }, 'the row')
      const idle = await forked(bench, {}, { to: 'released' })
      same(await bench.recall(idle.entry), { kind: 'kept', entry: idle.row }, 'a recall of a release')
    },
  },
  {
    title: 'of two keyed attempts the one that has ended is right; of two that run neither owns the entry',
    async run(bench) {
      const ended = await forked(bench, { safety: 'keyed' }, { to: 'succeeded' })
      const result = await bench.recall(ended.entry)
      isKind(result, 'recalled', 'a recall of a success')
      has(result.entry, { state: 'succeeded', owner: ended.entry.owner }, 'the row')
      const running = await forked(bench, { safety: 'keyed' }, { to: 'started' })
      const nowMs = await bench.nowMs()
      const conflict = await bench.recall(running.entry)
      isKind(conflict, 'conflict', 'a recall of a run')
      const { entry } = conflict
      const sendsFromMs = running.entry.firstPossibleSendAtMs
      has(entry, { state: 'started', earlierUnknown: true, firstPossibleSendAtMs: sendsFromMs }, 'the row')
      check(entry.leaseUntilMs <= (await bench.nowMs()), `its lease has ended (${nowMs})`)
      isKind(await bench.settle(bench.settleOf(running.row)), 'stale', 'an outcome of one of them')
      const success = await settledOff(bench, running.row, { to: 'succeeded' })
      has(await bench.recall(success), { kind: 'recalled' }, 'a recall of what one of them came to')
      same((await bench.row(entry.ref)).state, 'succeeded', 'the state')
    },
  },
  {
    title:
      'a late success stands where its takeover was lost, unless both may have acted; a late failure gives way',
    async run(bench) {
      for (const [safety, to, kind] of [
        ['keyed', 'succeeded', 'kept'],
        ['keyed', 'failed', 'recalled'],
        ['blind', 'succeeded', 'conflict'],
      ] as const) {
        const row = await bench.fresh({ safety })
        const entry = await claimedOff(bench, row)
        await bench.nextLineage()
        const ended = await bench.settled(row, { to })
        const result = await bench.recall(entry)
        isKind(result, kind, `a takeover of a ${safety} entry that ${to} late`)
        if (kind === 'kept') same(result.entry, ended, 'the row')
      }
    },
  },
  {
    title: 'a transactional entry that runs again is not disturbed',
    async run(bench) {
      const { row, entry } = await forked(bench, { safety: 'transactional' }, { to: 'started' })
      same(await bench.recall(entry), { kind: 'kept', entry: row }, 'the answer')
    },
  },
  {
    title: 'recalls are answered in the order they were asked, each on its own',
    async run(bench) {
      const kept = await bench.fresh()
      const { row, entry } = await forked(bench, {}, { to: 'succeeded' })
      const [a, b] = [await lost(bench), await lostEnd(bench)]
      const asked = [b, kept, entry, a]
      const { results } = await bench.store.recall(asked.map((one) => ({ entry: one })))
      same(
        results.map((result) => result.kind),
        ['recalled', 'kept', 'conflict', 'recalled'],
        'the answers',
      )
      same(
        results.map((result) => result.entry.ref),
        [b.ref, kept.ref, row.ref, a.ref],
        'the entries they are about',
      )
    },
  },
  {
    title: 'workers that recall at once, in any order and again, agree: the latest of each entry stands',
    needs: 'shared',
    async run(bench) {
      const starts = await Promise.all(Array.from({ length: 8 }, () => lost(bench)))
      const ends = await Promise.all(starts.map((entry) => settledOff(bench, entry, { to: 'succeeded' })))
      const { epoch } = await bench.nextLineage()
      const handles = await Promise.all(Array.from({ length: 4 }, () => bench.another()))
      const batches = handles.map((store, index) => {
        const entries = index % 2 === 0 ? starts : ends.toReversed()
        return retried(() => store.recall(entries.map((entry) => ({ entry }))))
      })
      const replies = await Promise.all(batches)
      const { results } = await bench.store.read(starts.map(({ ref }) => ref))
      for (const row of results) has(row ?? {}, { state: 'succeeded', attempt: 1, epoch }, 'a row')
      same(replies.map((reply) => countKind(reply.results, 'conflict')).join(), '0,0,0,0', 'conflicts')
    },
  },
]

/** An entry that was claimed in the epoch before, and is not there. */
async function lost(bench: StoreBench, wanted: Partial<ClaimRequest> = {}): Promise<Entry> {
  const at = { nowMs: await bench.nowMs(), epoch: bench.lineage.epoch }
  const result = claimRow(undefined, bench.claimOf(wanted), at)
  check(result.kind === 'claimed', 'a claim of an absent entry gets it')
  return result.entry
}

/** The owner's write on a row, as it would have been acknowledged. */
async function settledOff(bench: StoreBench, row: Entry, wanted: Partial<SettleRequest>): Promise<Entry> {
  const at = { nowMs: await bench.nowMs(), epoch: bench.lineage.epoch }
  const result = settleRow(row, bench.settleOf(row, wanted), at)
  check(result.kind === 'settled', 'the owner settles its own entry')
  return result.entry
}

async function claimedOff(bench: StoreBench, row: Entry): Promise<Entry> {
  const at = { nowMs: await bench.nowMs(), epoch: row.epoch }
  const result = claimRow(row, bench.takeoverOf(row, { to: 'started' }), at)
  check(result.kind === 'claimed', 'a takeover of an unchanged row gets it')
  return result.entry
}

async function lostEnd(bench: StoreBench, wanted: Partial<SettleRequest> = {}): Promise<Entry> {
  return settledOff(bench, await lost(bench), wanted)
}

/** An entry that was claimed and lost, and claimed again in the next epoch by somebody who did not know. */
async function forked(
  bench: StoreBench,
  wanted: Partial<ClaimRequest>,
  { to }: { readonly to: SettleRequest['to'] },
): Promise<{ readonly row: Entry; readonly entry: Entry }> {
  const before = await bench.store.open()
  const at = { nowMs: await bench.nowMs(), epoch: before.epoch }
  const claim = bench.claimOf(wanted)
  const started = claimRow(undefined, claim, at)
  check(started.kind === 'claimed', 'a claim of an absent entry gets it')
  const settled = settleRow(started.entry, bench.settleOf(started.entry, { to }), at)
  const entry = to === 'started' || settled.kind === 'stale' ? started.entry : settled.entry
  await bench.passes()
  await bench.store.leave(before)
  return { entry, row: await bench.fresh({ ...claim, owner: bench.owner() }) }
}

async function isReplaced(
  bench: StoreBench,
  { row, entry, epoch }: { readonly row: Entry; readonly entry: Entry; readonly epoch: number },
): Promise<void> {
  const result = await bench.recall(entry)
  isKind(result, 'recalled', `a ${entry.state} entry that is ${row.state} there`)
  const expected = { ...entry, epoch, claimedEpoch: birthEpoch(entry), rev: entry.rev + 1 }
  same(result.entry, expected, 'the row')
  await bench.unchanged(result.entry, 'the recall itself')
}

/** A handle that has not heard of the new epoch is told once. */
async function retried<R>(write: () => Promise<R>): Promise<R> {
  return write().catch(write)
}
