/** Label values that are known beforehand are listed, so that their series exist from the start; `open` ones are bounded. */
export type LabelValues = readonly string[] | 'open'

export interface Metric {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: Readonly<Record<string, LabelValues>>
  /** The name by OpenTelemetry's conventions: its exporters for Prometheus make our name of it. */
  readonly otel: string
  readonly unit: string
  /** Upper ends of a histogram's buckets, inclusive, in `unit`. */
  readonly buckets?: readonly number[]
  /** Asked for when somebody reads, where the others are counted as it happens. */
  readonly isRead?: true
}

const verdicts = ['run', 'wait', 'replay', 'refuse', 'doubt'] as const
const outcomes = ['succeeded', 'failed', 'released', 'unknown', 'in_doubt'] as const
const secondBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const

/** In the order in which they are shown. */
export const metricNames = [
  'onceward_claims_total',
  'onceward_claim_duration_seconds',
  'onceward_refusals_total',
  'onceward_effects_total',
  'onceward_effect_duration_seconds',
  'onceward_steps_total',
  'onceward_in_doubt',
  'onceward_in_doubt_oldest_seconds',
  'onceward_lease_lost_total',
  'onceward_late_outcomes_total',
  'idempotency_key_duplicates_total',
  'onceward_twins_total',
  'onceward_keys_unstable_total',
  'onceward_unguarded_total',
  'onceward_store_faults_total',
  'onceward_epochs_total',
  'onceward_recalled_total',
  'onceward_reconcile_differences',
  'http_client_requests_total',
  'http_client_retries_total',
  'onceward_pool_queued',
  'onceward_pool_saturated_seconds_total',
  'onceward_message_size_bytes',
  'onceward_message_size_limit_ratio',
] as const

export type MetricName = (typeof metricNames)[number]

/** Every metric there is, by the name that Prometheus shows. Docs, alert rules and dashboards are held to this table. */
const metrics: Readonly<Record<MetricName, Metric>> = {
  onceward_claims_total: {
    kind: 'counter',
    help: 'Verdicts of claims: run, wait, replay, refuse, doubt.',
    labels: { verdict: verdicts },
    otel: 'onceward.claims',
    unit: '{claim}',
  },
  onceward_claim_duration_seconds: {
    kind: 'histogram',
    help: 'From the call to its first verdict.',
    labels: { verdict: verdicts },
    otel: 'onceward.claim.duration',
    unit: 's',
    buckets: secondBuckets,
  },
  onceward_refusals_total: {
    kind: 'counter',
    help: 'Calls answered with an error, by its code.',
    labels: { code: 'open' },
    otel: 'onceward.refusals',
    unit: '{call}',
  },
  onceward_effects_total: {
    kind: 'counter',
    help: 'How attempts ended: succeeded, failed, released, unknown; and entries that were put in doubt.',
    labels: { operation: 'open', outcome: outcomes },
    otel: 'onceward.effects',
    unit: '{effect}',
  },
  onceward_effect_duration_seconds: {
    kind: 'histogram',
    help: 'How long effects took that ended with a known outcome.',
    labels: { operation: 'open', outcome: ['succeeded', 'failed'] },
    otel: 'onceward.effect.duration',
    unit: 's',
    buckets: secondBuckets,
  },
  onceward_steps_total: {
    kind: 'counter',
    help: 'Steps by how they ended, and those whose kept result was given instead.',
    labels: { outcome: ['succeeded', 'failed', 'unknown', 'replayed'] },
    otel: 'onceward.steps',
    unit: '{step}',
  },
  onceward_in_doubt: {
    kind: 'gauge',
    help: 'Entries in doubt now, counted up to 2,000.',
    labels: { scope: 'open' },
    otel: 'onceward.in_doubt',
    unit: '{entry}',
    isRead: true,
  },
  onceward_in_doubt_oldest_seconds: {
    kind: 'gauge',
    help: 'For how long the oldest of the entries counted has been in doubt; 0 where there is none.',
    labels: { scope: 'open' },
    otel: 'onceward.in_doubt.oldest',
    unit: 's',
    isRead: true,
  },
  onceward_lease_lost_total: {
    kind: 'counter',
    help: 'Attempts that lost their lease while they ran.',
    labels: { operation: 'open' },
    otel: 'onceward.lease_lost',
    unit: '{lease}',
  },
  onceward_late_outcomes_total: {
    kind: 'counter',
    help: 'Outcomes that came after the entry had gone on without their attempt.',
    labels: { outcome: ['succeeded', 'failed', 'unknown'] },
    otel: 'onceward.late_outcomes',
    unit: '{outcome}',
  },
  idempotency_key_duplicates_total: {
    kind: 'counter',
    help: 'Calls whose key another call had brought before: duplicates that were prevented.',
    labels: { operation: 'open' },
    otel: 'idempotency_key.duplicates',
    unit: '{call}',
  },
  onceward_twins_total: {
    kind: 'counter',
    help: 'The same work for the same subject under another key: unstable keys.',
    labels: { operation: 'open' },
    otel: 'onceward.twins',
    unit: '{twin}',
  },
  onceward_keys_unstable_total: {
    kind: 'counter',
    help: 'Keys that the key lint warned of.',
    labels: { operation: 'open' },
    otel: 'onceward.keys_unstable',
    unit: '{key}',
  },
  onceward_unguarded_total: {
    kind: 'counter',
    help: 'Effects that ran without the ledger, because the store was out and the operation says so.',
    labels: { operation: 'open' },
    otel: 'onceward.unguarded',
    unit: '{effect}',
  },
  onceward_store_faults_total: {
    kind: 'counter',
    help: 'Calls to the store that failed, tried again or not.',
    labels: { kind: ['conflict', 'lost', 'unavailable', 'rejected', 'incompatible'] },
    otel: 'onceward.store_faults',
    unit: '{fault}',
  },
  onceward_epochs_total: {
    kind: 'counter',
    help: 'New lineages seen: what the store acknowledged before may be lost.',
    labels: {},
    otel: 'onceward.epochs',
    unit: '{epoch}',
  },
  onceward_recalled_total: {
    kind: 'counter',
    help: 'Entries asserted again in a new epoch, by what came of it.',
    labels: { result: ['recalled', 'kept', 'conflicts', 'refused'] },
    otel: 'onceward.recalled',
    unit: '{entry}',
  },
  onceward_reconcile_differences: {
    kind: 'gauge',
    help: 'Keys that were not clean in the last reconciliation of that name.',
    labels: { name: 'open' },
    otel: 'onceward.reconcile.differences',
    unit: '{key}',
    isRead: true,
  },
  http_client_requests_total: {
    kind: 'counter',
    help: 'Requests sent by `onceward/fetch`, retries included, by how they ended.',
    labels: { destination: 'open', outcome: ['answered', 'not-sent', 'unknown'] },
    otel: 'http_client.requests',
    unit: '{request}',
    isRead: true,
  },
  http_client_retries_total: {
    kind: 'counter',
    help: 'Retries among them.',
    labels: { destination: 'open' },
    otel: 'http_client.retries',
    unit: '{request}',
    isRead: true,
  },
  onceward_pool_queued: {
    kind: 'gauge',
    help: 'Requests that find every connection to their destination taken, now.',
    labels: { destination: 'open' },
    otel: 'onceward.pool.queued',
    unit: '{request}',
    isRead: true,
  },
  onceward_pool_saturated_seconds_total: {
    kind: 'counter',
    help: 'How long there have been more requests than connections.',
    labels: { destination: 'open' },
    otel: 'onceward.pool.saturated',
    unit: 's',
    isRead: true,
  },
  onceward_message_size_bytes: {
    kind: 'histogram',
    help: 'Sizes of messages, by method.',
    labels: { method: 'open' },
    otel: 'onceward.message.size',
    unit: 'By',
    isRead: true,
  },
  onceward_message_size_limit_ratio: {
    kind: 'gauge',
    help: 'The largest message of a method as a part of the next known limit.',
    labels: { method: 'open' },
    otel: 'onceward.message.size_limit',
    unit: '1',
    isRead: true,
  },
}

export function metricOf(name: MetricName): Metric {
  return metrics[name]
}
