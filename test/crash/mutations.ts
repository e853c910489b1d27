import { DatabaseSync } from 'node:sqlite'
import type { Mutation } from '../../src/drills/settings.ts'
import type { Runtime } from '../../src/kernel/runtime.ts'
import { effectKeyOf } from '../../src/ledger/effect-key.ts'
import type { Verdict } from '../../src/ledger/rules.ts'
import type { SettleResult, Store } from '../../src/ledger/store.ts'
import { sqlitePathOf } from '../../src/stores/open.ts'

/** A verdict that the broken guard gives instead, where the sound one said `kind`. */
function insteadOf(kind: Verdict['kind']): NonNullable<Mutation['rules']> {
  return (rules) => ({
    decide: (entry, caller, nowMs) => {
      const verdict = rules.decide(entry, caller, nowMs)
      if (verdict.kind !== kind) return verdict
      const { round } = entry
      return {
        kind: 'run',
        takeover: { raisesAttempt: true, round, earlierUnknown: false, keepsFirstSend: true },
      }
    },
  })
}

/** The table broken: the target is asked as soon as the lease has lapsed, whatever may still be on its way. */
const asksAtOnce: NonNullable<Mutation['rules']> = (rules) => ({
  decide: (entry, caller, nowMs) => {
    const hasLapsed = entry.state === 'started' && entry.leaseUntilMs <= nowMs
    return hasLapsed && entry.safety === 'verifiable' ? { kind: 'ask' } : rules.decide(entry, caller, nowMs)
  },
})

/** Rule 10 broken: the user's rows are committed, and then the entry's record. On SQLite. */
function commitsInTwo(store: Store, _runtime: Runtime, storeUrl: string): Store {
  return {
    ...store,
    transaction: async (work, prepare) => {
      const db = new DatabaseSync(sqlitePathOf(storeUrl), { timeout: 5_000 })
      const value = await work(db)
      db.close()
      // As wide as a second round trip would make it, for a crash that is a few awaits off to fall into it.
      for (let turn = 0; turn < 12; turn += 1) await Promise.resolve()
      const { results } = await store.settle([prepare(value)])
      const [result] = results
      return result?.kind === 'settled'
        ? { kind: 'committed', value, entry: result.entry }
        : { kind: 'rolled-back' }
    },
  }
}

/** Rule 9 broken: the start of a step is acknowledged and never written. */
function forgetsStepStarts(store: Store): Store {
  return {
    ...store,
    settle: async (requests) => {
      const [request] = requests
      const isStep = requests.length === 1 && request?.to === 'started' && !request.endsLease
      if (!isStep) return store.settle(requests)
      const { nowMs, results } = await store.read([request.ref])
      const [entry] = results
      const result: SettleResult =
        entry === undefined
          ? { kind: 'stale', entry }
          : { kind: 'settled', entry: { ...entry, state: 'started' } }
      return { nowMs, results: [result] }
    },
  }
}

/** Acknowledges an outcome and writes it a moment later. */
function acknowledgesEarly(store: Store): Store {
  return {
    ...store,
    settle: async (requests) => {
      const { nowMs, results } = await store.read(requests.map(({ ref }) => ref))
      setTimeout(() => void store.settle(requests).catch(() => undefined), 100)
      return {
        nowMs,
        results: requests.map(({ to, value }, index): SettleResult => {
          const entry = results[index]
          if (entry === undefined) return { kind: 'stale', entry }
          return {
            kind: 'settled',
            entry: { ...entry, state: to, ...(value === undefined ? {} : { value }) },
          }
        }),
      }
    },
  }
}

/** Rule 4 broken: an outcome is written whoever owns the entry by now. */
function settlesUnfenced(store: Store): Store {
  return {
    ...store,
    settle: async (requests) => {
      const { results } = await store.read(requests.map(({ ref }) => ref))
      return store.settle(
        requests.map(({ known: _known, ...request }, index) => {
          const row = results[index]
          if (row === undefined) return request
          return { ...request, owner: row.owner, attempt: row.attempt, ownerWrite: row.ownerWrite + 1 }
        }),
      )
    },
  }
}

/** One broken decision or promise each; the tests name what must notice it. */
export const mutations: Readonly<Record<string, Mutation>> = {
  'transaction-in-two': { store: commitsInTwo },
  'effect-key-per-attempt': {
    rules: () => ({ effectKey: (source) => effectKeyOf({ ...source, round: attemptOf(source) }) }),
  },
  'verifiable-not-asked': { rules: insteadOf('ask') },
  'verifiable-asked-early': { rules: asksAtOnce },
  'blind-runs-again': { rules: insteadOf('enter-doubt') },
  'step-start-not-kept': { store: forgetsStepStarts },
  'outcome-acknowledged-early': { store: acknowledgesEarly },
  'settles-unfenced': { store: settlesUnfenced },
  'lease-never-ends': { rules: () => ({ holdsLease: () => true }) },
}

/** The guard gives the whole entry where the rule asks for a part of it. */
function attemptOf(source: object): number {
  return 'attempt' in source && typeof source.attempt === 'number' ? source.attempt : 0
}
