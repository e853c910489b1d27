// node scripts/cli-reference.ts [--check]: writes docs/reference/cli.md from the commands themselves. With --check it
// only says whether the file is up to date (exit 1 where it is not).
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { exitCodeOfCode } from '../src/cli/exit.ts'
import { createProgram } from '../src/cli/program.ts'
import { errorCodes } from '../src/kernel/error-codes.ts'

export const referencePath: string = fileURLToPath(new URL('../docs/reference/cli.md', import.meta.url))

const exitCodeMeanings = [
  'done; nothing found',
  'failed, or found what it looked for (`doubt list` with doubts, `doctor` with a promise that does not hold, `demo` with a duplicate, `drill` where something did not hold or was not reached, `contract` with a service that does not conform, `audit` with duplicates)',
  'bad usage or input; the offending value is named',
  'in doubt: it may have happened, and nobody knows',
  'the store is not available, or is not a ledger; the database that `audit` reads is not available',
]

const intro = `<!-- Written by scripts/cli-reference.ts from the commands themselves. Do not edit. -->
# Command line

Inside the checkout the command is \`npm run --silent onceward -- ARGS\`; installed, it is \`onceward ARGS\`.

Standard output is for programs: one JSON document with \`--json\`, or the standard output of the command that \`run\`
ran. What people read (tables, progress, errors) goes to standard error. With \`--json\`, a command that fails prints
\`{"error":{"code","message"}}\`. The shapes are in [json.md](json.md).

Durations are written \`500ms\`, \`30s\`, \`5m\`, \`24h\`, \`7d\`. A key that is a JSON array is parts: \`'["order",1001]'\`.

\`ls\`, \`show\`, \`doubt\`, \`sweep\` and \`doctor\` never make a ledger: a SQLite file that is not there ends them with exit
code 4.

## Exit codes
`

const runNotes = `\`\`\`sh
onceward run --operation nightly-report --key 2026-01-31 -- ./report.sh
onceward run --operation payout --key '["payout",1001]' --safety keyed -- ./payout.sh 1001
\`\`\`

- The command gets \`ONCEWARD_EFFECT_KEY\`, to pass to a target that deduplicates, and \`ONCEWARD_ATTEMPT\`. Its input is
  ours; its output is passed on as it comes and kept, both streams together up to \`--max-output\` bytes. More is passed
  on as well, but not kept: the record says \`truncated\`, and a replay says so on standard error.
- The next call with the same key replays both streams, byte for byte, and the exit code. The key is held to the
  command and its arguments: another command under the same key is refused with \`KEY_REUSED\`. Where the arguments
  change without meaning (the name of a temporary file), hold it to something else with \`--input\`.
- A non-zero exit code is a definite failure and is replayed too. With \`--retry on-failure\` the next call runs it again
  instead, with a new effect key. The call that fails decides: without the option, its failure is final.
- Where the command or Onceward is killed after the start, nobody knows what happened: exit code 3, now and in later
  calls, until \`onceward doubt resolve\`. With \`--safety keyed\` the next call runs the command again with the same
  effect key. A shell that outlives its killed child ends with a code of its own (137), which is a failure like another.
- A call that comes while another runs waits for it and replays its outcome. After a crash, a call waits until the
  dead one's lease has lapsed (\`--lease\`).
- A command that is not on PATH, or not executable, is refused with exit code 2 and leaves no entry. One that cannot be
  started for another reason (its interpreter is missing) fails with exit code 126, and
  the next call tries again.
- SIGINT, SIGTERM and SIGHUP are passed on to the command; Onceward stays until it has ended and its outcome is
  recorded. When a reader goes away (\`| head\`), the command runs on to its end.
- What a command leaves running in the background is not waited for once it has kept silent for 2 seconds.
- The exit code is the command's own where it has one. Onceward's own come with a line on standard error that begins
  with \`onceward:\`.`

const notesOf: Readonly<Record<string, string>> = {
  run: runNotes,
  audit: 'What it reads, what it calls a duplicate and how sure it is: [the guide](../guide/audit.md).',
  contract: 'What is sent, what is checked and how effects are counted: [the guide](../guide/contract.md).',
  drill: 'What is drilled, what must hold and what is left behind: [the guide](../guide/drills.md).',
}

/** The text of docs/reference/cli.md. */
export function cliReference(): string {
  const program = createProgram()
  const sections = leaves(program).map((command) => section(command))
  return `${[`${intro}${exitCodeTable()}`, section(program), ...sections].join('\n\n')}\n`
}

function exitCodeTable(): string {
  const rows = exitCodeMeanings.map((meaning, code) => `| ${code} | ${meaning} | ${codesFor(code)} |`)
  return ['| code | meaning | errors |', '| --- | --- | --- |', ...rows].join('\n')
}

function codesFor(exitCode: number): string {
  const codes = errorCodes.filter((code) => exitCodeOfCode(code) === exitCode)
  return codes.map((code) => `[\`${code}\`](errors.md#${code.toLowerCase()})`).join(' ')
}

function leaves(command: Command): Command[] {
  return command.commands.flatMap((inner) => (inner.commands.length > 0 ? leaves(inner) : [inner]))
}

function section(command: Command): string {
  command.configureHelp({ helpWidth: 110 })
  const notes = notesOf[command.name()] === undefined ? '' : `${notesOf[command.name()]}\n\n`
  return `## ${nameOf(command)}\n${notes}\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\``
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = cliReference()
  if (process.argv[2] !== '--check') writeFileSync(referencePath, text)
  else if (readFileSync(referencePath, 'utf8') !== text) {
    process.stderr.write('docs/reference/cli.md is out of date: node scripts/cli-reference.ts\n')
    process.exitCode = 1
  }
}
