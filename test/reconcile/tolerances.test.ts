import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reconcile } from '../../src/reconcile/index.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { type PlaceKind, put } from './support/places.ts'

/** A left and a right value, and whether they agree under a tolerance. */
const cases: readonly (readonly [
  tolerance: string,
  left: string | null,
  right: string | null,
  agrees: boolean,
])[] = [
  ['', '10', '10.00', true],
  ['', '10', '10.01', false],
  ['~0.01', '10.02', '10.01', true],
  ['~0.01', '10.021', '10.01', false],
  ['~0.01', '-0.01', '0', true],
  ['~0.01', '-0.01', '0.01', false],
  ['~0.01', 'ten', 'ten', true],
  ['~0.01', 'ten', '10', false],
  ['~1%', '100', '99', true],
  ['~1%', '100', '98.99', false],
  ['~1%', '-100', '-99', true],
  ['~1%', '0', '0.001', false],
  ['~1%', '0', '0', true],
  ['~2.5%', '1000', '975', true],
  ['~2.5%', '1000', '974.99', false],
  ['~5s', '2026-01-01T00:00:00Z', '2026-01-01T00:00:05Z', true],
  ['~5s', '2026-01-01T00:00:00Z', '2026-01-01T00:00:05.001Z', false],
  ['~5s', '2026-01-01T01:00:00+01:00', '2026-01-01T00:00:05Z', true],
  ['~5s', '2026-01-01T00:00:00', '2026-01-01T00:00:01Z', false],
  ['~1m', '2026-01-01T00:00:00Z', '2025-12-31T23:59:00Z', true],
  ['~1m', '2026-01-01T00:00:00Z', '2025-12-31T23:58:59Z', false],
  ['~0.01', '5', null, false],
  ['~0.01', null, null, true],
]

describe('what two values may differ by', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase()
  })
  afterAll(() => database.drop())

  it.each<[PlaceKind, PlaceKind]>([
    ['csv', 'csv'],
    ['parquet', 'parquet'],
    ['postgres', 'postgres'],
  ])('is the same for %s beside %s', async (leftKind, rightKind) => {
    const byTolerance = Map.groupBy(cases, ([tolerance]) => tolerance)
    for (const [tolerance, some] of byTolerance) {
      const side = (place: 1 | 2) => ({
        columns: ['ref', 'value'],
        rows: some.map((one, at) => [`k${String(at).padStart(2, '0')}`, one[place]]),
      })
      const report = await reconcile({
        left: await put(leftKind, side(1), { database }),
        right: await put(rightKind, side(2), { database }),
        on: 'ref',
        compare: `value${tolerance}`,
      })
      const differing = some.flatMap(([, , , agrees], at) =>
        agrees ? [] : [`k${String(at).padStart(2, '0')}`],
      )
      expect({
        tolerance,
        differing: report.samples.mismatched.map(({ key }) => String(key)).toSorted(),
      }).toEqual({
        tolerance,
        differing,
      })
      expect(report.matched).toBe(some.length - differing.length)
    }
  })

  it.each([
    ['value~-1', /--compare ~ must be a number, a share such as 1%, or a duration such as 5s, got "-1"/],
    ['value~much', /got "much"/],
    ['value~1~2', /one ~ for each column/],
  ])('is refused where it is none: %s', async (compare, message) => {
    const left = await put('csv', { columns: ['id', 'value'], rows: [['a', '1']] })
    await expect(reconcile({ left, right: left, on: 'id', compare })).rejects.toThrow(message)
  })
})
