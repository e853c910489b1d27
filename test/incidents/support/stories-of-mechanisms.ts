import { at, type Cells, csv, jsonl } from './bundle.ts'
import type { Story } from './story.ts'

const hour = 3600

interface Told {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly kind: string
        readonly rows?: readonly Cells[]
        readonly text?: string
        readonly map?: object
      }
    >
  >
  readonly known?: object
  /** Of the window. */
  readonly hours?: number
  readonly yes?: readonly string[]
  readonly no?: readonly string[]
  readonly unknown?: readonly string[]
}

function story(name: string, { files, known, hours = 1.2, yes = [], no = [], unknown = [] }: Told): Story {
  const all = Object.entries(files)
  return {
    name,
    bundle: {
      window: { from: at(0), to: at(hours * hour) },
      ...(known === undefined ? {} : { known }),
      sources: all.map(([path, { kind, map }]) => ({
        id: path.replace(/\..*$/, ''),
        kind,
        path,
        ...(map === undefined ? {} : { map }),
      })),
      files: Object.fromEntries(all.map(([path, { rows, text }]) => [path, text ?? csv(rows ?? [])])),
    },
    yes,
    no,
    unknown,
  }
}

function many(count: number, row: (index: number) => Cells | readonly Cells[]): readonly Cells[] {
  return Array.from({ length: count }, (_, index) => row(index)).flat()
}

const effect = (index: number, more: Cells = {}): Cells => ({
  at: at(index * 60),
  order_ref: `o-${index}`,
  charge_id: `c-${index}`,
  ...more,
})

/** What each mechanism does to files, where it is not in the first column that one would look at. */
export const mechanisms: readonly Story[] = [
  story('holds and what became of them are one effect', {
    files: {
      'effects.csv': {
        kind: 'effects',
        rows: many(60, (index) => [
          effect(index, { status: 'authorized' }),
          ...(index % 3 === 0
            ? [effect(index, { charge_id: `d-${index}`, at: at(index * 60 + 1800), status: 'captured' })]
            : []),
        ]),
      },
    },
    yes: ['later-void'],
    no: ['dup.present'],
  }),
  story('as many are missing as lines are broken', {
    files: {
      'requests.csv': { kind: 'requests', rows: many(80, (index) => effect(index, { status: 201 })) },
      'effects.jsonl': {
        kind: 'effects',
        text: `${jsonl(many(80, (index) => (index % 20 === 3 ? [] : effect(index + 0, { at: at(index * 60 + 5) }))))}${'{"at": cut\n'.repeat(4)}`,
      },
    },
    unknown: ['loss.present', 'loss.acknowledged'],
  }),
  story('records that still wait, and calls that were turned away at the door, were due', {
    hours: 3.4,
    files: {
      'outbox.csv': {
        kind: 'ledger',
        rows: many(200, (index) => effect(index, { status: index % 10 === 4 ? 'pending' : 'sent' })),
      },
      'effects.csv': {
        kind: 'effects',
        rows: many(200, (index) => (index % 10 === 4 ? [] : effect(index, { at: at(index * 60 + 5) }))),
      },
    },
    yes: ['loss.present'],
    no: ['loss.total', 'work.late'],
  }),
  story('calls that were turned away at the door were due', {
    hours: 3.4,
    files: {
      'calls.csv': {
        kind: 'requests',
        rows: many(200, (index) =>
          effect(index, { status: index % 10 === 4 ? 403 : 201, key: `k-${index}` }),
        ),
      },
      'effects.csv': {
        kind: 'effects',
        rows: many(200, (index) => (index % 10 === 4 ? [] : effect(index, { at: at(index * 60 + 5) }))),
      },
    },
    yes: ['loss.present', 'loss.refused'],
    no: ['keys.shared-by-refs'],
  }),
  story('work that stood still for an hour, and was done in the end', {
    hours: 3.4,
    files: {
      'outbox.csv': { kind: 'ledger', rows: many(200, (index) => effect(index, { status: 'sent' })) },
      'effects.csv': {
        kind: 'effects',
        rows: many(200, (index) =>
          effect(index, { at: at(index >= 60 && index < 120 ? 120 * 60 + index : index * 60 + 5) }),
        ),
      },
    },
    yes: ['work.late'],
    no: ['loss.present'],
  }),
  story('the asynchronous copy was twenty minutes behind', {
    hours: 3.4,
    files: {
      'outbox.csv': { kind: 'ledger', rows: many(200, (index) => effect(index, { status: 'sent' })) },
      'effects.csv': {
        kind: 'effects',
        rows: many(200, (index) =>
          index > 80 && index <= 100 ? [] : effect(index, { at: at(index * 60 + 5) }),
        ),
      },
      'db.jsonl': {
        kind: 'log',
        text: jsonl([
          { at: at(10), level: 'INFO', message: 'checkpoint complete' },
          { at: at(100 * 60 + 30), level: 'LOG', message: 'received promote request' },
          { at: at(100 * 60 + 31), level: 'LOG', message: 'standby promoted to primary' },
          { at: at(199 * 60), level: 'INFO', message: 'checkpoint complete' },
        ]),
      },
    },
    yes: ['loss.after-failover', 'store.failover'],
  }),
  story('one kind of a column that nobody mapped is lost', {
    hours: 3.4,
    files: {
      'webhooks.csv': {
        kind: 'deliveries',
        rows: many(200, (index) =>
          effect(index, { status: 200, tariff: index % 10 === 4 ? 'legacy' : 'plain' }),
        ),
      },
      'effects.csv': {
        kind: 'effects',
        rows: many(200, (index) => (index % 10 === 4 ? [] : effect(index, { at: at(index * 60 + 5) }))),
      },
    },
    yes: ['loss.by-type'],
  }),
  story('two schedulers with runs of their own, minutes in which all comes twice', {
    files: {
      'effects.csv': {
        kind: 'effects',
        rows: many(60, (index) => [
          effect(index, { host: 'a', run_id: `a-${Math.floor(index / 10)}` }),
          effect(index, {
            host: 'b',
            run_id: `b-${Math.floor(index / 10)}`,
            charge_id: `d-${index}`,
            at: at(index * 60 + 2),
          }),
        ]),
      },
    },
    yes: ['hosts.two-per-slot', 'multiplicity.all-repeated', 'multiplicity.every-item-twice'],
  }),
  story('one process says twice that it listens', {
    files: {
      'effects.csv': {
        kind: 'effects',
        rows: many(60, (index) => [
          effect(index),
          effect(index, { charge_id: `d-${index}`, at: at(index * 60 + 1) }),
        ]),
      },
      'app.jsonl': {
        kind: 'log',
        text: jsonl([
          {
            at: at(1),
            level: 'INFO',
            message: 'registered listener mail-handler for order.paid',
            worker: 'w1',
          },
          {
            at: at(2),
            level: 'INFO',
            message: 'registered listener mail-handler for order.paid',
            worker: 'w1',
          },
          { at: at(59 * 60), level: 'INFO', message: 'still here', worker: 'w1' },
        ]),
      },
    },
    yes: ['endpoints.two'],
  }),
  story('two systems that answer each other', {
    hours: 3.4,
    files: {
      'effects.csv': {
        kind: 'effects',
        rows: many(120, (index) =>
          index < 100
            ? effect(index, { written_by: index % 2 === 0 ? 'shop' : 'warehouse' })
            : Array.from({ length: 6 }, (_, turn) =>
                effect(index, {
                  charge_id: `c-${index}-${turn}`,
                  at: at(index * 60 + turn),
                  written_by: turn % 2 === 0 ? 'shop' : 'warehouse',
                }),
              ),
        ),
      },
    },
    yes: ['origin.alternates'],
    no: ['multiplicity.every-item-twice'],
  }),
  story('one id, two customers that have nothing else in common', {
    hours: 3.4,
    files: {
      'effects.csv': {
        kind: 'effects',
        rows: many(60, (index) => [
          effect(index, { customer: `cu-${index}`, amount: index, reason: 'damaged', city: `x${index}` }),
          ...(index % 2 === 0
            ? [
                effect(index, {
                  charge_id: `d-${index}`,
                  at: at(2 * hour + index * 60),
                  customer: `cu-${index + 500}`,
                  amount: index + 7,
                  reason: 'late',
                  city: `y${index}`,
                }),
              ]
            : []),
        ]),
      },
    },
    yes: ['ids.reused', 'payload.business-differs'],
  }),
  story('keys that had to make room', {
    known: { dedupeTtlMs: 86_400_000 },
    files: {
      'effects.csv': {
        kind: 'effects',
        rows: many(60, (index) => [
          effect(index, { key: `k-${index}` }),
          ...(index % 3 === 0
            ? [effect(index, { key: `k-${index}`, charge_id: `d-${index}`, at: at(index * 60 + 900) })]
            : []),
        ]),
      },
      'cache.jsonl': {
        kind: 'log',
        text: jsonl(
          many(60, (index) => ({
            at: at(index * 60),
            level: 'WARN',
            message: `at its memory limit, ${100 + index} keys evicted`,
          })),
        ),
      },
    },
    yes: ['dedupe.keys-expired', 'keys.same'],
    no: ['dedupe.store-lost'],
    unknown: ['gap.beyond-ttl'],
  }),
]
