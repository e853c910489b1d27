import type { StepsDocument } from '../../ledger/entry.ts'
import { has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'
import { sampleSteps } from './samples.ts'

export const stepCases: readonly ContractCase[] = [
  {
    title: 'a step write keeps the steps whole, and the entry with its owner',
    async run(bench) {
      const row = await bench.fresh({ to: 'claimed' })
      const steps = sampleSteps()
      const written = await bench.settled(row, { to: 'started', steps })
      has(
        written,
        { state: 'started', steps, owner: row.owner, attempt: row.attempt, finishedAtMs: undefined },
        'the row',
      )
      await bench.unchanged(written, 'the step write itself')
    },
  },
  {
    title: 'a write without steps keeps those that are there; one with steps replaces them all',
    async run(bench) {
      const steps = sampleSteps()
      const row = await bench.settled(await bench.fresh({ to: 'claimed' }), { to: 'started', steps })
      const kept = await bench.settled(row, { to: 'started' })
      same(kept.steps, steps, 'the steps after a write without any')
      const others: StepsDocument = { unlistedSinceMs: 5, steps: steps.steps.slice(2) }
      same(
        (await bench.settled(kept, { to: 'started', steps: others })).steps,
        others,
        'the steps after a write with others',
      )
      const ended = await bench.settled(await bench.row(row.ref), { to: 'succeeded' })
      same(ended.steps, others, 'the steps after the success')
    },
  },
  {
    title: 'a step write to claimed never takes back a start',
    async run(bench) {
      const claimed = await bench.settled(await bench.fresh({ to: 'claimed' }), { to: 'claimed' })
      same(claimed.state, 'claimed', 'a claimed entry after a step write to claimed')
      const started = await bench.settled(claimed, { to: 'started' })
      same(started.state, 'started', 'after a step write to started')
      same(
        (await bench.settled(started, { to: 'claimed' })).state,
        'started',
        'a started entry after a step write to claimed',
      )
    },
  },
  {
    title: 'an older write of the owner that arrives late changes nothing',
    async run(bench) {
      const row = await bench.fresh({ to: 'claimed' })
      const older = bench.settleOf(row, {
        to: 'started',
        ownerWrite: 1,
        steps: { unlistedSinceMs: 1, steps: [] },
      })
      const newer = await bench.settled(row, { to: 'started', ownerWrite: 2, steps: sampleSteps() })
      const result = await bench.settle(older)
      isKind(result, 'stale', 'write 1 after write 2')
      same(result.entry, newer, 'stale shows the row as it is')
      await bench.unchanged(newer, 'the older write')
    },
  },
  {
    title: 'another write under the number of the last one changes nothing',
    async run(bench) {
      const row = await bench.settled(await bench.fresh({ to: 'claimed' }), {
        to: 'started',
        steps: sampleSteps(),
      })
      const other = bench.settleOf(row, {
        to: 'started',
        ownerWrite: row.ownerWrite,
        steps: { unlistedSinceMs: 1, steps: [] },
      })
      isKind(await bench.settle(other), 'stale', 'another write under the same number')
      await bench.unchanged(row, 'another write under the same number')
    },
  },
  {
    title: 'an older outcome that arrives after a newer write changes nothing',
    async run(bench) {
      const row = await bench.fresh()
      const newer = await bench.settled(row, { to: 'started', ownerWrite: 5 })
      isKind(
        await bench.settle(bench.settleOf(row, { to: 'succeeded', ownerWrite: 4 })),
        'stale',
        'outcome 4 after write 5',
      )
      await bench.unchanged(newer, 'the older outcome')
      same(
        (await bench.settled(row, { ownerWrite: 9 })).ownerWrite,
        9,
        'the number of a write that left some out',
      )
    },
  },
  {
    title: 'each attempt counts its writes from 1 again',
    async run(bench) {
      const row = await bench.settled(await bench.fresh({ to: 'claimed' }), { to: 'started', ownerWrite: 7 })
      const taken = await bench.takenOver(row)
      same(taken.ownerWrite, 0, 'the count after a takeover')
      same(
        (await bench.settled(taken, { ownerWrite: 1 })).state,
        'succeeded',
        'the state after the first write of the new attempt',
      )
    },
  },
  {
    title: 'a late step write does not touch an entry in doubt',
    async run(bench) {
      const row = await bench.fresh()
      const doubted = await bench.resolved(row, 'in_doubt')
      for (const to of ['claimed', 'started'] as const) {
        isKind(
          await bench.settle(bench.settleOf(row, { to, steps: sampleSteps() })),
          'stale',
          `a step write (${to}) in doubt`,
        )
      }
      await bench.unchanged(doubted, 'a late step write')
    },
  },
]
