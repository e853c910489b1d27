import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replay, simulationMutants } from '../../src/simulation/index.ts'
import { CliBench, type CliResult } from '../e2e/cli-bench.ts'

const minute = 60_000
let bench: CliBench
beforeAll(() => {
  bench = new CliBench()
})
afterAll(() => bench.dispose())

function documentOf({ stdout }: CliResult): Record<string, unknown> {
  return JSON.parse(String(stdout)) as Record<string, unknown>
}

const counts = {
  takeover: expect.any(Number) as number,
  replay: expect.any(Number) as number,
  in_doubt: expect.any(Number) as number,
  failover_with_loss: expect.any(Number) as number,
  recall: expect.any(Number) as number,
}

/** Nothing is broken there, but nothing can be recalled either. */
const withoutRecall = ['--mutant', 'recall-skipped', '--safety', 'transactional', '--replication', 'async']

describe('onceward simulate', () => {
  it('prints one JSON document, of the shape that is promised, and exits 0', async () => {
    const done = await bench.run(['simulate', '--seeds', '300', '--from', '5', '--json'])
    expect(done.code).toBe(0)
    const document = documentOf(done)
    expect(document).toEqual({
      seeds: 300,
      from: 5,
      violations: [],
      residuals: expect.any(Object) as object,
      sometimes: counts,
      runsPerSecond: expect.any(Number) as number,
      commit: expect.any(String) as string,
    })
    for (const residual of Object.values(document['residuals'] as object))
      expect(residual).toEqual({
        runs: expect.any(Number) as number,
        repeated: expect.any(Number) as number,
        lost: expect.any(Number) as number,
      })
    expect(String(done.stderr)).toContain('300 seeds from 5')
  })

  it('finds a mutant, shows the trace with the way to see it again, and exits 1', async () => {
    const done = await bench.run(['simulate', '--mutant', 'lapsed-blind-runs', '--seeds', '400', '--json'])
    expect(done.code).toBe(1)
    const { violations } = documentOf(done) as { violations: readonly Record<string, unknown>[] }
    expect(violations[0]).toEqual({
      seed: expect.any(Number) as number,
      invariant: expect.stringMatching(/^[IL]\d$/) as string,
      what: expect.any(String) as string,
      trace: expect.any(Array) as string[],
    })
    expect(String(done.stderr)).toMatch(/again: onceward simulate --seed \d+ --mutant lapsed-blind-runs/)
  })

  it('exits 1 where what ought to happen never did, from 1,000 seeds on', { timeout: minute }, async () => {
    const enough = await bench.run(['simulate', '--seeds', '1000', ...withoutRecall, '--json'])
    expect(documentOf(enough)).toMatchObject({ violations: [], sometimes: { recall: 0 } })
    expect(String(enough.stderr)).toContain('never came about: recall')
    expect(enough.code).toBe(1)
    const few = await bench.run(['simulate', '--seeds', '999', ...withoutRecall])
    expect(String(few.stderr)).not.toContain('never came about')
    expect(few.code).toBe(0)
  })

  it('plays one seed step by step, the same in every process', async () => {
    const [done, again] = await Promise.all([
      bench.run(['simulate', '--seed', '58784']),
      bench.run(['simulate', '--seed', '58784', '--json']),
    ])
    const { trace } = await replay(58_784, {})
    expect(trace.at(-1)).toMatch(/^trace [0-9a-f]{16}$/)
    expect(String(done.stderr).trimEnd()).toBe(trace.join('\n').trimEnd())
    expect(documentOf(again)).toMatchObject({ seeds: 1, from: 58_784, violations: [], trace })
    expect([done.code, again.code]).toEqual([0, 0])
    // What a person reads: when, who, what.
    expect(String(done.stderr)).toMatch(/^ +\d+\.\d{3}s w0 +is called for k0, input 0$/m)
    expect(String(done.stderr)).toMatch(/^ +\d+\.\d{3}s db +k0: absent → \w+ \(1, 1\) rev 1 by claim$/m)
  })

  it('plays a seed that breaks something by the shortest way to it, and exits 1', async () => {
    const found = await bench.run(['simulate', '--mutant', 'lapsed-blind-runs', '--seeds', '400', '--json'])
    const [{ seed } = { seed: -1 }] = documentOf(found)['violations'] as { seed: number }[]
    const done = await bench.run(['simulate', '--seed', String(seed), '--mutant', 'lapsed-blind-runs'])
    expect(done.code).toBe(1)
    expect(String(done.stderr)).toMatch(new RegExp(`seed ${seed} breaks [IL]\\d`))
  })

  it('says which mutants there are', async () => {
    const done = await bench.run(['simulate', '--list-mutants', '--json'])
    const mutants = simulationMutants.map(({ id, rule, breaks, caughtBy }) => ({
      id,
      rule,
      breaks,
      caughtBy,
    }))
    expect(documentOf(done)).toEqual({ mutants })
    expect(done.code).toBe(0)
    expect(mutants.length).toBeGreaterThanOrEqual(20)
  })

  it.each([
    [['--seeds', '0'], '--seeds'],
    [['--seeds', 'many'], 'many'],
    [['--seed', '-1'], '--seed'],
    [['--from', '1.5'], '1.5'],
    [['--mutant', 'no-such-mutant'], 'no-such-mutant'],
    [['--safety', 'safe'], 'safe'],
    [['--replication', 'none'], 'none'],
    [['--store', 'memory:'], '--store'],
    [['--scope', 'mine'], '--scope'],
    [['--no-such-option'], '--no-such-option'],
  ])('%j is bad usage, and %s is named', async (args, named) => {
    const { code, stderr, stdout } = await bench.run(['simulate', ...args])
    expect({ code, stdout: String(stdout) }).toEqual({ code: 2, stdout: '' })
    expect(String(stderr)).toContain(named)
  })

  it.each([
    [['--seeds', '4000000'], 'of 4000000 seeds'],
    [['--exhaustive'], 'world 1 of'],
  ])('%j ended by Ctrl-C says so in one document, and leaves no thread', async (args, text) => {
    const running = bench.start(['simulate', ...args, '--json'])
    await running.printed(text, 'stderr')
    running.child.kill('SIGINT')
    const done = await running.ended
    expect(done).toMatchObject({ code: 130, signal: null })
    expect(documentOf(done)).toEqual({
      error: { code: 'ENDED_EARLY', message: expect.stringContaining('SIGINT') as string },
    })
  })
})
