import type { InvariantId } from '../../testing/invariant-ids.ts'
import { ledgerMutant } from '../../testing/mutants.ts'
import type { SimulationMutant } from './mutant.ts'

/** Mutants that the tests of the rules inject too, and what must notice them here. */
const caughtBy: Readonly<Record<string, InvariantId>> = {
  'raw-code-means-not-done': 'I1',
  'every-error-means-not-done': 'I1',
  'failure-speaks-for-all': 'I1',
  'takeover-forgets-the-unknown': 'I1',
  'lapsed-blind-runs': 'I5',
  'lapsed-verifiable-runs': 'I1',
  'asks-without-settling-time': 'I1',
  'lapse-shuts-the-owner-out': 'I8',
  'doubt-shuts-the-owner-out': 'I8',
  'late-outcome-overwrites': 'I4',
  'owner-token-is-constant': 'I4',
  'visible-counts-as-claimed': 'I1',
  'takeover-moves-first-send': 'I1',
  'key-lifetime-ignored': 'I1',
  'key-lifetime-without-request-timeout': 'I1',
  'effect-key-names-the-attempt': 'I1',
  'round-rises-on-unknown': 'I1',
  'fingerprint-ignored': 'I6',
  'fingerprint-checked-late': 'I6',
  'outage-fails-open': 'I1',
  'lease-always-held': 'I4',
  'lease-by-monotonic-clock-only': 'I4',
  'lease-by-wall-clock-only': 'I4',
  'others-judge-by-their-own-clock': 'I8',
  'no-heartbeat': 'I8',
  'step-starts-are-not-written': 'I1',
  'step-writes-overwrite-each-other': 'I1',
  'stale-entry-commits': 'I1',
  'lost-commit-is-written-again': 'I2',
  'close-releases-started-work': 'I1',
  'recall-skipped': 'I1',
  'recall-overwrites-newer-attempt': 'I7',
  'blind-does-not-wait-for-recall': 'I1',
  'verifiable-does-not-ask-first': 'I1',
  'asks-while-a-lost-lease-runs': 'I1',
  'transactional-outcome-recalled': 'I2',
}

export const sharedMutants: readonly SimulationMutant[] = Object.entries(caughtBy).map(([id, invariant]) => ({
  ...ledgerMutant(id),
  caughtBy: invariant,
}))
