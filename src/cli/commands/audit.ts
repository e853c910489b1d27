import type { Command } from 'commander'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { type AuditCommandOptions, auditOptions } from '../audit/options.ts'
import { progressLine } from '../audit/progress.ts'
import { publish } from '../audit/publish.ts'
import { auditText } from '../audit/text.ts'
import { baseCommand, jsonOption, setAction } from '../command.ts'
import { exitCodes } from '../exit.ts'
import { untilEnded } from '../until-ended.ts'

/** As long as a timer can be: a large table takes as long as it takes. */
const limitMs = 2_000_000_000

function gathered(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

export function auditCommand(): Command {
  const command = baseCommand('audit', 'find what happened more than once in data that is there')
    .argument(
      '<source...>',
      'a CSV, JSONL or Parquet file, a glob or several, -, or postgres://…?table=NAME or ?query=SELECT…',
    )
    .usage('SOURCE [--ref COLUMN,…] [options]')
    .option(
      '--ref <columns>',
      'what must happen once: its columns (guessed where not given, as are those below)',
    )
    .option(
      '--effect <column>',
      'the id that the target gave: rows with the same one are one effect (none: there is none)',
    )
    .option('--key <column>', 'the idempotency key')
    .option('--at <column>', 'when it happened')
    .option('--amount <column>', 'money: with a decimal point anywhere major units, else minor units')
    .option('--worker <column>', 'who did it')
    .option('--segment <column>', 'the part of a run that it belongs to')
    .option('--within <duration>', 'effects further apart are not compared: 24h')
    .option('--ignore <columns>', 'columns that say nothing of what was wished (several times)', gathered, [])
    .option(
      '--known <name=ms>',
      'a constant that a gap may be explained by: lease=30000 (several times)',
      gathered,
      [],
    )
    .option(
      '--baseline <source>',
      'the same without the trouble, say of the night before: its rows are counted',
    )
    .option('--limit <count>', 'groups to list (default: 100)')
    .option('--minor-digits <count>', 'of the currency (default: 2)')
    .option('--assume-utc', 'take times without a zone for UTC')
    .option('--csv [file]', 'write the groups as CSV to a file, or to standard output')
    .option('--html [file]', 'write the report as one HTML file, or to standard output')
    .option('--print-sql <dialect>', 'instead: the SQL that finds them, for duckdb, postgres or spark')
    .option('--watch', 'instead: follow a file or table that grows, and tell of each duplicate as it comes')
    .option('--cursor <column>', 'with --watch, of a table: a column that rises (default: that of --at)')
    .option('--every <duration>', 'with --watch: how often to look (default: 1s)')
    .option('--exit-on-alert', 'with --watch: end with 1 at the first duplicate')
  readingOptions(command)
  return setAction<AuditCommandOptions>(command, async ({ globals, options, args }) => {
    const [source = ''] = args
    if (args.length > 1 && (options.printSql !== undefined || options.watch === true)) refuseSeveral(args)
    if (options.printSql !== undefined) {
      const { printSql } = await import('../audit/print-sql.ts')
      return printSql(source, options, options.printSql)
    }
    if (options.watch === true) {
      const { watch } = await import('../audit/watch.ts')
      return watch(source, options, globals.json)
    }
    return run(args, options, globals.json)
  })
}

/** How a source is read; all of it is guessed or has a default. */
function readingOptions(command: Command): void {
  command
    .option('--delimiter <character>', 'between columns (guessed)')
    .option('--quote <character>', 'around cells, or none (guessed)')
    .option('--encoding <name>', 'utf-8, utf-16le, utf-16be or latin1 (guessed)')
    .option('--engine <name>', 'node or duckdb, for files (default: node below 200 MB)')
    .option('--memory <size>', 'of DuckDB, before it spills to disk (default: 2GB)')
    .option('--threads <count>', 'of DuckDB (default: all)')
    .addOption(jsonOption())
}

async function run(sources: readonly string[], typed: AuditCommandOptions, json: boolean): Promise<number> {
  const options = auditOptions(typed)
  refuseTwoOutputs(typed, json)
  const { audit } = await import('../../reconcile/audit/audit.ts')
  return untilEnded({ name: 'audit', json, limitMs }, async ({ signal, line }) => {
    const progress = progressLine(line)
    try {
      const report = await audit(sources, { ...options, signal, onProgress: progress.onProgress })
      await publish(report, typed)
      return {
        exitCode: report.duplicateRefs > 0 ? exitCodes.found : exitCodes.done,
        document: report,
        text: auditText(report),
      }
    } finally {
      progress.close()
    }
  })
}

function refuseSeveral(args: readonly string[]): never {
  throw optionInvalid('SOURCE', 'one file or table with --watch and --print-sql', args.join(' '))
}

/** Standard output is for one document. */
function refuseTwoOutputs({ csv, html }: AuditCommandOptions, json: boolean): void {
  const names = [
    ...(json ? ['--json'] : []),
    ...(csv === true || csv === '-' ? ['--csv'] : []),
    ...(html === true || html === '-' ? ['--html'] : []),
  ]
  if (names.length < 2) return
  const message = `${names.join(' and ')} cannot both write to standard output; give one of them a file.`
  throw new OncewardError('OPTION_INVALID', message)
}
