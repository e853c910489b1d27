import type { Command } from 'commander'
import type { EntriesQuery } from '../../index.ts'
import { setAction, storeCommand } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { withLedger } from '../ledger.ts'
import { say, writeJson } from '../output.ts'
import { entriesTable } from '../table.ts'
import { parseCount, parseKey, parseStates } from '../values.ts'

interface LsOptions extends PageOptions {
  readonly state?: string
}

export interface PageOptions {
  readonly operation?: string
  readonly key?: string
  readonly subject?: string
  readonly limit?: string
  readonly cursor?: string
}

export function lsCommand(): Command {
  const command = withPageOptions(storeCommand('ls', 'list entries, newest first')).option(
    '--state <states>',
    'only these, with commas: claimed, started, released, succeeded, failed, in_doubt, tombstone',
  )
  return setAction<LsOptions>(command, ({ globals, options }) => {
    const query: EntriesQuery = {
      ...parsePage(options),
      ...(options.state === undefined ? {} : { state: parseStates(options.state, '--state') }),
    }
    return withLedger(globals, { mustExist: true }, async (once) => {
      const page = await once.entries(query)
      if (globals.json) await writeJson(page)
      else if (page.entries.length === 0) await say('No entries.')
      else await say(entriesTable(page.entries) + moreText(page.next))
      return exitCodes.done
    })
  })
}

export function withPageOptions(command: Command): Command {
  return command
    .option('--operation <name>', 'only this operation')
    .option('--key <key>', 'only this key (with --operation); a JSON array is parts')
    .option('--subject <subject>', 'only this subject, such as order:42')
    .option('--limit <n>', 'how many, 1 to 500 (default: 100)')
    .option('--cursor <cursor>', 'the page after the one that gave this cursor')
}

export function parsePage(options: PageOptions): EntriesQuery {
  const { operation, key, subject, limit, cursor } = options
  return {
    ...(operation === undefined ? {} : { operation }),
    ...(key === undefined ? {} : { key: parseKey(key, '--key') }),
    ...(subject === undefined ? {} : { subject }),
    ...(limit === undefined ? {} : { limit: parseCount(limit, '--limit', { min: 1, max: 500 }) }),
    ...(cursor === undefined ? {} : { cursor }),
  }
}

export function moreText(next: string | undefined): string {
  return next === undefined ? '' : `\nThere is more: --cursor ${next}`
}
