import type { Command } from 'commander'
import type { DrillOptions, DrillReport } from '../../drills/index.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { baseCommand, jsonOption, setAction, storeOption } from '../command.ts'
import { drillListText, drillText, skippedText, summaryText } from '../drill/text.ts'
import { exitCodes } from '../exit.ts'
import { say, writeJson } from '../output.ts'
import { untilEnded } from '../until-ended.ts'
import { parseCount } from '../values.ts'

interface DrillCommandOptions {
  readonly list?: boolean
  readonly seed?: string
  readonly failovers?: string
  readonly target?: string
}

/** Ordinarily a few minutes. */
const long = { name: 'drill', limitMs: 60 * 60_000 }

export function drillCommand(): Command {
  const command = baseCommand(
    'drill',
    'break things on purpose, and see whether everything still happens once',
  )
    .argument('[id...]', 'the drills to hold (default: all)')
    .option('--list', 'say which drills there are, and hold none')
    .option('--seed <n>', 'the same seed gives the same faults (default: another one each time)')
    .option('--failovers <n>', 'how often the failover drills fail over (default: 2)')
    .option(
      '--target <module>',
      'put a service of your own through drills: a module that exports a DrillTarget',
    )
    .addOption(storeOption('throw-away ones, SQLite and an embedded PostgreSQL'))
    .addOption(jsonOption())
  return setAction<DrillCommandOptions>(command, async ({ globals, given, options, args }) => {
    if (given.scope !== undefined)
      throw optionInvalid('--scope', 'left out: each drill takes a scope of its own', given.scope)
    const { seed, failovers, list, target } = options
    // Loaded here, so that the other commands do not load what breaks things.
    const { listDrills, listTargetDrills, runDrills, runTargetDrills } = await import('../../drills/index.ts')
    if (list === true) {
      const drills = target === undefined ? listDrills() : listTargetDrills()
      if (globals.json) await writeJson({ drills })
      else await say(drillListText(drills))
      return exitCodes.done
    }
    const chosen = {
      drills: args,
      ...(seed === undefined ? {} : { seed: parseCount(seed, '--seed', { min: 0, max: 2 ** 32 - 1 }) }),
    }
    if (target !== undefined) {
      if (given.store !== undefined)
        throw optionInvalid('--store', 'left out beside --target, whose service has its own', given.store)
      return held(globals.json, (more) => runTargetDrills(target, { ...chosen, ...more }))
    }
    const parsed = {
      ...chosen,
      ...(given.store === undefined ? {} : { store: given.store }),
      ...(failovers === undefined
        ? {}
        : { failovers: parseCount(failovers, '--failovers', { min: 1, max: 1000 }) }),
    }
    return held(globals.json, (more) => runDrills({ ...parsed, ...more }))
  })
}

type Hold = (more: Pick<DrillOptions, 'signal' | 'onProgress'>) => Promise<DrillReport>

/** Holds the drills, tells people of it, and ends them on Ctrl-C. */
function held(json: boolean, hold: Hold): Promise<number> {
  return untilEnded({ ...long, json }, async ({ signal, line }) => {
    const report = await hold({
      signal,
      onProgress: (progress) => {
        if (progress.kind === 'begun') line.begin()
        else if (progress.kind === 'doing') line.show(`${progress.id} on ${progress.store}: ${progress.text}`)
        else if (progress.kind === 'ended') line.note(drillText(progress.result))
        else line.note(skippedText(progress.skipped))
      },
    })
    const isGood = report.drills.length > 0 && report.drills.every((drill) => drill.held)
    return {
      exitCode: isGood ? exitCodes.done : exitCodes.failed,
      document: report,
      text: summaryText(report),
    }
  })
}
