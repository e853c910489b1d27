import { expect, it } from 'vitest'
import { faults, remembersMs } from './support/faults.ts'
import { SoakBench, type SoakResult } from './support/soak.ts'
import { soakMutants } from './support/soak-mutants.ts'

const sizes = { small: [800, 200], verify: [30_000, 3_000], full: [100_000, 20_000] } as const
const [intents, withLedger] = sizes[process.env['ONCEWARD_TEST_SIZE'] as keyof typeof sizes] ?? sizes.small
const seed = Number(process.env['ONCEWARD_TEST_SEED'] ?? Math.floor(Math.random() * 1_000_000))
const patienceMs = 60_000 + intents * 10

/** What is compared with nothing else: for whoever wants the figures. */
function tell(what: string, { outcomes, effects, end, reportedBefore, tookMs }: SoakResult): void {
  if (process.env['ONCEWARD_TEST_SIZE'] === undefined) return
  console.log(
    what,
    JSON.stringify({ seed, outcomes, effects, end, reportedBefore, tookMs: Math.round(tookMs) }),
  )
}

it(
  `of ${intents} intents with every fault mixed in none has two effects, and each outcome is as reported`,
  async () => {
    const bench = await SoakBench.open({ remembersMs: remembersMs.nearly })
    const result = await bench.soak(intents, seed)
    tell(`${intents} intents`, result)
    expect(result.violations, `seed ${seed}`).toEqual([])
    for (const fault of faults) expect(result.faults[fault], fault).toBeGreaterThan(0)
    for (const outcome of ['done', 'not-sent', 'unknown'] as const)
      expect(result.outcomes[outcome], outcome).toBeGreaterThan(0)
  },
  patienceMs,
)

it(
  `of ${withLedger} intents in a ledger none has two effects when their sender is killed and another goes on`,
  async () => {
    const bench = await SoakBench.open()
    const result = await bench.soakKilled(withLedger, seed)
    tell(`${withLedger} intents with a ledger`, result)
    expect(result.violations, `seed ${seed}`).toEqual([])
    expect(result.end.takeovers).toBeGreaterThan(0)
    expect(result.end.replays).toBeGreaterThan(0)
  },
  patienceMs,
)

it('each mutant is found out by what it breaks', async () => {
  const bench = await SoakBench.open({ remembersMs: remembersMs.briefly })
  const found = await Promise.all(
    Object.entries(soakMutants).map(async ([mutant, { intents: count, finds }]) => {
      const { violations } = await bench.soakMutant(mutant, count, 7)
      return { mutant, finds, said: violations.join('\n') }
    }),
  )
  for (const { mutant, finds, said } of found) expect(said, mutant).toMatch(finds)
})
