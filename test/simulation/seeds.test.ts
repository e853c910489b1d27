import { describe, expect, it } from 'vitest'
import { runChunk } from '../../src/simulation/campaign.ts'
import { missed, replay, simulate, simulationMutants } from '../../src/simulation/index.ts'
import { ledgerMutants } from '../../src/testing/mutants.ts'
import { readText } from '../support/repo.ts'

const hour = 3_600_000
/** How many worlds: seconds in `npm test`, minutes in `npm run verify`, a million in `npm run proof:long`. */
const worlds = { verify: 100_000, full: 1_000_000 }[process.env['ONCEWARD_TEST_SIZE'] ?? ''] ?? 2_000
const isWhole = worlds > 2_000
/** By which a mutant has to be found out. */
const mutantSeeds = 2_000

const never = new AbortController().signal
const quiet = (): void => undefined

describe('the ledger in simulated worlds', () => {
  it(
    `keeps every invariant over ${worlds} seeds, and what ought to happen happens`,
    async () => {
      const given = {}
      const report = await simulate({ seeds: worlds, from: 1, given, signal: never, onProgress: quiet })
      console.log(
        `${report.seeds} seeds, ${report.runsPerSecond} a second`,
        JSON.stringify({ sometimes: report.sometimes, residuals: report.residuals }),
      )
      expect(report.violations.map(({ seed, invariant, what }) => `${seed} ${invariant} ${what}`)).toEqual([])
      expect(report.seeds).toBe(worlds)
      expect(missed(report, given)).toEqual([])
    },
    hour,
  )

  it('does the same again for the same seed, and something else for another', async () => {
    const traces = await Promise.all([7, 7, 8].map((seed) => replay(seed, {})))
    const [one, same, other] = traces.map(({ trace }) => trace.join('\n'))
    expect(one).toBe(same)
    expect(one).not.toBe(other)
  })

  it.each([
    [58_784, 'a claim whose answer was lost is not undone where the target has said that it happened'],
    [453_093, 'what has been recalled is remembered from then on, for the next failover may lose that'],
    [267_032, 'a decision about a row that has changed meanwhile is made once more'],
    [6_046_893, 'a success that was never acknowledged is written once more before it is replayed'],
    [7_048_646, 'a session takes no statement of its transaction twice, whatever the network repeats'],
  ])('keeps every invariant in world %i: %s', async (seed) => {
    expect((await replay(seed, {})).violations).toEqual([])
  })
})

const rows = readText('docs/reference/mutants.md')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
const told = rows.filter((row) => row.length === 7)
const untold = rows.filter((row) => row.length === 6)
const idOf = (row: readonly string[]): string => row[2]?.replaceAll('`', '') ?? ''

/** As the table of docs/reference/mutants.md says: within how many seeds a mutant is found. */
function limitOf(id: string): number {
  const row = told.find((one) => idOf(one) === id)
  return Math.min(Number(row?.[5]?.replaceAll(',', '') ?? 0), mutantSeeds)
}

describe('the table of mutants', () => {
  it('has each mutant of the simulation, by rule, with what notices it', () => {
    const expected = simulationMutants.map(({ id, rule, caughtBy, where }) => [
      String(rule),
      id,
      caughtBy,
      Object.values(where ?? {}).join(', ') || 'all',
    ])
    expect(told.map((row) => [row[1], idOf(row), row[3], row[4]])).toEqual(expected)
  })

  it('has every other mutant of the rules, with tests that name it', () => {
    const others = ledgerMutants.filter(({ id }) => !simulationMutants.some((mutant) => mutant.id === id))
    expect(untold.map((row) => [Number(row[1]), idOf(row)])).toEqual(others.map(({ rule, id }) => [rule, id]))
    for (const row of untold) {
      const tests = [...(row[4] ?? '').matchAll(/\(\.\.\/\.\.\/(test[^)]+)\)/g)].map(
        (match) => match[1] ?? '',
      )
      expect(tests).not.toEqual([])
      for (const path of tests) expect(readText(path)).toContain(`'${idOf(row)}'`)
    }
  })
})

describe('a simulation', () => {
  const seed = Number(process.env['ONCEWARD_TEST_SEED'] ?? Math.floor(Math.random() * 1_000_000))
  // The short run takes another half of them each time.
  const taken = simulationMutants.filter((_, index) => isWhole || index % 2 === seed % 2)

  it.each(taken.map((mutant) => [mutant.id, limitOf(mutant.id), mutant] as const))(
    'finds the mutant %s within %i seeds',
    async (id, limit, { where, caughtBy }) => {
      const found = new Set<string>()
      // In portions: most are found at once.
      for (let from = 1; from <= limit && !found.has(caughtBy); from += 50) {
        const seeds = Math.min(50, limit - from + 1)
        const { findings } = await runChunk({ from, seeds, given: where ?? {}, mutant: id })
        for (const { invariant } of findings) found.add(invariant)
      }
      expect([...found]).toContain(caughtBy)
    },
    60_000,
  )
})
