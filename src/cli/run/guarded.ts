import { DefiniteFailure, type Attempt, type Onceward, type Receipt } from '../../index.ts'
import type { Intent } from '../../ledger/intent.ts'
import { note } from '../output.ts'
import { startChild } from './child.ts'
import { type RunRecord, recordOf } from './record.ts'
import type { SignalRelay } from './signals.ts'

export interface Job {
  readonly intent: Intent
  readonly command: string
  readonly args: readonly string[]
  readonly maxOutputBytes: number
  /** With `--json` standard output belongs to the receipt. */
  readonly streamsToStderr: boolean
}

/** How a guarded run ended. `ran` is what the command of this very call did; absent when it did not run or was killed. */
export interface GuardedRun {
  readonly receipt: Receipt
  readonly ran?: RunRecord
}

/** As a shell says it: found, and could not be run. */
const notStartedExitCode = 126

/** Runs the command under the guard, or finds out why it need not or must not run. */
export async function runGuarded(once: Onceward, job: Job, signals: SignalRelay): Promise<GuardedRun> {
  let ran: RunRecord | undefined
  let recorded: Promise<void> | undefined
  const noteWaiting = waitingNote()
  once.on('waiting', () => {
    signals.idle()
    noteWaiting()
  })
  once.on('claimed', () => signals.claiming())
  once.on(
    'twin',
    (event) => void note(`warning: entry ${event.twinRef} has the same input and subject under another key.`),
  )
  once.on('key_unstable', (event) => void note(`warning: ${event.message}`))
  signals.claiming()
  const receipt = await once.execute<RunRecord>(job.intent, async (attempt) => {
    const child = startChild({
      command: job.command,
      args: job.args,
      environment: environmentOf(attempt),
      stdout: job.streamsToStderr ? process.stderr : process.stdout,
      stderr: process.stderr,
      maxOutputBytes: job.maxOutputBytes,
    })
    recorded = whenRecorded(once, attempt)
    signals.running(child)
    // A command is not stopped for a lost lease: how it ends may still settle what others have put in doubt.
    attempt.signal.addEventListener(
      'abort',
      () => void note('the lease was lost while the command runs; waiting for its end.'),
    )
    const end = await child.ended
    signals.settling()
    if (end.kind === 'killed') throw new Error(`the command was killed by ${end.signal} after it had begun`)
    if (end.kind === 'not-started') throw notStarted(job.command, end.error)
    ran = recordOf(end.exitCode, end.stdout, end.stderr)
    if (ran.exitCode === 0) return ran
    throw new DefiniteFailure(`exit code ${ran.exitCode}`, { code: 'COMMAND_FAILED', value: ran })
  })
  // From here on nothing is at stake: a replay to a slow reader ends like any other program.
  if (recorded === undefined) signals.idle()
  const isEarly = receipt.error?.code === 'LEASE_LOST' || receipt.error?.code === 'CLOSED'
  if (!isEarly || recorded === undefined) return { receipt, ...(ran === undefined ? {} : { ran }) }
  // The guard answered when the lease was lost; the command went on, and its late outcome may have settled the entry.
  await recorded
  const latest = (await once.lookup(receipt.ref)) ?? receipt
  const isSettled = latest.state === 'succeeded' || latest.state === 'failed'
  return {
    receipt: isSettled ? { ...latest, replayed: false } : receipt,
    ...(ran === undefined ? {} : { ran }),
  }
}

const ends = [
  'succeeded',
  'failed',
  'released',
  'in_doubt',
  'outcome_unknown',
  'late_outcome',
  'store_fault',
] as const

/** Resolves when the end of this attempt has been written, or could not be. */
function whenRecorded(once: Onceward, attempt: Attempt): Promise<void> {
  return new Promise((resolve) => {
    for (const type of ends) {
      once.on(type, (event) => {
        if (event.type === 'store_fault' ? !event.retried : event.fence.attempt === attempt.number) resolve()
      })
    }
  })
}

/** Once, and only to somebody who sits there and wonders: in a log, a replay is to read like the first run. */
function waitingNote(): () => void {
  let isSaid = !process.stderr.isTTY
  return () => {
    if (!isSaid) void note('somebody else is doing this; waiting for how it ends.')
    isSaid = true
  }
}

function environmentOf(attempt: Attempt): NodeJS.ProcessEnv {
  return { ...process.env, ONCEWARD_EFFECT_KEY: attempt.effectKey, ONCEWARD_ATTEMPT: String(attempt.number) }
}

function notStarted(command: string, error: NodeJS.ErrnoException): DefiniteFailure {
  const nothing = { bytes: Buffer.alloc(0), totalBytes: 0 }
  const said = Buffer.from(`onceward: ${command} could not be started: ${error.message}\n`)
  const value = recordOf(notStartedExitCode, nothing, { bytes: said, totalBytes: said.length })
  return new DefiniteFailure(`could not be started: ${error.message}`, {
    code: 'COMMAND_NOT_STARTED',
    value,
    // Nothing began, so the key is free for the next call, whatever --retry says.
    retryable: true,
    cause: error,
  })
}
