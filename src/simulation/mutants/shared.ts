import type { InvariantId } from '../../testing/invariant-ids.ts'
import { ledgerMutant } from '../../testing/mutants.ts'
import type { Given } from '../plan.ts'
import type { SimulationMutant } from './mutant.ts'

const blind: Given = { safety: 'blind' }
const keyed: Given = { safety: 'keyed' }
const verifiable: Given = { safety: 'verifiable' }
const transactional: Given = { safety: 'transactional' }

/** Mutants that the tests of the rules inject too: what must notice them here, and where they do harm. */
const caught: readonly (readonly [id: string, by: InvariantId, where?: Given])[] = [
  ['raw-code-means-not-done', 'I1'],
  ['every-error-means-not-done', 'I1'],
  ['definite-failure-is-unknown', 'I8'],
  ['single-call-trusts-every-code', 'I1'],
  ['failure-speaks-for-all', 'I1'],
  ['takeover-forgets-the-unknown', 'I1'],
  ['lapsed-blind-runs', 'I5'],
  ['lapsed-verifiable-runs', 'I1'],
  ['asks-without-settling-time', 'I1', verifiable],
  ['lapse-shuts-the-owner-out', 'I8', blind],
  ['doubt-shuts-the-owner-out', 'I8', blind],
  ['late-outcome-overwrites', 'I4'],
  ['owner-token-is-constant', 'I4'],
  ['visible-counts-as-claimed', 'I1', { ...blind, replication: 'sync' }],
  ['visible-counts-as-durable', 'I2', { ...transactional, replication: 'sync' }],
  ['repeated-settle-is-refused', 'L1'],
  ['takeover-moves-first-send', 'I1', keyed],
  ['key-lifetime-ignored', 'I1', keyed],
  ['key-lifetime-without-request-timeout', 'I1', keyed],
  ['key-lifetime-looked-at-once', 'I1'],
  ['effect-key-names-the-attempt', 'I1'],
  ['effect-key-forgets-the-step', 'I2'],
  ['round-rises-on-unknown', 'I1'],
  ['failure-is-tried-again', 'L1'],
  ['fingerprint-ignored', 'I6'],
  ['fingerprint-checked-late', 'I6'],
  ['outage-fails-open', 'I1'],
  ['lease-always-held', 'I4'],
  ['lease-by-monotonic-clock-only', 'I4'],
  ['lease-by-wall-clock-only', 'I4', keyed],
  ['others-judge-by-their-own-clock', 'I8'],
  ['no-heartbeat', 'I8'],
  ['step-starts-are-not-written', 'I1', blind],
  ['step-writes-overwrite-each-other', 'I1'],
  ['asynchronous-work-is-taken', 'I2'],
  ['stale-entry-commits', 'I4', transactional],
  ['lost-commit-is-written-again', 'I2', transactional],
  ['close-releases-started-work', 'I1'],
  ['recall-skipped', 'I1'],
  ['recall-overwrites-newer-attempt', 'I7'],
  ['blind-does-not-wait-for-recall', 'I1', { ...blind, replication: 'async' }],
  ['verifiable-does-not-ask-first', 'I1', { ...verifiable, replication: 'async' }],
  ['asks-while-a-lost-lease-runs', 'I1', { ...verifiable, replication: 'async' }],
  ['transactional-outcome-recalled', 'I2', { ...transactional, replication: 'async' }],
]

export const sharedMutants: readonly SimulationMutant[] = caught.map(([id, caughtBy, where]) => ({
  ...ledgerMutant(id),
  caughtBy,
  ...(where === undefined ? {} : { where }),
}))
