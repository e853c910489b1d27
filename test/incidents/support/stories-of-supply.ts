import { at, csv, jsonl, t0 } from './bundle.ts'
import type { Story } from './story.ts'

const hour = 3600

/** Forty lines in the last four of six hours, as a search for them found them. */
const found = Array.from({ length: 40 }, (_, index) => ({
  ts: at(2 * hour + index * 360),
  level: 'ERROR',
  msg: 'duplicate key value violates unique constraint "orders_payment_id_key"',
}))

/** Each customer once, but for five: a list without times. */
const charges = Array.from({ length: 100 }, (_, index) => index).flatMap((index) =>
  Array.from({ length: index % 20 === 7 ? 2 : 1 }, (__, copy) => ({
    charge_id: `c-${index}-${copy}`,
    user_ref: `u-${index}`,
  })),
)

const load = Array.from({ length: 72 }, (_, index) => ({
  at: at(index * 300),
  name: 'pages_per_minute',
  value: 40 + (index % 7),
}))

function supplied(search: string | undefined): Story['bundle'] {
  return {
    sources: [
      { id: 'charges', kind: 'effects', path: 'charges.csv', map: { ref: 'user_ref', effect: 'charge_id' } },
      { id: 'app', kind: 'log', path: 'app.jsonl', ...(search === undefined ? {} : { search }) },
      { id: 'metrics', kind: 'metrics', path: 'metrics.csv' },
      { id: 'changes', kind: 'changes', path: 'changes.csv' },
      { id: 'code', kind: 'code', path: 'code' },
    ],
    files: {
      'charges.csv': csv(charges),
      'app.jsonl': jsonl([
        { ts: at(10), level: 'INFO', msg: 'a picture was scaled to fit its frame' },
        ...found,
      ]),
      'metrics.csv': csv(load),
      'changes.csv': csv([
        {
          at: new Date(t0 - hour * 1000).toISOString(),
          kind: 'deploy',
          name: 'pictures',
          text: 'scaled pictures',
        },
      ]),
      'code/pay.js':
        'async function pay(order) {\n  await db.claims.insert(order)\n  await stripe.charges.create({})\n}\n',
    },
  }
}

/** What a source can show, and what it cannot. */
export const supply: readonly Story[] = [
  {
    name: 'a search found the lines of the log: what is not in it says nothing',
    bundle: supplied('duplicate key'),
    yes: ['dup.present', 'store.unique-violations', 'onset.step'],
    no: ['code.effect-first', 'change.scaling', 'onset.from-first'],
    unknown: [
      'store.write-errors',
      'pool.saturated',
      'store.failover',
      'dups.around-failover',
      'concurrency.grows-with',
    ],
  },
  {
    name: 'the log is whole: what is not in it was not there',
    bundle: supplied(undefined),
    yes: ['store.unique-violations', 'onset.step'],
    no: ['store.write-errors', 'pool.saturated', 'store.failover', 'dups.around-failover'],
    unknown: ['concurrency.grows-with'],
  },
]
