import { type Command, Option } from 'commander'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import type { Intent } from '../../ledger/intent.ts'
import { type Invocation, setAction, storeCommand } from '../command.ts'
import { withLedger } from '../ledger.ts'
import { parseCount, parseDuration, parseJson, parseKey } from '../values.ts'
import { requireExecutable } from '../run/executable.ts'
import { report } from '../run/report.ts'
import { maxRecordBytes } from '../run/record.ts'
import { runGuarded } from '../run/guarded.ts'
import { SignalRelay } from '../run/signals.ts'

interface RunOptions {
  readonly operation: string
  readonly key: string
  readonly safety: 'keyed' | 'blind'
  readonly keyLifetime?: string
  readonly lease?: string
  readonly retry?: 'on-failure' | 'never'
  readonly wait?: string | false
  readonly subject?: string
  readonly input?: string
  readonly maxOutput: string
}

/** Timers hold 2^31 - 1 ms, a little more than this. */
const longestMs = 24 * 86_400_000
const defaultLeaseMs = 30_000
const libraryResultBytes = 262_144

export function runCommand(): Command {
  const command = storeCommand('run', 'run a command once: its output and exit code are kept and replayed')
    .usage('--operation NAME --key KEY [options] -- COMMAND [ARGUMENT…]')
    .argument('<command...>', 'the command and its arguments; put -- before it')
    .requiredOption('--operation <name>', 'the name of the kind of work: charge, nightly-report')
    .requiredOption('--key <key>', 'names the work, never the attempt or the time; a JSON array is parts')
    .addOption(
      new Option(
        '--safety <kind>',
        'what the target guarantees: keyed (it deduplicates by ONCEWARD_EFFECT_KEY) or blind',
      )
        .choices(['keyed', 'blind'])
        .default('blind'),
    )
    .option(
      '--key-lifetime <duration>',
      'with --safety keyed: how long the target remembers a key (default: 23h)',
    )
    .option(
      '--lease <duration>',
      'after how long without a sign of life this run counts as dead (default: 30s)',
    )
    .addOption(
      new Option(
        '--retry <when>',
        'on-failure: a non-zero exit code is run again by the next call (default: never)',
      ).choices(['never', 'on-failure']),
    )
    .option('--wait <duration>', 'how long to wait while somebody else does it (default: the lease and 5s)')
    .option('--no-wait', 'do not wait: end with exit code 1 and IN_PROGRESS')
    .option('--subject <subject>', 'the business thing this is about: order:42')
    .option('--input <json>', 'what the key is held to (default: the command and its arguments)')
    .option('--max-output <bytes>', 'how much output is kept, both streams together', '128000')
    .passThroughOptions()
  return setAction<RunOptions>(command, run)
}

async function run({ globals, options, args }: Invocation<RunOptions>): Promise<number> {
  const intent = intentOf(options, args)
  const maxOutputBytes = parseCount(options.maxOutput, '--max-output', { min: 0, max: 16 * 1024 * 1024 })
  const [command = '', ...rest] = args
  await requireExecutable(command)
  const signals = new SignalRelay()
  const ledgerOptions = {
    maxResultBytes: Math.max(libraryResultBytes, maxRecordBytes(maxOutputBytes)),
    maxRunMs: longestMs,
  }
  return withLedger(globals, { mustExist: false, options: ledgerOptions }, async (once) => {
    await once.open()
    const job = { intent, command, args: rest, maxOutputBytes, streamsToStderr: globals.json }
    const outcome = await runGuarded(once, job, signals)
    return report(outcome, { json: globals.json })
  })
}

function intentOf(options: RunOptions, args: readonly string[]): Intent {
  const leaseMs = options.lease === undefined ? defaultLeaseMs : boundedMs(options.lease, '--lease')
  const isWaitGiven = typeof options.wait === 'string'
  // A dead owner is seen when its lease has lapsed; a shorter wait would only say that it may be alive.
  const waitMs = isWaitGiven ? boundedMs(options.wait, '--wait') : leaseMs + 5000
  return {
    operation: options.operation,
    key: parseKey(options.key, '--key'),
    input: options.input === undefined ? { command: [...args] } : parseJson(options.input, '--input'),
    safety: safetyOf(options),
    leaseMs,
    waitMs,
    onConcurrent: options.wait === false ? 'reject' : 'wait',
    ...(options.subject === undefined ? {} : { subject: options.subject }),
    ...(options.retry === undefined ? {} : { retry: options.retry }),
  }
}

function safetyOf({ safety, keyLifetime }: RunOptions): NonNullable<Intent['safety']> {
  if (safety === 'keyed') {
    return keyLifetime === undefined
      ? { kind: 'keyed' }
      : { kind: 'keyed', keyLifetimeMs: parseDuration(keyLifetime, '--key-lifetime') }
  }
  if (keyLifetime === undefined) return { kind: 'blind' }
  throw new OncewardError(
    'OPTION_INVALID',
    `--key-lifetime goes with --safety keyed, got ${JSON.stringify(keyLifetime)} without it.`,
  )
}

function boundedMs(text: string, name: string): number {
  const ms = parseDuration(text, name)
  if (ms > longestMs) throw optionInvalid(name, 'at most 24d', text)
  return ms
}
