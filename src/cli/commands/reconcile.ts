import type { Command } from 'commander'
import { setAction, storeCommand } from '../command.ts'
import { applyCommand, undoCommand } from '../reconcile/apply.ts'
import type { ReconcileCommandOptions } from '../reconcile/options.ts'

export function reconcileCommand(): Command {
  const command = storeCommand(
    'reconcile',
    'compare two sources by key, and clean up what is there too often',
  )
    .usage('--left SOURCE --right SOURCE --on COLUMN[=COLUMN],… [options]')
    .option(
      '--left <source>',
      'what should be there: a file, a glob, -, postgres://…?table=NAME, sqlite:./file.db?table=NAME, or the https: URL of a list',
    )
    .option('--right <source>', 'what is there: as --left')
    .option('--on <columns>', 'the key: COLUMN, or LEFT=RIGHT, several with commas')
    .option(
      '--compare <columns>',
      'what must agree: COLUMN, or LEFT=RIGHT, with ~0.01, ~1% or ~5s for what it may differ by',
    )
    .option('--left-at <column>', 'when a row came to be')
    .option('--right-at <column>', 'when a row came to be')
    .option('--grace <duration>', 'how long a counterpart may take: 15m (pending is not missing)')
    .option(
      '--as-of <time>',
      'what the grace is reckoned from (default: now; of two files, their youngest row)',
    )
    .option('--left-where <sql>', "only rows that satisfy this: status = 'paid'")
    .option('--right-where <sql>', 'only rows that satisfy this')
    .option('--left-api <kind>', 'how a list is paged: stripe, github, JSON or a file of JSON')
    .option('--right-api <kind>', 'how a list is paged')
    .option('--left-token <variable>', 'the environment variable that is sent to it as a bearer token')
    .option('--right-token <variable>', 'the environment variable that is sent to it as a bearer token')
    .option('--samples <count>', 'differences of each kind to show (default: 10)')
    .option('--out <file>', 'write every difference, one JSON document a line')
    .option('--assume-utc', 'take times without a zone for UTC')
    .option('--print-sql <dialect>', 'instead: the SQL that compares them, for duckdb, postgres or spark')
  fixingOptions(command)
  watchingOptions(command)
  readingOptions(command)
  // Theirs are options of the same names.
  command.enablePositionalOptions().addCommand(applyCommand()).addCommand(undoCommand())
  return setAction<ReconcileCommandOptions>(command, async ({ globals, options }) => {
    if (options.printSql !== undefined) {
      const { printSql } = await import('../reconcile/print-sql.ts')
      return printSql(options, options.printSql)
    }
    if (options.watch === true || options.every !== undefined) {
      const { follow } = await import('../reconcile/follow.ts')
      return follow(options, globals)
    }
    const { compare } = await import('../reconcile/compare.ts')
    return compare(options, globals.json)
  })
}

function fixingOptions(command: Command): void {
  command
    .option('--fix <file>', 'write a plan that takes away what is there too often; nothing is changed')
    .option('--recall <file>', 'write the rows to take back, each with the one that stays, as CSV')
    .option('--id <columns>', 'with --fix: what names a row of the right side (default: its primary key)')
    .option('--keep <rule>', 'with --fix: which row of a key stays, first or last (default: first)')
    .option(
      '--mark <column>',
      'with --fix: the column to set (default: deleted_at; without one, rows move to a table beside)',
    )
    .option('--ignore <columns>', 'with --fix: columns in which a repetition may differ')
    .option('--call <url>', 'with --fix: call this for each row, once, instead of changing the table')
    .option('--call-safety <safety>', 'keyed if the service deduplicates by Idempotency-Key (default: blind)')
    .option('--call-token <variable>', 'the environment variable that is sent to it as a bearer token')
}

function watchingOptions(command: Command): void {
  command
    .option('--watch', 'compare again and again, only what is new, and tell when it is not clean')
    .option('--every <duration>', 'with --watch: how often (default: 1m)')
    .option('--name <name>', 'with --watch: the name under which its state is kept (default: of the sources)')
    .option('--rounds <count>', 'with --watch: end after so many')
    .option('--exit-on-alert', 'with --watch: end with 1 at the first alert')
}

/** How files are read; all of it is guessed or has a default. */
function readingOptions(command: Command): void {
  command
    .option('--delimiter <character>', 'between columns (guessed)')
    .option('--quote <character>', 'around cells, or none (guessed)')
    .option('--encoding <name>', 'utf-8, utf-16le, utf-16be or latin1 (guessed)')
    .option('--engine <name>', 'node or duckdb (default: the one that fits; a database joins its own tables)')
    .option('--memory <size>', 'of DuckDB, before it spills to disk (default: 2GB)')
    .option('--threads <count>', 'of DuckDB (default: all)')
}
