import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { applyWith } from '../../src/reconcile/cleanup/apply.ts'
import { type CleanupDecisions, cleanupDecisions } from '../../src/reconcile/cleanup/decisions.ts'
import { planWith } from '../../src/reconcile/cleanup/make-plan.ts'
import { type Decisions, decisions } from '../../src/reconcile/compare/decisions.ts'
import { reconcileSettings } from '../../src/reconcile/compare/options.ts'
import { comparing } from '../../src/reconcile/compare/reconcile.ts'
import { put } from './support/places.ts'

const t = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 10, minute)).toISOString()

/** What must be true of a comparison; each broken decision must make one of these sentences false. */
async function compared(broken: Partial<Decisions>): Promise<object> {
  const left = await put('csv', {
    columns: ['id', 'amount', 'at'],
    rows: [
      ['same', '10.0', t(0)],
      ['near', '10.00', t(0)],
      ['far', '10.00', t(0)],
      ['young', '1', t(60)],
      ['edge', '1', t(45)],
      ['old', '1', t(0)],
      ['once', '1', t(0)],
      ['twice', '1', t(0)],
      ['twice', '1', t(0)],
      ['pair', '1', t(0)],
      ['pair', '2', t(0)],
    ],
  })
  const right = await put('csv', {
    columns: ['id', 'amount', 'at'],
    rows: [
      ['same', '10', t(0)],
      ['near', '10.01', t(0)],
      ['far', '10.02', t(0)],
      ['once', '1', t(0)],
      ['once', '1', t(0)],
      ['twice', '1', t(0)],
      ['pair', '2', t(0)],
      ['pair', '1', t(0)],
      ['new', '1', t(0)],
    ],
  })
  const settings = reconcileSettings({
    left,
    right,
    on: 'id',
    compare: 'amount~0.01',
    leftAt: 'at',
    rightAt: 'at',
    graceMs: 15 * 60_000,
    asOf: t(60),
  })
  return comparing(settings, { decisions: { ...decisions, ...broken } }, async ({ keys, report }) => {
    for await (const _ of keys());
    const { matched, missing, extra, duplicated, uneven, mismatched, pending, cardinality } = await report()
    return { matched, missing, extra, duplicated, uneven, mismatched, pending, cardinality }
  })
}

const truth = {
  matched: 3,
  missing: 2,
  extra: 1,
  duplicated: 1,
  uneven: 1,
  mismatched: 1,
  pending: 1,
  cardinality: { '1:0': 3, '0:1': 1, '2+:0': 0, '0:2+': 0, '1:1': 3, '1:2+': 1, '2+:1': 1, '2+:2+': 1 },
}

it('holds without a mutant', async () => {
  expect(await compared({})).toEqual(truth)
})

it.each<[string, Partial<Decisions>]>([
  [
    'duplicates on the left are not seen',
    { cardinalityOf: (left, right) => decisions.cardinalityOf(Math.min(left, 1), right) },
  ],
  [
    'duplicates on the right are not seen',
    { cardinalityOf: (left, right) => decisions.cardinalityOf(left, Math.min(right, 1)) },
  ],
  ['a tolerance is ignored', { agrees: (a, b) => decisions.agrees(a, b, { kind: 'exact' }) }],
  ['values are compared as text', { agrees: (a, b) => a === b }],
  ['everything agrees', { agrees: () => true }],
  ['the grace is endless', { isPending: (at) => at !== undefined }],
  ['there is no grace', { isPending: () => false }],
  [
    'the end of the grace belongs to it',
    { isPending: (at, asOf, grace) => at !== undefined && at >= asOf - grace },
  ],
  ['pending is missing', { verdictOf: (facts) => decisions.verdictOf({ ...facts, isYoung: false }) }],
  [
    'a set is compared, no multiset',
    {
      verdictOf: (facts) =>
        decisions.verdictOf({ ...facts, left: Math.min(1, facts.left), right: Math.min(1, facts.right) }),
    },
  ],
  [
    'sides are taken for each other',
    { verdictOf: (facts) => decisions.verdictOf({ ...facts, left: facts.right, right: facts.left }) },
  ],
])('notices that %s', async (_, broken) => {
  expect(await compared(broken)).not.toEqual(truth)
})

/** What a clean-up leaves, and whether it refuses a plan that is older than the data. */
async function cleaned(broken: Partial<CleanupDecisions>): Promise<object> {
  const mutant = { ...cleanupDecisions, ...broken }
  const columns = ['ref', 'amount', 'charged_at']
  const left = await put('csv', {
    columns: ['ref', 'amount'],
    rows: [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ],
  })
  const rows = [
    ['a', '1', t(5)],
    ['a', '1', t(1)],
    ['b', '9', t(0)],
    ['b', '2', t(1)],
    ['b', '2', t(2)],
    ['c', '3', t(0)],
  ]
  const right = await put('sqlite', { columns, rows })
  const question = { left, right, on: 'ref', compare: 'amount', rightAt: 'charged_at' }
  const { plan } = await planWith(question, {}, { onDifference: undefined, decisions: mutant })
  const execute = { approve: 'Dana', execute: true } as const
  const db = new DatabaseSync(right.slice('sqlite:'.length, right.indexOf('?')))
  try {
    const refusals: boolean[] = []
    for (const [change, back] of [
      [`UPDATE effects SET amount = '7' WHERE id = 2`, `UPDATE effects SET amount = '1' WHERE id = 2`],
      [`INSERT INTO effects VALUES (99, 'a', '1', '${t(9)}')`, `DELETE FROM effects WHERE id = 99`],
    ] as const) {
      db.exec(change)
      refusals.push(
        await applyWith(plan, {}, mutant).then(
          () => false,
          () => true,
        ),
      )
      db.exec(back)
    }
    await applyWith(plan, execute, mutant)
    const again = await applyWith(plan, execute, mutant)
    const ids = db
      .prepare('SELECT id FROM effects ORDER BY id')
      .all()
      .map(({ id }) => id)
    return { refusals, ids, again: again.rows }
  } finally {
    db.close()
  }
}

const left = { refusals: [true, true], ids: [2, 3, 4, 6], again: 0 }

it('leaves what must stay, without a mutant', async () => {
  expect(await cleaned({})).toEqual(left)
})

it.each<[string, Partial<CleanupDecisions>]>([
  [
    'the other twin is kept',
    { orderToKeep: (rows, rule) => cleanupDecisions.orderToKeep(rows, rule === 'first' ? 'last' : 'first') },
  ],
  ['the first row that is listed is kept', { orderToKeep: (rows) => [...rows] }],
  [
    'what the left side has is not asked',
    {
      orderToKeep: (rows, rule) =>
        cleanupDecisions.orderToKeep(
          rows.map((row) => ({ ...row, isBacked: false })),
          rule,
        ),
    },
  ],
  ['any row is a twin', { twinOf: (_, kept) => kept[0] }],
  ['no row is a twin', { twinOf: () => undefined }],
  ['a plan is never stale', { staleness: () => undefined }],
  [
    'changed rows are taken for what they were',
    {
      staleness: (planned, state) =>
        cleanupDecisions.staleness(planned, {
          ...state,
          live: state.live.map((row) => ({
            ...row,
            digest:
              [...planned.keep, ...planned.remove].find(({ id }) => id[0] === row.id[0])?.digest ??
              row.digest,
          })),
        }),
    },
  ],
  [
    'new rows of a key are overlooked',
    {
      staleness: (planned, state) =>
        cleanupDecisions.staleness(planned, {
          ...state,
          live: state.live.filter(({ id }) =>
            [...planned.keep, ...planned.remove].some((row) => row.id[0] === id[0]),
          ),
        }),
    },
  ],
  [
    'what was removed before is missed',
    { staleness: (planned, state) => cleanupDecisions.staleness(planned, { ...state, removed: new Set() }) },
  ],
])('notices that %s', async (_, broken) => {
  expect(await cleaned(broken).catch((error: unknown) => error)).not.toEqual(left)
})
