import { at, type Cells, csv } from './bundle.ts'
import { effects, log, scattered, story } from './stories-of-causes.ts'
import { lost } from './stories-of-losses.ts'
import type { Story } from './story.ts'

const hour = 3600

/** Duplicates from half time on only. */
function fromHalfTime(): Cells[] {
  return Array.from({ length: 360 }, (_, index) => index).flatMap((index) => {
    const row: Cells = { order_ref: `o-${index}`, charge_id: `c-${index}`, at: at(index * 60) }
    return index < 180 ? [row] : [row, { ...row, charge_id: `c-${index}b`, at: at(index * 60 + 20) }]
  })
}

/** Four busy minutes in twenty, and duplicates in those alone. */
function byLoad(): Cells[] {
  return Array.from({ length: 360 }, (_, index) => index).flatMap((minute) => {
    const isBusy = minute % 20 < 4
    return Array.from({ length: isBusy ? 12 : 2 }, (_, index) => index).flatMap((index) => {
      const row: Cells = {
        order_ref: `o-${minute}-${index}`,
        charge_id: `c-${minute}-${index}`,
        at: at(minute * 60 + index * 4),
      }
      return isBusy && index < 4
        ? [row, { ...row, charge_id: `d-${minute}-${index}`, at: at(minute * 60 + index * 4 + 0.5) }]
        : [row]
    })
  })
}

function hourTwice(): Story {
  const rows = Array.from({ length: 20 }, (_, index) => index).flatMap((index) =>
    [0, 1].map((again) => ({
      order_ref: `o-${index}`,
      charge_id: `c-${index}-${again}`,
      at: new Date(Date.UTC(2026, 9, 25, again, 30, index)).toISOString(),
    })),
  )
  const told = story('the night that has an hour twice', { rows, yes: ['gap.one-hour-dst', 'gap.fixed'] })
  return {
    ...told,
    bundle: { ...told.bundle, window: { from: '2026-10-25T00:00:00Z', to: '2026-10-25T02:00:00Z' } },
  }
}

export const systems: readonly Story[] = [
  hourTwice(),
  story('retries of two layers', {
    rows: Array.from({ length: 10 }, (_, index) => index).flatMap((index) =>
      Array.from({ length: 9 }, (__, copy) => ({
        order_ref: `o-${index}`,
        charge_id: `c-${index}-${copy}`,
        at: at(index * 2000 + copy * copy * 11),
      })),
    ),
    known: { clientAttempts: 3, workerAttempts: 3 },
    files: {
      'app.jsonl': log([
        [10, 'WARN', 'client retry of POST /pay'],
        [20, 'WARN', 'queue worker redelivers, attempt 2'],
      ]),
    },
    yes: ['multiplicity.product', 'attempts.layers'],
  }),
  story('one channel of three', {
    rows: effects(
      (index) => ({ after: scattered(index), endpoint: '/legacy' }),
      (index) => ({ endpoint: index % 2 === 0 ? `/new-${index % 3}` : '/legacy' }),
    ),
    yes: ['endpoint.one-only'],
  }),
  story('two events for one transition', {
    rows: effects(
      (index) => ({ after: 1, event_id: `e-${index}-b` }),
      (index) => ({ event_id: `e-${index}-a`, event_type: 'paid' }),
    ),
    map: { event: 'event_id', kind: 'event_type' },
    yes: ['events.two-ids'],
  }),
  story('a race that load brings on', {
    rows: byLoad(),
    yes: ['concurrency.grows-with'],
    no: ['gap.minutes'],
  }),
  story('effects without a record', {
    rows: effects((index) => ({ after: scattered(index) })),
    map: { effect: 'charge_id' },
    files: {
      'ledger.csv': {
        kind: 'ledger',
        text: csv(
          Array.from({ length: 60 }, (_, index) => ({
            order_ref: `o-${index}`,
            charge_id: `c-${index}`,
            at: at(index * 360),
          })),
        ),
      },
    },
    yes: ['effects.orphan'],
  }),
  story('a deploy, a flag and the dedupe check', {
    rows: fromHalfTime(),
    files: {
      'changes.csv': {
        kind: 'changes',
        text: csv([
          {
            at: at(3 * hour - 600),
            kind: 'deploy',
            name: 'v9',
            text: 'dedupe filter now looks at another column',
          },
          { at: at(3 * hour - 900), kind: 'flag', name: 'fast_path', text: 'enabled' },
          { at: at(-50 * hour), kind: 'deploy', name: 'v8', text: 'colours' },
        ]),
      },
    },
    yes: ['onset.step', 'onset.at-deploy', 'onset.at-flag', 'change.dedupe'],
    no: [
      'onset.burst',
      'onset.from-first',
      'change.keys',
      'change.retries',
      'change.scaling',
      'change.sizes',
      'change.edge',
    ],
  }),
  story('instalments of one order', {
    rows: effects(
      (index) => ({ after: scattered(index), payload: `{"instalment":2,"of":${index}}` }),
      (index) => ({
        payload: `{"instalment":1,"of":${index}}`,
      }),
    ),
    yes: ['payload.business-differs'],
    no: ['payload.equal', 'payload.volatile-differs'],
  }),
  story('all is well', {
    rows: effects(() => ({ after: 0 })).filter(({ charge_id: id }) => !String(id).endsWith('b')),
    files: {
      'app.jsonl': log([[100, 'INFO', 'order accepted']]),
      'changes.csv': {
        kind: 'changes',
        text: csv([{ at: at(-5), kind: 'deploy', name: 'v1', text: 'colours' }]),
      },
      'requests.csv': {
        kind: 'requests',
        text: csv(
          Array.from({ length: 60 }, (_, index) => ({
            order_ref: `o-${index}`,
            at: at(index * 360 - 1),
            status: 200,
            bytes: 900 + index,
          })),
        ),
      },
    },
    yes: [],
    no: [
      'dup.present',
      'loss.present',
      'store.failover',
      'store.write-errors',
      'store.unique-violations',
      'audit.replay',
      'audit.rerun',
      'dedupe.store-lost',
      'effects.orphan',
      'change.pair-related',
      'size.at-limit',
    ],
  }),
]

export const moreLosses: readonly Story[] = [
  {
    ...lost('keys that stand for several references', {
      row: (isLost) => ({ status: 200, idempotency_key: isLost ? 'shared' : undefined }),
      yes: ['keys.shared-by-refs'],
    }),
  },
  lost('a poison message', {
    row: () => ({ status: 200 }),
    files: () => ({
      'app.jsonl': log(
        Array.from(
          { length: 9 },
          (_, index) => [index * 400, 'ERROR', 'handling failed: order_ref=o-3'] as const,
        ),
      ),
    }),
    yes: ['queue.poison'],
  }),
  lost('acknowledged before a failover, and gone', {
    row: () => ({ status: 200 }),
    files: (seconds) => ({
      'app.jsonl': log(seconds.map((second) => [second + 30, 'WARN', 'failover: standby promoted'] as const)),
    }),
    yes: ['loss.after-failover', 'store.failover'],
  }),
  halved('silence from half time on', (index) => index < 36, ['loss.total']),
  halved('what is older than it is kept', (index) => index >= 36, ['loss.older-than-limit']),
]

/** Only some of what was sent arrives: the first half, or the second. */
function halved(name: string, arrives: (index: number) => boolean, yes: readonly string[]): Story {
  const told = lost(name, { row: () => ({ status: 200 }), yes })
  const done = Array.from({ length: 72 }, (_, index) => index)
    .filter(arrives)
    .map((index) => ({ order_ref: `o-${index}`, charge_id: `c-${index}`, at: at(index * 300 + 2) }))
  const files = { ...told.bundle.files, 'done.csv': csv(done) }
  return { ...told, no: [], bundle: { ...told.bundle, files, known: { retentionMs: 3 * hour * 1000 } } }
}
