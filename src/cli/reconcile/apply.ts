import type { ApplyOptions, CleanupPlan, CleanupResult } from '../../reconcile/index.ts'
import { type Globals, storeCommand } from '../command.ts'
import { setAction } from '../command.ts'
import { readText, writeText } from '../contract/files.ts'
import { exitCodes } from '../exit.ts'
import { withLedger } from '../ledger.ts'
import { untilEnded } from '../until-ended.ts'
import { parseCount } from '../values.ts'
import { limitMs } from './compare.ts'
import { cleanupText } from './text.ts'
import type { Command } from 'commander'

interface ApplyCommandOptions {
  readonly approve?: string
  readonly execute?: boolean
  readonly batch?: string
  readonly cap?: string
  readonly recall?: string
  readonly left?: string
  readonly right?: string
}

export function applyCommand(): Command {
  const command = sharedOptions(
    storeCommand('apply', 'check a clean-up plan against the data, and carry it out').argument(
      '<plan>',
      'the file that --fix wrote',
    ),
  )
    .option('--cap <count>', 'rows to remove at most (default: 10000)')
    .option('--recall <file>', 'write the list of what goes, and what stays, as CSV')
  return setAction<ApplyCommandOptions>(command, ({ globals, options, args }) =>
    run('apply', { globals, typed: options, path: args[0] ?? '' }),
  )
}

export function undoCommand(): Command {
  const command = sharedOptions(
    storeCommand('undo', 'bring back what a clean-up plan has removed').argument(
      '<plan>',
      'the file that --fix wrote',
    ),
  )
  return setAction<ApplyCommandOptions>(command, ({ globals, options, args }) =>
    run('undo', { globals, typed: options, path: args[0] ?? '' }),
  )
}

function sharedOptions(command: Command): Command {
  return command
    .option('--approve <name>', 'who approves')
    .option('--execute', 'do it; else it is a dry run that changes nothing')
    .option('--batch <count>', 'rows in one transaction (default: 200)')
    .option('--left <source>', 'the source of the plan again, with its password')
    .option('--right <source>', 'the source of the plan again, with its password')
}

interface Running {
  readonly globals: Globals
  readonly typed: ApplyCommandOptions
  readonly path: string
}

async function run(name: 'apply' | 'undo', { globals, typed, path }: Running): Promise<number> {
  const { applyPlan, parsePlan, recallCsv, undoPlan } = await import('../../reconcile/index.ts')
  const plan = parsePlan(await readText(path, 'PLAN'), path)
  const options = applyOptions(typed)
  if (typed.recall !== undefined) await writeText(typed.recall, recallCsv(plan), '--recall')
  return untilEnded({ name: `reconcile ${name}`, json: globals.json, limitMs }, async ({ signal, line }) => {
    const shared: ApplyOptions = {
      ...options,
      signal,
      onBatch: ({ rows, of }) => line.note(`onceward: ${rows} of ${of} rows`),
    }
    const result =
      name === 'undo'
        ? await undoPlan(plan, shared)
        : await withCalls(plan, globals, (once) => applyPlan(plan, { ...shared, ...once }))
    return { exitCode: exitOf(result), document: result, text: cleanupText(result, { name, path, plan }) }
  })
}

function exitOf({ calls }: CleanupResult): number {
  if (calls === undefined) return exitCodes.done
  if (calls.inDoubt > 0) return exitCodes.inDoubt
  return calls.failed > 0 ? exitCodes.failed : exitCodes.done
}

/** Only a plan of calls needs a ledger. */
function withCalls(
  plan: CleanupPlan,
  globals: Globals,
  work: (at: Pick<ApplyOptions, 'once'>) => Promise<CleanupResult>,
): Promise<CleanupResult> {
  if (plan.action.kind !== 'call') return work({})
  return withLedger(globals, { mustExist: false }, (once) => work({ once }))
}

function applyOptions(typed: ApplyCommandOptions): ApplyOptions {
  const { approve, execute, left, right } = typed
  const given = Object.entries({ approve, execute, left, right }).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(given),
    ...(typed.batch !== undefined && {
      batchRows: parseCount(typed.batch, '--batch', { min: 1, max: 500 }),
    }),
    ...(typed.cap !== undefined && {
      cap: parseCount(typed.cap, '--cap', { min: 1, max: Number.MAX_SAFE_INTEGER }),
    }),
  }
}
