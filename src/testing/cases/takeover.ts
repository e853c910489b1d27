import { utf8 } from '../../kernel/bytes.ts'
import type { SettleResult } from '../../ledger/store.ts'
import { check, countKind, has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'
import { sampleSteps } from './samples.ts'

export const takeoverCases: readonly ContractCase[] = [
  {
    title: 'a takeover of what is not there is answered gone and inserts nothing',
    async run(bench) {
      const request = bench.claimOf()
      const expect = {
        attempt: 1,
        rev: 1,
        raisesAttempt: true,
        round: 0,
        earlierUnknown: false,
        keepsFirstSend: true,
      }
      isKind(await bench.claim({ ...request, expect }), 'gone', 'a takeover of an absent entry')
      same((await bench.store.read([request.ref])).results, [undefined], 'the entry')
    },
  },
  {
    title: 'a takeover needs the attempt that was read',
    async run(bench) {
      const row = await bench.takenOver(await bench.fresh())
      for (const attempt of [row.attempt - 1, row.attempt + 1]) {
        const result = await bench.claim(bench.takeoverOf(row, {}, { attempt }))
        isKind(result, 'held', `a takeover that expects attempt ${attempt} of ${row.attempt}`)
        same(result.entry, row, 'held shows the row as it is')
      }
      await bench.unchanged(row, 'a takeover that expects another attempt')
    },
  },
  {
    title: 'a takeover needs the rev that was read',
    async run(bench) {
      const row = await bench.takenOver(await bench.fresh())
      for (const rev of [row.rev - 1, row.rev + 1]) {
        isKind(
          await bench.claim(bench.takeoverOf(row, {}, { rev })),
          'held',
          `a takeover that expects rev ${rev} of ${row.rev}`,
        )
      }
      await bench.unchanged(row, 'a takeover that expects another rev')
    },
  },
  {
    title: 'a renewal between read and takeover defeats the takeover',
    async run(bench) {
      const row = await bench.fresh()
      isKind(await bench.renew(bench.renewOf(row)), 'renewed', 'the renewal')
      isKind(
        await bench.claim(bench.takeoverOf(row)),
        'held',
        'a takeover of a row that was renewed after it was read',
      )
      same((await bench.row(row.ref)).owner, row.owner, 'the owner')
    },
  },
  {
    title: 'a write of the owner between read and takeover defeats the takeover',
    async run(bench) {
      for (const to of ['started', 'succeeded', 'failed', 'released', 'in_doubt'] as const) {
        const row = await bench.fresh()
        await bench.settled(row, { to })
        isKind(
          await bench.claim(bench.takeoverOf(row)),
          'held',
          `a takeover of a row that was settled (${to}) after it was read`,
        )
        same((await bench.row(row.ref)).owner, row.owner, 'the owner')
      }
    },
  },
  {
    title: 'of 50 concurrent takeovers of one row exactly one runs',
    async run(bench) {
      const row = await bench.fresh()
      const results = await Promise.all(Array.from({ length: 50 }, () => bench.claim(bench.takeoverOf(row))))
      same(countKind(results, 'claimed'), 1, 'takeovers that got the entry')
      same((await bench.row(row.ref)).attempt, row.attempt + 1, 'the attempt after all of them')
    },
  },
  {
    title: 'a takeover sent again is held, and shows that the row is its own',
    async run(bench) {
      const request = bench.takeoverOf(await bench.fresh())
      const first = await bench.claim(request)
      isKind(first, 'claimed', 'a takeover')
      const again = await bench.claim(request)
      isKind(again, 'held', 'the same takeover once more')
      same(again.entry, first.entry, 'held shows the row as it is')
    },
  },
  {
    title: 'of a takeover and an outcome of the old owner sent at once exactly one counts',
    async run(bench) {
      for (const isTakeoverFirst of [false, true, false, true]) {
        const row = await bench.fresh()
        const settle = (): Promise<SettleResult> => bench.settle(bench.settleOf(row))
        const early = isTakeoverFirst ? undefined : settle()
        const takeover = bench.claim(bench.takeoverOf(row))
        const [settled, taken] = await Promise.all([early ?? settle(), takeover])
        same(
          settled.kind === 'settled',
          taken.kind === 'held',
          'the takeover is refused exactly when the outcome counts',
        )
        same(
          (await bench.row(row.ref)).state,
          settled.kind === 'settled' ? 'succeeded' : 'started',
          'the state',
        )
      }
    },
  },
  {
    title: 'a takeover raises attempt and rev by one, and brings its own owner, lease and retention',
    async run(bench) {
      const row = await bench.fresh()
      const request = bench.takeoverOf(row, { leaseMs: 4321, retainMs: 98_765 })
      const result = await bench.claim(request)
      isKind(result, 'claimed', 'a takeover of an unchanged row')
      const brought = { owner: request.owner, leaseMs: 4321, retainMs: 98_765, ownerWrite: 0 }
      has(
        result.entry,
        { attempt: row.attempt + 1, rev: row.rev + 1, ...brought },
        'the row after the takeover',
      )
      same(await bench.row(row.ref), result.entry, 'read shows the row that the takeover answered with')
    },
  },
  {
    title:
      'a takeover cannot change what the entry is: identity, input, subject, safety and first claim are frozen',
    async run(bench) {
      const row = await bench.fresh({ subject: 'order:1', safety: 'keyed' })
      const other = {
        scope: 'other',
        operation: 'refund',
        key: 'other',
        subject: 'order:2',
        fingerprint: bench.fingerprint('x'),
      }
      await bench.passes()
      const taken = await bench.takenOver(row, { ...other, safety: 'blind' })
      const { scope, operation, key, subject, fingerprint, safety, claimedAtMs } = row
      has(
        taken,
        { scope, operation, key, subject, fingerprint, safety, claimedAtMs },
        'the row after the takeover',
      )
      const bare = await bench.fresh()
      same(
        (await bench.takenOver(bare, { subject: 'order:3' })).subject,
        undefined,
        'the subject of an entry without one',
      )
    },
  },
  {
    title: 'a started entry stays started through a takeover, even one that asks for claimed',
    async run(bench) {
      const row = await bench.fresh({ to: 'started' })
      same((await bench.takenOver(row, { to: 'claimed' })).state, 'started', 'the state')
    },
  },
  {
    title: 'a claimed entry is taken over as claimed or as started, as asked',
    async run(bench) {
      const again = await bench.takenOver(await bench.fresh({ to: 'claimed' }), { to: 'claimed' })
      has(again, { state: 'claimed', firstPossibleSendAtMs: undefined }, 'taken over as claimed')
      const before = await bench.nowMs()
      const started = await bench.takenOver(again, { to: 'started' })
      same(started.state, 'started', 'taken over as started')
      check(
        (started.firstPossibleSendAtMs ?? 0) >= before,
        'its effect can have been sent from the takeover on',
      )
    },
  },
  {
    title: 'a takeover keeps the moment from which the effect can have been sent',
    async run(bench) {
      const row = await bench.fresh()
      await bench.passes()
      const taken = await bench.takenOver(row)
      same(taken.firstPossibleSendAtMs, row.firstPossibleSendAtMs, 'the first possible send after a takeover')
      await bench.passes()
      same(
        (await bench.takenOver(taken)).firstPossibleSendAtMs,
        row.firstPossibleSendAtMs,
        'and after another',
      )
    },
  },
  {
    title: 'a new round has a first possible send of its own',
    async run(bench) {
      const row = await bench.settled(await bench.fresh(), { to: 'released', round: 1 })
      await bench.passes()
      const result = await bench.claim(bench.takeoverOf(row, {}, { keepsFirstSend: false }))
      isKind(result, 'claimed', 'a claim of a released entry')
      const sentFromMs = result.entry.firstPossibleSendAtMs ?? 0
      check(
        sentFromMs > row.claimedAtMs,
        `the first possible send (${sentFromMs}) lies after the first claim (${row.claimedAtMs})`,
      )
      const stepped = await bench.claim(
        bench.takeoverOf(await bench.inState('released'), { to: 'claimed' }, { keepsFirstSend: false }),
      )
      isKind(stepped, 'claimed', 'a stepped claim of a released entry')
      same(
        stepped.entry.firstPossibleSendAtMs,
        undefined,
        'the first possible send of one that is only claimed',
      )
    },
  },
  {
    title: 'the attempt goes on rising after a release: a row is never deleted on release',
    async run(bench) {
      let row = await bench.fresh()
      for (const attempt of [2, 3, 4]) {
        const released = await bench.settled(row, { to: 'released' })
        same(released.attempt, attempt - 1, 'the attempt of the released row')
        row = await bench.takenOver(released)
        same(row.attempt, attempt, 'the attempt of the next claim')
      }
    },
  },
  {
    title: 'a takeover writes the round and the unknown earlier attempt as its decision says',
    async run(bench) {
      const row = await bench.fresh()
      const unknown = await bench.claim(bench.takeoverOf(row, {}, { earlierUnknown: true, round: 3 }))
      isKind(unknown, 'claimed', 'a takeover')
      has(await bench.row(row.ref), { earlierUnknown: true, round: 3 }, 'the row')
      const known = await bench.claim(bench.takeoverOf(unknown.entry, {}, { earlierUnknown: false }))
      isKind(known, 'claimed', 'another takeover')
      has(await bench.row(row.ref), { earlierUnknown: false, round: 3 }, 'the row after another takeover')
    },
  },
  {
    title: "a takeover forgets the last attempt's end: its result, error, digest and doubt",
    async run(bench) {
      const doubted = await bench.settled(await bench.fresh(), {
        to: 'in_doubt',
        error: { code: 'RESET', message: 'reset' },
      })
      const settled = await bench.settled(doubted, {
        to: 'released',
        error: { code: 'NO', message: 'no' },
        value: utf8('1'),
        valueKept: false,
      })
      const taken = await bench.takenOver(settled)
      const forgotten = {
        value: undefined,
        error: undefined,
        settledDigest: undefined,
        doubt: undefined,
        finishedAtMs: undefined,
      }
      has(taken, { ...forgotten, valueKept: true }, 'the row after a takeover of a released entry')
    },
  },
  {
    title: 'a takeover keeps who has decided what: the evidence of an earlier doubt',
    async run(bench) {
      const decided = await bench.resolved(await bench.inState('in_doubt'), 'released')
      check(decided.resolution !== undefined, 'a decision leaves its evidence')
      const taken = await bench.takenOver(decided)
      same(taken.resolution, decided.resolution, 'the evidence after a takeover')
      same((await bench.settled(taken)).resolution, decided.resolution, 'the evidence after a success')
    },
  },
  {
    title: 'a takeover keeps the steps',
    async run(bench) {
      const steps = sampleSteps()
      const row = await bench.settled(await bench.fresh({ to: 'claimed' }), { to: 'started', steps })
      same((await bench.takenOver(row)).steps, steps, 'the steps after a takeover')
      const released = await bench.settled(await bench.takenOver(await bench.row(row.ref)), {
        to: 'released',
      })
      same((await bench.takenOver(released)).steps, steps, 'the steps after a release and another claim')
    },
  },
  {
    title: 'an owner that recognises its own claim writes it again: the attempt stays, rev and lease move',
    async run(bench) {
      const row = await bench.fresh()
      await bench.passes()
      const result = await bench.claim(bench.takeoverOf(row, { owner: row.owner }, { raisesAttempt: false }))
      isKind(result, 'claimed', 'the same claim once more')
      const { attempt, owner, firstPossibleSendAtMs } = row
      has(await bench.row(row.ref), { attempt, owner, firstPossibleSendAtMs, rev: row.rev + 1 }, 'the row')
      check(result.entry.leaseUntilMs > row.leaseUntilMs, 'the lease runs from the new write on')
    },
  },
]
