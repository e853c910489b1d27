import type { Command } from 'commander'
import { optionInvalid } from '../../kernel/errors.ts'
import { safetyKinds } from '../../ledger/safety.ts'
import type { ExhaustReport, Given, SimulationMutant } from '../../simulation/index.ts'
import { baseCommand, jsonOption, setAction } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { say, writeJson } from '../output.ts'
import { commitText } from '../simulate/commit.ts'
import { mutantsText, reportText, violationText } from '../simulate/text.ts'
import { untilEnded } from '../until-ended.ts'
import { parseCount } from '../values.ts'

interface SimulateCommandOptions {
  readonly seeds?: string
  readonly from?: string
  readonly seed?: string
  readonly mutant?: string
  readonly listMutants?: boolean
  readonly safety?: string
  readonly replication?: string
  readonly exhaustive?: boolean
}

const defaultSeeds = 10_000
const seedBounds = { min: 0, max: 2 ** 32 - 1 }
/** A million seeds take some minutes. It does end. */
const limitMs = 24 * 60 * 60_000
/** From so many seeds on, what never came about is a fault of the run. */
const tellingSeeds = 1_000

export function simulateCommand(): Command {
  const command = baseCommand(
    'simulate',
    'run the ledger itself through worlds of faults, in virtual time, by the thousand',
  )
    .option('--seeds <n>', `how many worlds (default: ${defaultSeeds})`)
    .option('--from <seed>', 'the first seed (default: 1)')
    .option('--seed <seed>', 'one world, step by step; a violation by the shortest way to it')
    .option('--mutant <id>', 'with one decision broken: it must be found out')
    .option('--list-mutants', 'say which mutants there are, and run nothing')
    .option('--safety <kind>', `only ${safetyKinds.join(', ')} effects (default: all, by seed)`)
    .option('--replication <kind>', 'only sync or async standbys (default: both, by seed)')
    .option(
      '--exhaustive',
      'search every interleaving of small worlds instead, a million states in a minute or two',
    )
    .addOption(jsonOption())
  return setAction<SimulateCommandOptions>(command, async ({ globals, given, options }) => {
    if (given.store !== undefined)
      throw optionInvalid('--store', 'left out: a simulation has a store of its own', given.store)
    if (given.scope !== undefined)
      throw optionInvalid('--scope', 'left out: a simulation has a scope of its own', given.scope)
    if (options.listMutants === true) return listMutants(globals.json)
    const mutant = await parseMutant(options.mutant)
    const wanted = { ...mutant?.where, ...parseGiven(options) }
    if (options.exhaustive === true) return searchAll(globals.json, wanted)
    const run: Run = {
      json: globals.json,
      given: wanted,
      ...(mutant === undefined ? {} : { mutant: mutant.id }),
    }
    if (options.seed !== undefined) return one(run, parseCount(options.seed, '--seed', seedBounds))
    const seeds = parseCount(options.seeds ?? String(defaultSeeds), '--seeds', { min: 1, max: 2 ** 32 - 1 })
    return many(run, { seeds, from: parseCount(options.from ?? '1', '--from', seedBounds) })
  })
}

interface Run {
  readonly json: boolean
  readonly given: Given
  readonly mutant?: string
}

const running = (json: boolean) => ({ name: 'simulate', json, limitMs })

// Loaded here, so that the other commands do not load a world.
const load = () => import('../../simulation/index.ts')

async function listMutants(json: boolean): Promise<number> {
  const { simulationMutants } = await load()
  const mutants = simulationMutants.map(({ id, rule, breaks, caughtBy }) => ({ id, rule, breaks, caughtBy }))
  if (json) await writeJson({ mutants })
  else await say(mutantsText(simulationMutants))
  return exitCodes.done
}

async function parseMutant(id: string | undefined): Promise<SimulationMutant | undefined> {
  if (id === undefined) return undefined
  const { simulationMutant } = await load()
  const found = simulationMutant(id)
  if (found === undefined) throw optionInvalid('--mutant', 'one of --list-mutants', id)
  return found
}

function parseGiven({ safety, replication }: SimulateCommandOptions): Given {
  const kind = safetyKinds.find((name) => name === safety)
  if (safety !== undefined && kind === undefined)
    throw optionInvalid('--safety', `one of ${safetyKinds.join(', ')}`, safety)
  if (replication !== undefined && replication !== 'sync' && replication !== 'async')
    throw optionInvalid('--replication', 'sync or async', replication)
  return {
    ...(kind === undefined ? {} : { safety: kind }),
    ...(replication === undefined ? {} : { replication }),
  }
}

/** What must be typed to see the same again. */
function optionsOf({ given, mutant }: Run): readonly string[] {
  return [
    ...(mutant === undefined ? [] : [`--mutant ${mutant}`]),
    ...(given.safety === undefined ? [] : [`--safety ${given.safety}`]),
    ...(given.replication === undefined ? [] : [`--replication ${given.replication}`]),
  ]
}

async function one(run: Run, seed: number): Promise<number> {
  const { replay } = await load()
  const startedAtMs = performance.now()
  const { violations, residuals, sometimes, trace } = await replay(seed, run.given, run.mutant)
  const commit = commitText()
  const runsPerSecond = Math.round(1000 / (performance.now() - startedAtMs))
  if (violations.length === 0) await say(trace.join('\n'))
  for (const violation of violations) await say(violationText(violation, commit, optionsOf(run)))
  const report = { seeds: 1, from: seed, violations, residuals, sometimes, runsPerSecond, commit, trace }
  if (run.json) await writeJson(report)
  return violations.length === 0 ? exitCodes.done : exitCodes.found
}

async function many(run: Run, { seeds, from }: { seeds: number; from: number }): Promise<number> {
  const { missed, simulate } = await load()
  return untilEnded(running(run.json), async ({ signal, show }) => {
    const report = await simulate({
      seeds,
      from,
      given: run.given,
      ...(run.mutant === undefined ? {} : { mutant: run.mutant }),
      signal,
      onProgress: (done, violations) => show(`${done} of ${seeds} seeds, ${violations} violations`),
    })
    const commit = commitText()
    const never = report.seeds < tellingSeeds ? [] : missed(report, run.given)
    const isGood = report.violations.length === 0 && never.length === 0
    return {
      exitCode: isGood ? exitCodes.done : exitCodes.found,
      document: { ...report, commit },
      text: [
        ...report.violations.map((violation) => violationText(violation, commit, optionsOf(run))),
        reportText(report, report.violations.length),
        ...(never.length === 0
          ? []
          : [`never came about: ${never.join(', ')}. The run has shown less than it should.`]),
      ].join('\n'),
    }
  })
}

const maxStates = 3_000_000

/** Walks through every interleaving of the small worlds, one set of faults and one safety after the other. */
function searchAll(json: boolean, { safety }: Given): Promise<number> {
  return untilEnded(running(json), async ({ signal, show }) => {
    const { configurations, exhaust, exhaustiveText } = await load()
    const worlds = configurations('verify', safety === undefined ? undefined : [safety])
    const searches: ExhaustReport[] = []
    for (const [index, world] of worlds.entries()) {
      if (signal.aborted) break
      const onProgress = (states: number): void =>
        show(`world ${index + 1} of ${worlds.length}: ${states} states`)
      searches.push(await exhaust({ ...world, maxStates, signal, onProgress }))
    }
    const states = searches.reduce((sum, search) => sum + search.states, 0)
    const broken = searches.flatMap(({ violations }) => violations).length
    const isWhole = searches.length === worlds.length && searches.every(({ isComplete }) => isComplete)
    return {
      exitCode: broken === 0 && isWhole ? exitCodes.done : exitCodes.found,
      document: { searches, states, isComplete: isWhole },
      text: [
        ...searches.map(exhaustiveText),
        `${searches.length} worlds, ${states} states: ${broken === 0 ? 'nothing broken' : `${broken} violations`}.`,
      ].join('\n'),
    }
  })
}
