import { at, type Cells, csv, jsonl } from './bundle.ts'
import type { Story } from './story.ts'

const hour = 3600

/** Forty references every five minutes; every second one comes again, `again` tells when and how it differs. */
export function effects(
  again: (index: number) => Cells & { readonly after: number },
  more: (index: number) => Cells = () => ({}),
): Cells[] {
  return Array.from({ length: 60 }, (_, index) => index).flatMap((index) => {
    const row: Cells = {
      order_ref: `o-${index}`,
      charge_id: `c-${index}`,
      at: at(index * 360 + 0.123),
      ...more(index),
    }
    if (index % 2 === 0) return [row]
    const { after, ...differs } = again(index)
    return [row, { ...row, charge_id: `c-${index}b`, at: at(index * 360 + 0.123 + after), ...differs }]
  })
}

interface Told {
  readonly rows: readonly Cells[]
  readonly files?: Readonly<Record<string, { readonly kind: string; readonly text: string }>>
  readonly known?: Readonly<Record<string, unknown>>
  readonly map?: Readonly<Record<string, string>>
  readonly yes: readonly string[]
  readonly no?: readonly string[]
}

export function story(name: string, { rows, files = {}, known, map, yes, no = [] }: Told): Story {
  const others = Object.entries(files)
  return {
    name,
    bundle: {
      sources: [
        { id: 'done', kind: 'effects', path: 'done.csv', map: { ref: 'order_ref', ...map } },
        ...others.map(([path, { kind }]) => ({ id: path.replace(/\..*/, ''), kind, path })),
      ],
      files: { 'done.csv': csv(rows), ...Object.fromEntries(others.map(([path, { text }]) => [path, text])) },
      ...(known === undefined ? {} : { known }),
    },
    yes,
    no,
    unknown: [],
  }
}

export const scattered = (index: number): number => 40 + ((index * 7919) % 900)

/** A log as JSON lines, over the whole window. */
export function log(lines: readonly (readonly [number, string, string])[]): { kind: string; text: string } {
  const all = [[0, 'INFO', 'up'] as const, ...lines, [6 * hour - 1, 'INFO', 'still up'] as const]
  return { kind: 'log', text: jsonl(all.map(([second, level, msg]) => ({ ts: at(second), level, msg }))) }
}

const digest = (index: number): string => String(index).padStart(32, 'abcdef0123456789')

export const causes: readonly Story[] = [
  story('a key that hashes what varies', {
    rows: effects(
      (index) => ({
        after: scattered(index),
        idempotency_key: digest(index + 5000),
        payload: `{"total":${index},"nonce":"b"}`,
      }),
      (index) => ({ idempotency_key: digest(index), payload: `{"total":${index},"nonce":"a"}` }),
    ),
    yes: ['keys.different', 'keys.hashed', 'payload.volatile-differs'],
    no: ['keys.time-derived', 'payload.equal', 'payload.business-differs'],
  }),
  story('keys that were forgotten', {
    rows: effects(
      (index) => ({ after: 3700 + scattered(index) }),
      (index) => ({ idempotency_key: `k-${index}` }),
    ),
    known: { dedupeTtlMs: 3_600_000 },
    files: { 'cache.jsonl': log([[4000, 'INFO', 'redis evicted 40 idempotency keys']]) },
    yes: ['keys.same', 'gap.beyond-ttl', 'dedupe.keys-expired'],
    no: ['keys.different', 'gap.minutes'],
  }),
  story('a lease shorter than the work', {
    rows: effects(
      () => ({ after: 31 }),
      () => ({ worker: 'w1', duration_ms: 45_000 }),
    ),
    known: { leaseMs: 30_000, clientTimeoutMs: 5000 },
    yes: ['gap.lease', 'work.exceeds-lease', 'workers.only-one'],
    no: ['gap.client-timeout', 'workers.different'],
  }),
  story('a store that could not be written, and workers that died', {
    rows: effects(
      () => ({ after: 50 }),
      () => ({ host: 'a' }),
    ),
    files: {
      'app.jsonl': log(
        Array.from(
          { length: 20 },
          (_, index) =>
            [
              index * 700,
              'ERROR',
              'write of record failed: cannot execute INSERT in a read-only transaction',
            ] as const,
        ),
      ),
      'pods.csv': {
        kind: 'processes',
        text: csv(
          Array.from({ length: 60 }, (_, index) => ({
            at: at(index * 360 + 20),
            name: 'worker-a',
            kind: 'restart',
            reason: 'OOMKilled',
          })),
        ),
      },
    },
    yes: ['store.write-errors', 'process.restarts-beside'],
    no: ['store.unique-violations', 'store.failover'],
  }),
  story('two schedulers, one slot', {
    rows: effects(
      () => ({ after: 2, host: 'b' }),
      (index) => ({ host: 'a', run_id: `slot-${index}` }),
    ),
    yes: ['hosts.two-per-slot'],
    no: ['runs.two'],
  }),
  story('a whole job again, by hand', {
    rows: Array.from({ length: 200 }, (_, index) => index).flatMap((index) =>
      [1, 2].map((run) => ({
        order_ref: `o-${index}`,
        charge_id: `c-${index}-${run}`,
        run_id: `r${run}`,
        at: at((run - 1) * 2 * hour + index * 5),
      })),
    ),
    files: {
      'audit.csv': {
        kind: 'changes',
        text: csv([
          {
            at: at(2 * hour - 60),
            kind: 'job',
            name: 'billing',
            text: 'job triggered manually for the same day',
          },
        ]),
      },
    },
    yes: ['multiplicity.every-item-twice', 'runs.two', 'audit.rerun', 'gap.fixed'],
  }),
  story('runs that overlap, more each time', {
    rows: Array.from({ length: 6 }, (_, run) => run).flatMap((run) =>
      Array.from({ length: 40 }, (__, item) => item).flatMap((item) => {
        const row = {
          order_ref: `o-${run}-${item}`,
          run_id: `r${run}`,
          at: at(run * 1800 + item * 50),
          charge_id: `c-${run}-${item}`,
        }
        return item >= 4 + run * 4
          ? [row]
          : [
              row,
              {
                ...row,
                run_id: `r${run + 1}`,
                at: at(run * 1800 + item * 50 + 1800),
                charge_id: `d-${run}-${item}`,
              },
            ]
      }),
    ),
    known: { cronPeriodMs: 1_800_000 },
    yes: ['gap.period', 'runs.overlap', 'runs.two', 'count.grows'],
    no: ['multiplicity.every-item-twice'],
  }),
  story('the store of seen keys restarted, and its hits are gone', {
    rows: effects(
      (index) => ({ after: scattered(index) }),
      () => ({}),
    ).filter(
      (row, index, all) =>
        Date.parse(String(row['at'])) > Date.parse(at(3 * hour)) ||
        all.findIndex((one) => one['order_ref'] === row['order_ref']) === index,
    ),
    files: {
      'app.jsonl': log([
        [3 * hour - 30, 'WARN', 'redis restarted, dedup cache is empty'],
        ...Array.from(
          { length: 30 },
          (_, index) => [index * 300, 'INFO', `duplicate request ignored for x-${index}`] as const,
        ),
      ]),
    },
    yes: ['dedupe.store-lost', 'dedupe.hits-vanish', 'onset.step'],
    no: ['onset.from-first'],
  }),
  story('one version of two', {
    rows: effects(
      (index) => ({ after: scattered(index), version: 'v2' }),
      (index) => ({ version: index % 2 === 0 ? 'v1' : 'v2' }),
    ),
    yes: ['origin.one-only', 'versions.mixed'],
  }),
  story('a person tries again', {
    rows: effects(
      (index) => ({ after: 60 + ((index * 7919) % 1500) }),
      (index) => ({ session_id: `s-${index}`, status: 502 }),
    ),
    yes: ['gap.minutes', 'session.same', 'first-answer.error'],
    no: ['gap.sub-second', 'gap.fixed'],
  }),
  story('old events again', {
    rows: effects(
      () => ({ after: 5 * hour }),
      (index) => ({ event_time: at(index * 360) }),
    ),
    files: {
      'ops.csv': {
        kind: 'changes',
        text: csv([
          {
            at: at(100),
            kind: 'ops',
            name: 'orders-consumer',
            text: 'consumer offsets were reset to earliest for a replay',
          },
        ]),
      },
    },
    yes: ['events.old', 'audit.replay'],
    no: ['store.restored', 'audit.rerun'],
  }),
  story('only the provider repeats', {
    rows: effects((index) => ({ after: scattered(index) })),
    files: {
      'sent.csv': {
        kind: 'requests',
        text: csv(
          Array.from({ length: 60 }, (_, index) => ({
            order_ref: `o-${index}`,
            at: at(index * 360),
            status: 200,
          })),
        ),
      },
    },
    yes: ['provider-only'],
    no: ['requests.repeated', 'effects.orphan'],
  }),
  story('systems that echo each other', {
    rows: Array.from({ length: 12 }, (_, index) => index).flatMap((index) =>
      [0, 1, 2, 3, 4].map((turn) => ({
        order_ref: `o-${index}`,
        charge_id: `c-${index}-${turn}`,
        at: at(index * 600 + turn * 7),
        origin: turn % 2 === 0 ? 'crm' : 'shop',
      })),
    ),
    yes: ['origin.alternates'],
  }),
  story('holds and what was later voided', {
    rows: effects(
      (index) => ({ after: scattered(index), status: 'voided' }),
      () => ({ status: 'captured' }),
    ),
    yes: ['later-void'],
  }),
  story('an export joined to lines', {
    rows: effects(
      (index) => ({ after: 0, charge_id: `c-${index}`, sku: 'b' }),
      () => ({ sku: 'a' }),
    ),
    yes: ['join.fan-out'],
    no: ['effect-ids.different'],
  }),
  story('one event, two endpoints; one transition, two events', {
    rows: effects(
      (index) => ({ after: 1, endpoint: '/hooks/b', event_id: `e-${index}` }),
      (index) => ({ endpoint: '/hooks/a', event_id: `e-${index}` }),
    ),
    map: { event: 'event_id' },
    yes: ['endpoints.two'],
    no: ['events.two-ids'],
  }),
  story('ids that begin again after a restore', {
    rows: [
      ...Array.from({ length: 60 }, (_, index) => index),
      ...Array.from({ length: 20 }, (_, index) => index),
    ].map((id, index) => ({
      order_ref: String(1000 + id * 10),
      charge_id: `x${'abcdefgh'[index % 8] ?? ''}`,
      at: at(index * 60),
      amount: index,
    })),
    files: {
      'ops.csv': {
        kind: 'changes',
        text: csv([{ at: at(3500), kind: 'ops', name: 'orders-db', text: 'database restored from backup' }]),
      },
    },
    yes: ['ids.reused', 'store.restored'],
  }),
  story('the night that has an hour twice', {
    rows: Array.from({ length: 20 }, (_, index) => index).flatMap((index) =>
      [0, 1].map((again) => ({
        order_ref: `o-${index}`,
        charge_id: `c-${index}-${again}`,
        at: new Date(Date.UTC(2026, 9, 25, again, 30, index)).toISOString(),
      })),
    ),
    yes: ['gap.fixed'],
  }),
]
