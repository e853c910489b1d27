import type { Made } from './examination.ts'

const doubled = { value: true, numbers: { groups: 40, refs: 900, extraRows: 40 } } as const
const lost = { value: true, numbers: { lost: 30, due: 400 } } as const

/** What each cause looks like where it acts, told by hand with a decoy or two, and with much left unknown. */
export const stories: Readonly<Record<string, Made>> = {
  D01: {
    yes: [
      'first-answer.slow',
      'gap.client-timeout',
      'effect-ids.different',
      'payload.equal',
      'retries.fixed-interval',
      'onset.at-deploy',
    ],
    no: ['gap.milliseconds', 'segments.contiguous'],
    signals: { 'dup.present': doubled },
  },
  D02: {
    yes: [
      'keys.different',
      'keys.time-derived',
      'payload.equal',
      'effect-ids.different',
      'change.keys',
      'versions.mixed',
    ],
    no: ['keys.hashed', 'session.same'],
    signals: { 'dup.present': doubled },
  },
  D03: {
    yes: ['keys.different', 'keys.hashed', 'payload.volatile-differs', 'attempt.second'],
    no: ['payload.equal', 'onset.at-deploy'],
    signals: { 'dup.present': doubled },
  },
  D04: {
    yes: [
      'dedupe.hits-vanish',
      'change.dedupe',
      'onset.at-deploy',
      'onset.step',
      'keys.same',
      'payload.equal',
    ],
    no: ['dedupe.store-lost'],
    signals: { 'dup.present': doubled },
  },
  D05: {
    yes: ['gap.beyond-ttl', 'keys.same', 'payload.equal', 'store.failover'],
    no: ['gap.milliseconds', 'dups.around-failover'],
    signals: { 'dup.present': doubled },
  },
  D06: {
    yes: ['segments.contiguous', 'attempt.second', 'onset.burst', 'payload.equal', 'effect-ids.different'],
    no: ['runs.two'],
    signals: { 'dup.present': doubled },
  },
  D07: {
    yes: [
      'store.write-errors',
      'effects.orphan',
      'onset.burst',
      'first-answer.error',
      'effect-ids.different',
      'onset.at-flag',
    ],
    no: ['process.restarts-beside'],
    signals: { 'dup.present': doubled },
  },
  D08: {
    yes: ['process.restarts-beside', 'effects.orphan', 'effect-ids.different'],
    no: ['store.write-errors', 'gap.milliseconds'],
    signals: { 'dup.present': doubled },
  },
  D09: {
    yes: ['gap.lease', 'work.exceeds-lease', 'spans.overlap', 'workers.different', 'gap.fixed'],
    no: ['process.restarts-beside'],
    signals: { 'dup.present': doubled },
  },
  D10: {
    yes: [
      'gap.milliseconds',
      'gap.sub-second',
      'workers.different',
      'spans.overlap',
      'concurrency.grows-with',
      'pool.saturated',
      'store.unique-violations',
    ],
    no: ['session.same', 'store.unique-violation-same-effect'],
    signals: { 'dup.present': doubled },
  },
  D11: {
    yes: ['events.two-ids', 'payload.equal', 'effect-ids.different', 'onset.step'],
    no: ['endpoints.two', 'onset.at-deploy'],
    signals: { 'dup.present': doubled },
  },
  D12: {
    yes: ['hosts.two-per-slot', 'workers.different', 'runs.overlap', 'change.scaling'],
    no: ['audit.rerun'],
    signals: { 'dup.present': doubled },
  },
  D13: {
    yes: ['multiplicity.every-item-twice', 'runs.two', 'audit.rerun', 'onset.burst'],
    no: ['hosts.two-per-slot', 'segments.contiguous', 'runs.overlap'],
    signals: { 'dup.present': doubled },
  },
  D14: {
    yes: ['runs.overlap', 'gap.period', 'count.grows', 'runs.two'],
    no: ['hosts.two-per-slot', 'multiplicity.every-item-twice'],
    signals: { 'dup.present': doubled },
  },
  D15: {
    yes: ['gap.one-hour-dst', 'gap.fixed', 'runs.two'],
    no: ['hosts.two-per-slot'],
    signals: { 'dup.present': doubled },
  },
  D16: {
    yes: ['dedupe.store-lost', 'keys.same', 'payload.equal', 'onset.burst'],
    no: ['gap.beyond-ttl', 'change.dedupe'],
    signals: { 'dup.present': doubled },
  },
  D17: {
    yes: ['dups.around-failover', 'store.failover', 'onset.burst', 'store.unique-violations'],
    no: ['segments.contiguous', 'process.restarts-beside'],
    signals: { 'dup.present': doubled },
  },
  D18: {
    yes: ['ids.reused', 'store.restored', 'payload.business-differs'],
    no: ['payload.equal', 'later-void'],
    signals: { 'dup.present': doubled },
  },
  D19: {
    yes: ['origin.one-only', 'versions.mixed', 'onset.at-deploy'],
    no: ['segments.contiguous'],
    signals: { 'dup.present': doubled },
  },
  D20: {
    yes: ['onset.step', 'onset.at-deploy', 'multiplicity.every-item-twice', 'payload.equal'],
    no: ['origin.one-only', 'attempt.second', 'dedupe.hits-vanish', 'first-answer.slow'],
    signals: { 'dup.present': doubled },
  },
  D21: {
    yes: ['gap.minutes', 'first-answer.error', 'keys.different', 'effect-ids.different', 'payload.equal'],
    no: ['attempt.second', 'retries.fixed-interval', 'gap.fixed', 'keys.time-derived'],
    signals: { 'dup.present': doubled },
  },
  D22: { yes: ['origin.alternates', 'payload.equal'], signals: { 'dup.present': doubled } },
  D23: {
    yes: ['events.old', 'audit.replay', 'onset.burst', 'keys.same'],
    no: ['events.two-ids'],
    signals: { 'dup.present': doubled },
  },
  D24: {
    yes: ['provider-only', 'payload.equal', 'onset.at-deploy'],
    no: ['requests.repeated', 'attempt.second'],
    signals: { 'dup.present': doubled },
  },
  D25: {
    yes: ['multiplicity.product', 'attempts.layers', 'requests.repeated'],
    no: ['session.same'],
    signals: { 'dup.present': doubled },
  },
  D26: {
    yes: ['session.same', 'gap.sub-second', 'requests.repeated', 'effect-ids.different', 'payload.equal'],
    no: ['retries.fixed-interval', 'attempt.second', 'concurrency.grows-with'],
    signals: { 'dup.present': doubled },
  },
  D27: {
    yes: ['endpoints.two', 'onset.from-first', 'payload.equal'],
    no: ['events.two-ids', 'onset.at-deploy'],
    signals: { 'dup.present': doubled },
  },
  D28: {
    yes: ['store.unique-violation-same-effect', 'store.unique-violations', 'writers.two', 'change.scaling'],
    no: ['effect-ids.different', 'session.same'],
  },
  L01: {
    yes: ['loss.acknowledged', 'loss.crash-beside', 'onset.at-deploy'],
    no: ['loss.by-type', 'loss.refused', 'loss.logged-duplicate'],
    signals: { 'loss.present': lost },
  },
  L02: {
    yes: ['loss.logged-duplicate', 'keys.shared-by-refs'],
    no: ['loss.refused'],
    signals: { 'loss.present': lost },
  },
  L03: {
    yes: ['loss.by-type', 'loss.acknowledged'],
    no: ['loss.crash-beside', 'loss.refused'],
    signals: { 'loss.present': lost },
  },
  L04: {
    yes: ['loss.refused', 'loss.by-endpoint', 'change.edge'],
    no: ['loss.acknowledged', 'receiver.slow'],
    signals: { 'loss.present': lost },
  },
  L05: {
    yes: ['queue.backlog-grows', 'queue.poison'],
    no: ['loss.acknowledged'],
    signals: { 'loss.present': lost },
  },
  L06: { yes: ['loss.older-than-limit'], no: ['loss.refused'], signals: { 'loss.present': lost } },
  L07: {
    yes: ['loss.after-failover', 'store.failover', 'loss.acknowledged'],
    no: ['loss.by-type', 'loss.crash-beside'],
    signals: { 'loss.present': lost },
  },
  L08: {
    yes: ['field.missing', 'field.missing-by-size', 'size.at-limit'],
    no: ['dup.present', 'loss.present'],
  },
  L09: {
    yes: ['receiver.slow', 'pool.saturated'],
    no: ['loss.refused', 'loss.acknowledged'],
    signals: { 'loss.present': lost },
  },
  N01: {
    yes: ['later-void', 'payload.business-differs'],
    no: ['payload.equal', 'attempt.second'],
    signals: { 'dup.present': doubled },
  },
  N02: { yes: ['onset.at-flag'], kinds: ['log'] },
}
