import type { Examination } from '../../../src/incidents/model.ts'
import { examinationOf, minuteMs, noted, startMs } from './examination.ts'

const evidence = noted.id
const dayMs = 24 * 60 * minuteMs

/** The fulfilment report, as its signals would be measured: a key per attempt, and fields missing from large batches. */
export function fulfilment(): Examination {
  const onsetMs = startMs + 42 * minuteMs
  const counts = Array.from({ length: 120 }, (_, minute) => (minute >= 42 && minute % 3 === 0 ? 1 : 0))
  return examinationOf({
    yes: [
      'keys.different',
      'keys.time-derived',
      'payload.equal',
      'effect-ids.different',
      'attempt.second',
      'change.keys',
      'change.retries',
      'change.pair-related',
      'field.missing-by-size',
      'change.sizes',
      'onset.step',
    ],
    no: [
      'keys.hashed',
      'payload.volatile-differs',
      'gap.milliseconds',
      'process.restarts-beside',
      'onset.at-deploy',
      'loss.total',
    ],
    signals: {
      'dup.present': {
        value: true,
        numbers: { groups: 23, refs: 412, extraRows: 23 },
        statement: '23 of 412 references have more than one effect.',
      },
      'field.missing': {
        value: true,
        numbers: { rows: 847, share: 0.31 },
        statement: 'hold_for_review is missing from 847 orders.',
      },
      'size.at-limit': {
        value: true,
        numbers: { bytes: 4_194_304 },
        statement: 'The 99th percentile of received sizes is 4,194,304 bytes.',
      },
      'keys.same': { value: false, numbers: { share: 0 } },
    },
    bundle: {
      id: 'INC-FULFIL',
      title: 'Storefront outage and duplicate dispatches',
      summary: 'The storefront went offline; a TCP buffer reduction silently truncated large gRPC messages.',
      claims: [
        {
          place: 'summary',
          text: 'The storefront went offline. A TCP buffer reduction silently truncated large gRPC messages above 4MB.',
          evidence,
        },
        {
          place: 'whys[0].because',
          text: 'idempotency_key_format_v2 broke the deduplication of retries.',
          evidence,
        },
      ],
      changes: [
        { name: 'batch_retry_enabled', atMs: startMs - 16 * dayMs, kind: 'flag', text: 'on', evidence },
        { name: 'idempotency_key_format_v2', atMs: startMs - 15 * dayMs, kind: 'flag', text: 'on', evidence },
        {
          name: 'order-processing deploy',
          atMs: startMs - 20 * minuteMs,
          kind: 'deploy',
          text: 'a release',
          evidence,
        },
      ],
      onset: { fromMs: onsetMs - minuteMs, toMs: onsetMs + minuteMs, evidence },
      timeline: [
        { atMs: onsetMs + 5 * minuteMs, phase: 'detect', text: 'Alicia sees duplicates', evidence },
        { atMs: onsetMs + 30 * minuteMs, phase: 'mitigate', text: 'Flag off', evidence },
      ],
      series: [{ name: 'duplicates', fromMs: startMs, bucketMs: minuteMs, counts, evidence }],
      impact: [{ label: 'duplicate batches', value: 23, evidence }],
      notes: ['The column order_id was taken for ref.'],
    },
  })
}
