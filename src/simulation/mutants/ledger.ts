import type { ClaimRequest, Lineage, Reply, SettleRequest, SettleResult, Store } from '../../ledger/store.ts'
import type { SimulationMutant } from './mutant.ts'

/** Mutants of the ledger that only whole runs tell apart. */
export const ledgerOnlyMutants: readonly SimulationMutant[] = [
  {
    id: 'no-started-marker',
    rule: 2,
    caughtBy: 'I1',
    breaks: 'runs the effect of an entry that is only claimed, not started',
    store: (store) => ({
      ...store,
      claim: (requests, lineage) =>
        store.claim(
          requests.map((request) => ({ ...request, to: 'claimed' })),
          lineage,
        ),
    }),
  },
  {
    id: 'lapsed-lease-is-waited-for',
    rule: 2,
    caughtBy: 'L1',
    breaks: 'waits for the owner of a lapsed lease for ever',
    rules: (standard) => ({
      decide: (entry, caller, nowMs) =>
        standard.decide(entry, caller, Math.min(nowMs, entry.leaseUntilMs - 1)),
    }),
  },
  {
    id: 'own-claim-is-not-recognised',
    rule: 4,
    caughtBy: 'I8',
    where: { safety: 'blind' },
    breaks: "takes its own claim, whose reply was lost, for somebody else's",
    rules: (standard) => ({
      decide: (entry, { fingerprint, safety }, nowMs) =>
        standard.decide(entry, { fingerprint, safety }, nowMs),
    }),
  },
  {
    id: 'stale-outcome-is-acknowledged',
    rule: 3,
    caughtBy: 'I7',
    where: { safety: 'keyed' },
    breaks: 'tells its caller of success although the entry has gone on without it',
    store: (store) => ({ ...store, settle: (requests, lineage) => settleAnyway(store, requests, lineage) }),
  },
  {
    id: 'outcome-before-effect',
    rule: 3,
    caughtBy: 'I2',
    breaks: 'records the success before the effect has happened',
    store: (store) => ({
      ...store,
      claim: (requests, lineage) => claimAsDone(store, requests, lineage),
      settle: (requests, lineage) => settleAnyway(store, requests, lineage),
    }),
  },
]

/** Answers as if every settle had gone through. */
async function settleAnyway(
  store: Store,
  requests: readonly SettleRequest[],
  lineage: Lineage | undefined,
): Promise<Reply<SettleResult>> {
  const { nowMs, results } = await store.settle(requests, lineage)
  return {
    nowMs,
    results: results.map((result, index) => {
      const known = requests[index]?.known
      if (result.kind === 'settled' || known === undefined) return result
      const { to: state, value } = requests[index] as SettleRequest
      return { kind: 'settled', entry: { ...known, state, ...(value === undefined ? {} : { value }) } }
    }),
  }
}

async function claimAsDone(
  store: Store,
  requests: readonly ClaimRequest[],
  lineage: Lineage | undefined,
): ReturnType<Store['claim']> {
  const reply = await store.claim(requests, lineage)
  const outcomes = reply.results.flatMap((result): SettleRequest[] => {
    if (result.kind !== 'claimed') return []
    const { ref, owner, attempt, round } = result.entry
    return [
      {
        ref,
        owner,
        attempt,
        ownerWrite: 1,
        to: 'succeeded',
        round,
        earlierUnknown: false,
        endsLease: false,
        value: new TextEncoder().encode('{"effect":"soon","input":0}'),
        valueKept: true,
        digest: 'too soon',
      },
    ]
  })
  if (outcomes.length > 0) await store.settle(outcomes, lineage)
  return reply
}
