import { utf8 } from '../../kernel/bytes.ts'
import type { Entry } from '../../ledger/entry.ts'
import type { PurgeRequest, PurgeResult } from '../../ledger/store.ts'
import { has, isKind, same } from '../assert.ts'
import type { StoreBench } from '../bench.ts'
import type { ContractCase } from '../contract.ts'
import { sampleSteps } from './samples.ts'

export const purgeCases: readonly ContractCase[] = [
  {
    title: 'what has ended and is past its retention is buried: the fact is kept, the result is forgotten',
    async run(bench) {
      for (const state of ['succeeded', 'failed'] as const) {
        const error = { code: 'NO', message: 'no' }
        const outcome = state === 'succeeded' ? { value: utf8('{"id":1}') } : { error }
        const fresh = await bench.fresh({ retainMs: 1, subject: 'order:1', safety: 'keyed' })
        const row = await bench.settled(fresh, { to: state, steps: sampleSteps(), ...outcome })
        await pastRetention(bench, row)
        same(await purge(bench), { buried: 1, deleted: 0 }, 'the count')
        const buried = await bench.row(row.ref)
        const forgotten = {
          value: undefined,
          error: undefined,
          steps: undefined,
          settledDigest: undefined,
          valueKept: false,
        }
        has(
          buried,
          { state: 'tombstone', buriedState: state, ...forgotten, rev: row.rev + 1 },
          'the tombstone',
        )
        const {
          scope,
          operation,
          key,
          subject,
          fingerprint,
          safety,
          attempt,
          epoch,
          round,
          claimedAtMs,
          finishedAtMs,
        } = row
        has(
          buried,
          {
            scope,
            operation,
            key,
            subject,
            fingerprint,
            safety,
            attempt,
            epoch,
            round,
            claimedAtMs,
            finishedAtMs,
          },
          'what it keeps',
        )
      }
    },
  },
  {
    title: 'what is within its retention is left alone',
    async run(bench) {
      const rows = [await bench.inState('succeeded'), await bench.inState('failed')]
      await bench.passes()
      same(await purge(bench, { tombstoneMs: 0 }), { buried: 0, deleted: 0 }, 'the count')
      for (const row of rows) await bench.unchanged(row, 'a purge within the retention')
    },
  },
  {
    title: 'what is claimed, started, in doubt or released is never purged, however old',
    async run(bench) {
      const rows: Entry[] = []
      for (const state of ['claimed', 'started', 'in_doubt', 'released'] as const)
        rows.push(await bench.inState(state, { retainMs: 1, leaseMs: 1 }))
      await bench.passes()
      await bench.passes()
      same(await purge(bench, { tombstoneMs: 0 }), { buried: 0, deleted: 0 }, 'the count')
      for (const row of rows) await bench.unchanged(row, `a purge of what is ${row.state}`)
    },
  },
  {
    title: 'tombstones stay for ever unless a time is given',
    async run(bench) {
      const row = await bench.inState('tombstone')
      await bench.passes()
      same(await purge(bench), { buried: 0, deleted: 0 }, 'the count')
      await bench.unchanged(row, 'a purge without tombstoneMs')
      isKind(await bench.claim(bench.claimAgain(row)), 'held', 'a claim of a buried entry')
    },
  },
  {
    title: 'a tombstone is deleted only after the retention and tombstoneMs, and then the key runs as new',
    async run(bench) {
      const row = await bench.inState('tombstone')
      same(await purge(bench, { tombstoneMs: 600_000 }), { buried: 0, deleted: 0 }, 'the count before')
      await bench.unchanged(row, 'a purge before tombstoneMs')
      await bench.passes((row.finishedAtMs ?? 0) + row.retainMs + 1)
      same(await purge(bench, { tombstoneMs: 1 }), { buried: 0, deleted: 1 }, 'the count after')
      same((await bench.store.read([row.ref])).results, [undefined], 'the entry')
      const again = await bench.claim(bench.claimAgain(row))
      isKind(again, 'claimed', 'the next claim of the key')
      has(again.entry, { attempt: 1, round: 0, rev: 1 }, 'the new entry')
    },
  },
  {
    title: 'a purge is bounded by its limit, and repeated purges come to an end',
    async run(bench) {
      const rows: Entry[] = []
      for (let index = 0; index < 7; index += 1)
        rows.push(await bench.settled(await bench.fresh({ retainMs: 1 })))
      const last = rows.at(-1)
      if (last !== undefined) await pastRetention(bench, last)
      const counts: number[] = []
      for (let index = 0; index < 4; index += 1) counts.push((await purge(bench, { limit: 3 })).buried)
      same(counts, [3, 3, 1, 0], 'the counts')
      const states = (await bench.store.read(rows.map((row) => row.ref))).results.map((row) => row?.state)
      same(new Set(states), new Set(['tombstone']), 'the states')
    },
  },
  {
    title: 'a purge keeps to its scope',
    async run(bench) {
      const row = await bench.settled(await bench.fresh({ scope: 'other', retainMs: 1 }))
      const buried = await bench.inState('tombstone', { scope: 'other' })
      await pastRetention(bench, row)
      const now = await bench.row(row.ref)
      same(await purge(bench, { tombstoneMs: 0 }), { buried: 0, deleted: 0 }, 'the count')
      await bench.unchanged(now, 'a purge of another scope')
      await bench.unchanged(buried, 'a purge of another scope')
    },
  },
  {
    title: 'purges from two handles at once bury and delete each entry once',
    needs: 'shared',
    async run(bench) {
      const rows: Entry[] = []
      for (let index = 0; index < 6; index += 1)
        rows.push(await bench.settled(await bench.fresh({ retainMs: 1 })))
      const last = rows.at(-1)
      if (last !== undefined) await pastRetention(bench, last)
      const handles = [bench.store, await bench.another(), bench.store]
      const request = { scope: 'shop', limit: 500 }
      const buried = await Promise.all(handles.map((store) => store.purge(request)))
      same(
        buried.reduce((sum, result) => sum + result.buried, 0),
        rows.length,
        'entries buried',
      )
      await bench.passes()
      const deleted = await Promise.all(handles.map((store) => store.purge({ ...request, tombstoneMs: 0 })))
      same(
        deleted.reduce((sum, result) => sum + result.deleted, 0),
        rows.length,
        'tombstones deleted',
      )
    },
  },
  {
    title: 'what a purge buries between read and decision defeats the decision',
    async run(bench) {
      const row = await bench.settled(await bench.fresh({ retainMs: 1 }))
      const buried = await bench.buried(row)
      isKind(await bench.claim(bench.takeoverOf(row)), 'held', 'a takeover of a row that was buried')
      isKind(
        await bench.resolve(bench.resolveOf(row, 'failed')),
        'stale',
        'a decision about a row that was buried',
      )
      isKind(
        await bench.settle({
          ...bench.settleOf(row),
          ownerWrite: row.ownerWrite,
          digest: row.settledDigest ?? '',
        }),
        'stale',
        'the last settle once more',
      )
      await bench.unchanged(buried, 'all of these')
    },
  },
]

function purge(bench: StoreBench, wanted: Partial<PurgeRequest> = {}): Promise<PurgeResult> {
  return bench.store.purge({ scope: 'shop', limit: 500, ...wanted })
}

async function pastRetention(bench: StoreBench, row: Entry): Promise<void> {
  await bench.passes((row.finishedAtMs ?? 0) + row.retainMs)
}
