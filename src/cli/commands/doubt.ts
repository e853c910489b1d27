import type { Command } from 'commander'
import { OncewardError } from '../../kernel/errors.ts'
import type { Decision } from '../../ledger/onceward.ts'
import { baseCommand, setAction, storeCommand, withGlobals } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { withLedger } from '../ledger.ts'
import { say, writeJson } from '../output.ts'
import { doubtsTable, receiptLines } from '../table.ts'
import { parseJson } from '../values.ts'
import { moreText, type PageOptions, parsePage, withPageOptions } from './ls.ts'
import { entryOf, withEntryArguments } from './show.ts'

export function doubtCommand(): Command {
  return withGlobals(baseCommand('doubt', 'what may have happened and nobody knows: list it, decide it'))
    .enablePositionalOptions()
    .addCommand(listCommand())
    .addCommand(resolveCommand())
}

function listCommand(): Command {
  const command = withPageOptions(
    storeCommand('list', 'list the entries in doubt; exit code 1 when there are any'),
  )
  return setAction<PageOptions>(command, ({ globals, options }) => {
    const query = parsePage(options)
    return withLedger(globals, { mustExist: true }, async (once) => {
      const page = await once.doubts.list(query)
      if (globals.json) await writeJson(page)
      else if (page.doubts.length === 0) await say('Nothing is in doubt.')
      else await say(`${doubtsTable(page.doubts)}${moreText(page.next)}\n\n${advice}`)
      return page.doubts.length === 0 ? exitCodes.done : exitCodes.found
    })
  })
}

const advice = `Ask the target whether it happened, then say so:
  onceward doubt resolve REF --happened --by NAME --because TEXT
  onceward doubt resolve REF --did-not-happen --by NAME --because TEXT`

interface ResolveOptions {
  readonly happened?: boolean
  readonly didNotHappen?: boolean
  readonly value?: string
  readonly by: string
  readonly because: string
}

function resolveCommand(): Command {
  const command = withEntryArguments(storeCommand('resolve', 'end a doubt with what a person found out'))
    .option('--happened', 'the effect happened: the entry becomes succeeded')
    .option('--did-not-happen', 'the effect did not happen: the entry becomes free to run again')
    .option('--value <json>', 'with --happened: the result that replays give')
    .requiredOption('--by <name>', 'who decides')
    .requiredOption('--because <text>', 'what the decision rests on')
  return setAction<ResolveOptions>(command, ({ globals, options, args }) => {
    const which = entryOf(args)
    const decision = decisionOf(options)
    return withLedger(globals, { mustExist: true }, async (once) => {
      const receipt = await once.doubts.resolve(which, decision)
      if (globals.json) await writeJson(receipt)
      else await say(receiptLines(receipt))
      return exitCodes.done
    })
  })
}

function decisionOf({ happened, didNotHappen, value, by, because }: ResolveOptions): Decision {
  if ((happened === true) === (didNotHappen === true)) {
    const got = happened === true ? 'both' : 'neither'
    throw new OncewardError('OPTION_INVALID', `Give one of --happened and --did-not-happen, got ${got}.`)
  }
  if (happened !== true) {
    if (value === undefined) return { happened: false, by, because }
    throw new OncewardError(
      'OPTION_INVALID',
      `--value goes with --happened, got ${JSON.stringify(value)} with --did-not-happen.`,
    )
  }
  return {
    happened: true,
    by,
    because,
    ...(value === undefined ? {} : { value: parseJson(value, '--value') }),
  }
}
