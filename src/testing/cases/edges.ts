import type { EntryState } from '../../ledger/entry.ts'
import { isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'

/** Edges that DESIGN.md section 2 does not have, refused one by one: nothing is written, the row is shown. */
export const edgeCases: readonly ContractCase[] = [
  ...(['succeeded', 'failed', 'in_doubt', 'tombstone'] as const).map(noTakeover),
  ...(['succeeded', 'failed', 'released', 'tombstone'] as const).map(noSettle),
  noResolve('succeeded', ['claimed', 'released', 'succeeded', 'failed', 'tombstone']),
  noResolve('failed', ['claimed', 'started', 'released', 'succeeded', 'failed', 'tombstone']),
  noResolve('released', ['started', 'released', 'succeeded', 'failed', 'tombstone']),
  noResolve('in_doubt', ['claimed', 'released', 'succeeded', 'failed', 'in_doubt', 'tombstone']),
]

function noTakeover(state: EntryState): ContractCase {
  return {
    title: `an entry that is ${state} is never taken over, not even by one who read it as it is`,
    async run(bench) {
      const row = await bench.inState(state)
      for (const to of ['claimed', 'started'] as const) {
        for (const raisesAttempt of [true, false]) {
          const owner = raisesAttempt ? bench.owner() : row.owner
          const result = await bench.claim(bench.takeoverOf(row, { to, owner }, { raisesAttempt }))
          isKind(result, 'held', `a takeover (${to}) of an entry that is ${state}`)
          same(result.entry, row, 'held shows the row as it is')
        }
      }
      await bench.unchanged(row, `a takeover of an entry that is ${state}`)
    },
  }
}

function noSettle(state: EntryState): ContractCase {
  return {
    title: `an entry that is ${state} takes no other outcome, not even from its last owner`,
    async run(bench) {
      const row = await bench.inState(state)
      for (const to of ['claimed', 'started', 'succeeded', 'failed', 'released', 'in_doubt'] as const) {
        const result = await bench.settle(bench.settleOf(row, { to }))
        isKind(result, 'stale', `a settle (${to}) of an entry that is ${state}`)
        same(result.entry, row, 'stale shows the row as it is')
      }
      await bench.unchanged(row, `a settle of an entry that is ${state}`)
    },
  }
}

function noResolve(
  to: 'succeeded' | 'failed' | 'released' | 'in_doubt',
  from: readonly EntryState[],
): ContractCase {
  return {
    title: `nobody but the owner may turn ${list(from)} into ${to}`,
    async run(bench) {
      for (const state of from) {
        const row = await bench.inState(state)
        const result = await bench.resolve(bench.resolveOf(row, to))
        isKind(result, 'stale', `a resolve (${to}) of an entry that is ${state}`)
        same(result.entry, row, 'stale shows the row as it is')
        await bench.unchanged(row, `a resolve (${to}) of an entry that is ${state}`)
      }
    },
  }
}

function list(states: readonly string[]): string {
  return `${states.slice(0, -1).join(', ')} or ${states.at(-1)}`
}
