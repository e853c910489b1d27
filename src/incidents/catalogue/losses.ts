import type { Cause } from './cause.ts'

const noLoss = { signal: 'loss.present', value: false, why: 'it loses work, and none is missing' } as const

export const lossCauses: readonly Cause[] = [
  {
    id: 'L01',
    title: 'Acknowledged before the work was done',
    kind: 'loss',
    mechanism:
      'The message is taken off the queue, or answered with success, before its work is safe; a crash then loses it.',
    prior: -3,
    signals: {
      'loss.present': [1, -5],
      'loss.acknowledged': [2.5, -3],
      'loss.crash-beside': [3, -2],
      'loss.by-type': [-1.5, 0.3],
      'loss.refused': [-2, 0.3],
      'loss.logged-duplicate': [-2, 0.3],
      'loss.after-failover': [-1, 0.1],
      'queue.backlog-grows': [-0.7, 0.2],
      'field.missing': [-0.5, 0.1],
    },
    contradictions: [noLoss],
    test: {
      step: 'deliveries-minus-effects',
      signal: 'loss.crash-beside',
      action:
        'Deliveries less effects: SELECT d.ref, d.at FROM deliveries d LEFT JOIN effects e USING (ref) WHERE e.ref IS NULL, beside restarts within a minute',
      costMinutes: 5,
    },
    mitigations: ['M8'],
    fixes: ['F7'],
    predicts: ['Each lost reference was acknowledged shortly before a crash.'],
  },
  {
    id: 'L02',
    title: 'Taken for a duplicate and dropped',
    kind: 'loss',
    mechanism:
      'The key or the window of the dedupe check is too wide, and different work meets the same key.',
    prior: -3,
    signals: {
      'loss.present': [1, -5],
      'loss.logged-duplicate': [3.5, -3],
      'keys.shared-by-refs': [3, -3],
      'ids.reused': [-0.7, 0.1],
      'loss.refused': [-0.7, 0.1],
    },
    contradictions: [noLoss],
    test: {
      step: 'keys-with-several-references',
      signal: 'keys.shared-by-refs',
      action:
        'Keys with more than one reference: SELECT key, count(DISTINCT ref) FROM requests GROUP BY key HAVING count(DISTINCT ref) > 1',
      costMinutes: 3,
    },
    mitigations: ['M3'],
    fixes: ['F1'],
    predicts: ['Each lost reference was logged as a duplicate of another one.'],
  },
  {
    id: 'L03',
    title: 'Misrouted or ignored',
    kind: 'loss',
    mechanism:
      'The receiver answers success and does nothing, because it does not know the type or version, or the route leads elsewhere.',
    prior: -3,
    signals: {
      'loss.present': [1, -5],
      'loss.by-type': [3, -3],
      'loss.acknowledged': [1.5, -2],
      'onset.at-deploy': [0.7, -0.3],
      'versions.mixed': [0.3, -0.1],
      'loss.refused': [-2, 0.3],
      'loss.crash-beside': [-1.5, 0.3],
      'loss.logged-duplicate': [-1.5, 0.1],
    },
    contradictions: [noLoss],
    test: {
      step: 'loss-by-type',
      signal: 'loss.by-type',
      action:
        'Loss by event type: SELECT kind, version, count(*), count(e.ref) FROM deliveries d LEFT JOIN effects e USING (ref) GROUP BY kind, version',
      costMinutes: 3,
    },
    mitigations: ['M3'],
    fixes: ['F8'],
    predicts: ['One type or version is lost wholly, the others not at all.'],
  },
  {
    id: 'L04',
    title: 'Refused at an edge',
    kind: 'loss',
    mechanism:
      'A signature, certificate, address list or credential no longer fits, and deliveries are turned away.',
    prior: -3,
    signals: {
      'loss.present': [1, -5],
      'loss.refused': [3.5, -3.5],
      'loss.by-endpoint': [1, -0.5],
      'change.edge': [1.5, -0.4],
      'loss.acknowledged': [-2.5, 0.4],
      'receiver.slow': [-1, 0.3],
    },
    contradictions: [noLoss],
    test: {
      step: 'status-by-attempt',
      signal: 'loss.refused',
      action:
        'Status by attempt: SELECT endpoint, attempt, status, count(*) FROM deliveries GROUP BY endpoint, attempt, status ORDER BY 4 DESC',
      costMinutes: 3,
    },
    mitigations: ['M3', 'M8'],
    fixes: ['F8'],
    predicts: ['Every attempt of a lost delivery was answered 4xx, or not at all, at one edge.'],
  },
  {
    id: 'L05',
    title: 'The dispatcher is dead, or one message blocks it',
    kind: 'loss',
    mechanism: 'Nobody takes work off the queue any more, or a message that always fails stands in front.',
    prior: -3,
    signals: {
      'loss.present': [0.7, -2.5],
      'queue.backlog-grows': [3, -3],
      'queue.poison': [2, -0.8],
      'loss.total': [0.5, -0.1],
      'loss.crash-beside': [0.5, -0.1],
      'loss.acknowledged': [-1, 0.3],
      'loss.refused': [-0.7, 0.1],
    },
    contradictions: [],
    test: {
      step: 'queue-age-per-worker',
      signal: 'queue.backlog-grows',
      action:
        'Queue age per worker: SELECT worker, max(now() - enqueued_at), count(*) FROM queue WHERE taken_at IS NULL GROUP BY worker, over time',
      costMinutes: 3,
    },
    mitigations: ['M9'],
    fixes: ['F9'],
    predicts: ['The oldest message grows older by a minute each minute.'],
  },
  {
    id: 'L06',
    title: 'Retention or retries were over',
    kind: 'loss',
    mechanism: 'The message waited longer than the sender keeps or retries it.',
    prior: -3,
    signals: {
      'loss.present': [1, -5],
      'loss.older-than-limit': [4, -4],
      'queue.backlog-grows': [0.5, -0.1],
      'loss.acknowledged': [-0.7, 0.2],
    },
    contradictions: [noLoss],
    test: {
      step: 'age-against-retention',
      signal: 'loss.older-than-limit',
      action:
        'Age against retention: SELECT ref, first_at, last_attempt_at FROM deliveries WHERE lost ORDER BY first_at, beside the retention of the queue and the last retry of the sender',
      costMinutes: 5,
    },
    mitigations: ['M8'],
    fixes: ['F9'],
    predicts: ['All that is lost is older than one limit, and nothing younger is.'],
  },
  {
    id: 'L07',
    title: 'The commit was not durable',
    kind: 'loss',
    mechanism:
      'The store acknowledged the write, failed over to a standby that did not have it, and it is gone.',
    prior: -3,
    signals: {
      'loss.present': [1, -5],
      'loss.after-failover': [4, -3.5],
      'store.failover': [1.5, -3.5],
      'loss.acknowledged': [1, -1],
      'loss.by-type': [-1, 0.1],
    },
    contradictions: [noLoss],
    test: {
      step: 'acknowledgements-against-rows',
      signal: 'loss.after-failover',
      action:
        'The log of acknowledgements against rows: SELECT a.ref, a.at FROM acknowledged a LEFT JOIN rows r USING (ref) WHERE r.ref IS NULL; on PostgreSQL SHOW synchronous_commit',
      costMinutes: 10,
    },
    mitigations: ['M8'],
    fixes: ['F14'],
    predicts: ['What is lost was acknowledged in the last moments before the failover.'],
  },
  {
    id: 'L08',
    title: 'The payload arrives corrupt or in part',
    kind: 'loss',
    mechanism:
      'Above a size or under load a part of the message is cut or a field dropped, and the parser takes what is left without a word.',
    prior: -3,
    signals: {
      'loss.present': [0.3, -0.2],
      'field.missing': [2.5, -5],
      'field.missing-by-size': [2.5, -1],
      'size.at-limit': [2, -0.7],
      'change.sizes': [1.5, -0.3],
    },
    contradictions: [],
    test: {
      step: 'null-rate-by-size',
      signal: 'field.missing-by-size',
      action:
        'Null rate by size: SELECT width_bucket(bytes, 0, 16777216, 16), count(*), count(*) FILTER (WHERE field IS NULL) FROM deliveries GROUP BY 1 ORDER BY 1',
      costMinutes: 5,
    },
    mitigations: ['M3'],
    fixes: ['F8'],
    predicts: [
      'The field is there below a size and missing above it.',
      'Sender and receiver digest the same message differently.',
    ],
  },
  {
    id: 'L09',
    title: 'The receiver is too slow and the sender gives up',
    kind: 'loss',
    mechanism:
      'The answer comes after the sender’s limit; the sender counts a failure and stops after its last attempt.',
    prior: -3,
    signals: {
      'loss.present': [1, -5],
      'receiver.slow': [3.5, -3.5],
      'pool.saturated': [0.7, -0.2],
      'loss.refused': [-1.2, 0.3],
      'loss.acknowledged': [-0.7, 0.2],
      'loss.server-errors': [-0.5, 0.1],
    },
    contradictions: [noLoss],
    test: {
      step: 'duration-against-limit',
      signal: 'receiver.slow',
      action:
        'Duration against the sender’s limit: SELECT status, count(*), quantile_cont(durationMs, 0.5), max(durationMs) FROM deliveries GROUP BY status',
      costMinutes: 3,
    },
    mitigations: ['M14'],
    fixes: ['F7'],
    predicts: ['Lost deliveries last as long as the sender waits, and arrived ones less.'],
  },
]
