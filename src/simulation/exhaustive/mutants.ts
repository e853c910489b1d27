import { birthEpoch } from '../../ledger/entry.ts'
import { decisionMutants } from '../../testing/mutants/decisions.ts'
import type { ExhaustiveMutant, Production } from './production.ts'

/** The mutants of the decisions, put in as they are. */
const ofDecisions: readonly ExhaustiveMutant[] = decisionMutants.map(({ id, rules }) => ({
  id,
  change: (standard) => {
    const broken = { ...standard.rules, ...rules?.(standard.rules) }
    return { rules: broken, recall: { ...standard.recall, ...broken.recall } }
  },
}))

type Expectation = NonNullable<Parameters<Production['claimRow']>[1]['expect']>

/** What a takeover writes down is changed. */
function claiming(id: string, change: (expect: Expectation) => Expectation): ExhaustiveMutant {
  return {
    id,
    change: ({ claimRow }) => ({
      claimRow: (row, request, at) =>
        claimRow(
          row,
          request.expect === undefined ? request : { ...request, expect: change(request.expect) },
          at,
        ),
    }),
  }
}

/** Mutants that elsewhere wrap a whole store: here the same mistake is made in the one row there is. */
const ofTransitions: readonly ExhaustiveMutant[] = [
  claiming('takeover-forgets-the-unknown', (expect) => ({ ...expect, earlierUnknown: false })),
  claiming('takeover-moves-first-send', (expect) => ({ ...expect, keepsFirstSend: false })),
  {
    id: 'claims-overwrite',
    change: ({ claimRow }) => ({
      claimRow: (row, request, at) => {
        const { expect } = request
        if (row === undefined || expect === undefined) return claimRow(row, request, at)
        const { attempt, rev } = row
        return claimRow(row, { ...request, expect: { ...expect, attempt, rev } }, at)
      },
    }),
  },
  {
    id: 'doubt-is-retried',
    change: ({ rules, claimRow }) => ({
      rules: {
        ...rules,
        decide: (entry, caller, nowMs) =>
          rules.decide(entry.state === 'in_doubt' ? { ...entry, state: 'released' } : entry, caller, nowMs),
      },
      claimRow: (row, request, at) =>
        claimRow(row?.state === 'in_doubt' ? { ...row, state: 'released' } : row, request, at),
    }),
  },
  {
    id: 'own-claim-is-not-recognised',
    change: ({ rules }) => ({
      rules: {
        ...rules,
        decide: (entry, { fingerprint, safety }, nowMs) =>
          rules.decide(entry, { fingerprint, safety }, nowMs),
      },
    }),
  },
  { id: 'visible-counts-as-claimed', change: () => ({ mustClaimOwn: false }) },
  { id: 'owner-token-is-constant', change: () => ({ ownerOf: () => 'w' }) },
  {
    id: 'lapse-shuts-the-owner-out',
    change: ({ settleRow }) => ({
      settleRow: (row, request, at) =>
        row !== undefined && row.leaseUntilMs <= at.nowMs
          ? { kind: 'stale', entry: row }
          : settleRow(row, request, at),
    }),
  },
  {
    id: 'doubt-shuts-the-owner-out',
    change: ({ settleRow }) => ({
      settleRow: (row, request, at) =>
        row?.state === 'in_doubt' ? { kind: 'stale', entry: row } : settleRow(row, request, at),
    }),
  },
  {
    id: 'late-outcome-overwrites',
    change: ({ settleRow }) => ({
      settleRow: (row, request, at) => {
        if (row === undefined) return settleRow(row, request, at)
        const { owner, attempt } = row
        return settleRow(row, { ...request, owner, attempt, ownerWrite: row.ownerWrite + 1 }, at)
      },
    }),
  },
  {
    id: 'stale-outcome-is-acknowledged',
    change: () => ({
      believed: (result, entry) => (result.kind === 'settled' ? result : { kind: 'settled', entry }),
    }),
  },
  {
    id: 'release-resets-the-attempt',
    change: ({ settleRow }) => ({
      settleRow: (row, request, at) => {
        const result = settleRow(row, request, at)
        return result.kind === 'settled' && result.entry.state === 'released'
          ? { kind: 'settled', entry: { ...result.entry, attempt: 0 } }
          : result
      },
    }),
  },
  {
    id: 'recall-skipped',
    change: () => ({ recallRow: (row, { entry }) => ({ kind: 'kept', entry: row ?? entry }) }),
  },
  {
    id: 'recall-overwrites-newer-attempt',
    change: ({ recallRow }) => ({
      recallRow: (row, { entry }, at) => {
        if (row === undefined) return recallRow(row, { entry }, at)
        const ahead = { epoch: row.epoch, claimedEpoch: birthEpoch(row), attempt: row.attempt + 1 }
        return recallRow(row, { entry: { ...entry, ...ahead } }, at)
      },
    }),
  },
]

/** Every mutant that can be put in here. Not all can be told apart in a world of one key without steps. */
export const exhaustiveMutants: readonly ExhaustiveMutant[] = [...ofDecisions, ...ofTransitions]

export function exhaustiveMutant(id: string): ExhaustiveMutant {
  const found = exhaustiveMutants.find((mutant) => mutant.id === id)
  if (found === undefined) throw new TypeError(`The exhaustive search has no mutant "${id}".`)
  return found
}
