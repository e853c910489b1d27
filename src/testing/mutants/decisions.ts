import type { Entry } from '../../ledger/entry.ts'
import { recallRules } from '../../ledger/recall-rules.ts'
import type { Takeover, Verdict } from '../../ledger/rules.ts'
import type { LedgerMutant } from './mutant.ts'

/** Changes what `decide` says of an entry. */
function deciding(change: (verdict: Verdict, entry: Entry) => Verdict): NonNullable<LedgerMutant['rules']> {
  return (standard) => ({
    decide: (entry, caller, nowMs) => change(standard.decide(entry, caller, nowMs), entry),
  })
}

function takeover(entry: Entry, given: Partial<Takeover> = {}): Verdict {
  const { round } = entry
  return {
    kind: 'run',
    takeover: { raisesAttempt: true, round, earlierUnknown: true, keepsFirstSend: true, ...given },
  }
}

/** Mutants of the pure decisions in `ledger/rules.ts`. */
export const decisionMutants: readonly LedgerMutant[] = [
  {
    id: 'raw-code-means-not-done',
    rule: 1,
    breaks: 'takes ECONNREFUSED and its like for "not done", whatever the effect is made of',
    rules: (standard) => ({ classify: (thrown) => standard.classify(thrown, { singleCall: true }) }),
  },
  {
    id: 'every-error-means-not-done',
    rule: 1,
    breaks: 'takes every error for a definite failure',
    rules: () => ({ classify: () => 'definite-failure' }),
  },
  {
    id: 'definite-failure-is-unknown',
    rule: 1,
    breaks: 'does not believe a DefiniteFailure',
    rules: () => ({ classify: () => 'unknown' }),
  },
  {
    id: 'single-call-trusts-every-code',
    rule: 1,
    breaks: 'takes any error of an effect with singleCall for "not sent", also a connection that broke later',
    rules: (standard) => ({
      classify: (thrown, operation) =>
        operation.singleCall ? 'definite-failure' : standard.classify(thrown, operation),
    }),
  },
  {
    id: 'failure-speaks-for-all',
    rule: 2,
    breaks: 'lets a definite failure end an entry whose earlier attempt has no known outcome',
    rules: (standard) => ({
      settlement: (entry, ending, operation) =>
        standard.settlement({ ...entry, earlierUnknown: false }, ending, operation),
    }),
  },
  {
    id: 'lapsed-blind-runs',
    rule: 2,
    breaks: 'runs a blind effect again once the lease has lapsed',
    rules: deciding((verdict, entry) =>
      verdict.kind === 'enter-doubt' && entry.safety === 'blind' ? takeover(entry) : verdict,
    ),
  },
  {
    id: 'lapsed-verifiable-runs',
    rule: 2,
    breaks: 'runs a verifiable effect again without asking',
    rules: deciding((verdict, entry) => (verdict.kind === 'ask' ? takeover(entry) : verdict)),
  },
  {
    id: 'asks-without-settling-time',
    rule: 2,
    breaks: 'asks the target as soon as the lease has lapsed, while the request may still be on its way',
    rules: (standard) => ({
      decide: (entry, caller, nowMs) => {
        const { safety } = caller
        const hasty = safety.kind === 'verifiable' ? { ...safety, settleMs: 0 } : safety
        return standard.decide(entry, { ...caller, safety: hasty }, nowMs)
      },
    }),
  },
  {
    id: 'key-lifetime-ignored',
    rule: 5,
    breaks: 'sends a key again after the target may have forgotten it',
    rules: (standard) => ({
      keyedMayRun: () => true,
      ...deciding((verdict, entry) =>
        verdict.kind === 'enter-doubt' && entry.safety === 'keyed' ? takeover(entry) : verdict,
      )(standard),
    }),
  },
  {
    id: 'key-lifetime-without-request-timeout',
    rule: 5,
    breaks: 'sends a key that the target may forget while the request is on its way',
    rules: (standard) => ({
      keyedMayRun: (firstMs, safety, nowMs) =>
        standard.keyedMayRun(firstMs, { ...safety, requestTimeoutMs: 0 }, nowMs),
      decide: (entry, caller, nowMs) => {
        const { safety } = caller
        const patient = safety.kind === 'keyed' ? { ...safety, requestTimeoutMs: 0 } : safety
        return standard.decide(entry, { ...caller, safety: patient }, nowMs)
      },
    }),
  },
  {
    id: 'key-lifetime-looked-at-once',
    rule: 5,
    breaks: 'sends a key that the target may have forgotten since its takeover was decided upon',
    rules: () => ({ keyedMayRun: () => true }),
  },
  {
    id: 'key-in-use-is-a-failure',
    rule: 5,
    breaks: 'takes "key in use" and "key reused" answers of the target for definite failures',
    rules: (standard) => ({
      classify: (thrown, operation) =>
        String(thrown.code).includes('key') ? 'definite-failure' : standard.classify(thrown, operation),
    }),
  },
  {
    id: 'steps-never-diverge',
    rule: 5,
    breaks: 'replays a step whose input is another one',
    rules: () => ({ stepDiverges: () => false }),
  },
  {
    id: 'effect-key-names-the-attempt',
    rule: 6,
    breaks: 'makes a new effect key for every attempt',
    rules: (standard) => ({
      effectKey: (source) => {
        const attempt = 'attempt' in source ? String(source.attempt) : ''
        return standard.effectKey({ ...source, key: `${source.key}${attempt}` })
      },
    }),
  },
  {
    id: 'effect-key-forgets-the-step',
    rule: 6,
    breaks: 'gives all steps of an entry one effect key',
    rules: (standard) => ({
      effectKey: ({ scope, operation, key, round }) => standard.effectKey({ scope, operation, key, round }),
    }),
  },
  {
    id: 'round-never-rises',
    rule: 6,
    breaks: 'keeps the effect key after a recorded definite failure',
    rules: (standard) => ({
      settlement: (entry, ending, operation) => ({
        ...standard.settlement(entry, ending, operation),
        round: entry.round,
      }),
    }),
  },
  {
    id: 'round-rises-on-unknown',
    rule: 6,
    breaks: 'makes a new effect key after an attempt whose end nobody knows',
    rules: (standard) => ({
      settlement: (entry, ending, operation) => {
        const settlement = standard.settlement(entry, ending, operation)
        return ending.kind === 'unknown' ? { ...settlement, round: entry.round + 1 } : settlement
      },
    }),
  },
  {
    id: 'failure-is-tried-again',
    rule: 6,
    breaks: 'frees an entry after a definite failure although it is not to be tried again',
    rules: (standard) => ({
      settlement: (entry, ending) => standard.settlement(entry, ending, { retry: 'on-failure' }),
    }),
  },
  {
    id: 'fingerprint-ignored',
    rule: 7,
    breaks: 'answers another input under the same key',
    rules: (standard) => ({
      decide: (entry, caller, nowMs) =>
        standard.decide(entry, { ...caller, fingerprint: entry.fingerprint }, nowMs),
    }),
  },
  {
    id: 'fingerprint-checked-late',
    rule: 7,
    breaks: 'looks at the fingerprint only where there is a result to replay',
    rules: (standard) => ({
      decide: (entry, caller, nowMs) => {
        const ended = entry.state === 'succeeded' || entry.state === 'failed'
        return standard.decide(entry, ended ? caller : { ...caller, fingerprint: entry.fingerprint }, nowMs)
      },
    }),
  },
  {
    id: 'lease-always-held',
    rule: 8,
    breaks: 'begins effects on a lease that has lapsed',
    rules: () => ({ holdsLease: () => true }),
  },
  {
    id: 'lease-by-monotonic-clock-only',
    rule: 8,
    breaks: 'does not see that the machine slept, where the monotonic clock stood still',
    rules: (standard) => ({
      holdsLease: (since, now, leaseMs) =>
        standard.holdsLease(since, { ...now, wallMs: since.wallMs }, leaseMs),
    }),
  },
  {
    id: 'lease-by-wall-clock-only',
    rule: 8,
    breaks: 'does not see time pass when the wall clock is set back',
    rules: (standard) => ({
      holdsLease: (since, now, leaseMs) =>
        standard.holdsLease(since, { ...now, monotonicMs: since.monotonicMs }, leaseMs),
    }),
  },
  {
    id: 'lease-without-margin',
    rule: 8,
    breaks: 'begins effects up to the last moment of the lease',
    rules: (standard) => ({
      holdsLease: (since, now, leaseMs) => standard.holdsLease(since, now, leaseMs / 0.85),
    }),
  },
  {
    id: 'waits-on-itself',
    rule: 12,
    breaks: 'lets an effect wait for the entry it runs in',
    rules: () => ({ waitsOnItself: () => false }),
  },
  {
    id: 'blind-does-not-wait-for-recall',
    rule: 13,
    breaks: 'starts blind work in a new epoch before others can have said what they were acknowledged',
    rules: () => ({ recall: { awaitRecall: (verdict) => verdict } }),
  },
  {
    id: 'verifiable-does-not-ask-first',
    rule: 13,
    breaks: 'starts verifiable work in a new epoch without asking its target',
    rules: () => ({
      recall: {
        awaitRecall: (verdict, entry, about) => {
          const awaited = recallRules.awaitRecall(verdict, entry, about)
          return awaited.kind === 'ask-first' ? verdict : awaited
        },
      },
    }),
  },
  {
    id: 'asks-while-a-lost-lease-runs',
    rule: 13,
    breaks: 'asks in a new epoch although the owner of a lost attempt may still begin its effect',
    rules: () => ({
      recall: {
        awaitRecall: (verdict, entry, about) =>
          recallRules.awaitRecall(verdict, entry, { ...about, leaseMs: 0 }),
      },
    }),
  },
  {
    id: 'late-failure-is-final',
    rule: 13,
    breaks: 'writes a failure in a new epoch as if nobody could have taken the entry over in the lost one',
    rules: () => ({ recall: { restate: (request) => request } }),
  },
  {
    id: 'late-answer-is-believed',
    rule: 13,
    breaks: 'believes an answer although its lineage has been left: who gave it may be gone',
    rules: () => ({ recall: { believes: () => true } }),
  },
  {
    id: 'transactional-outcome-recalled',
    rule: 13,
    breaks: "recalls the outcome of a transaction whose rows are lost with the user's other rows",
    rules: () => ({ recall: { remembers: () => true } }),
  },
]
