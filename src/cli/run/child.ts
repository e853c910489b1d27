import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { type KeptOutput, OutputBudget, type OutputKeeper } from './output-budget.ts'

export interface ChildSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  /** Where the child's streams go while it runs. */
  readonly stdout: Writable
  readonly stderr: Writable
  readonly maxOutputBytes: number
}

export type ChildEnd =
  | {
      readonly kind: 'exited'
      readonly exitCode: number
      readonly stdout: KeptOutput
      readonly stderr: KeptOutput
    }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  /** It never began: no such file any more, no memory, arguments too long. */
  | { readonly kind: 'not-started'; readonly error: NodeJS.ErrnoException }

export interface RunningChild {
  readonly ended: Promise<ChildEnd>
  signal(name: NodeJS.Signals): void
}

/**
 * How long after the command's own end its streams may stay silent and open: a process that it left behind holds
 * them, and would hold us for ever.
 */
const lingerMs = 2000

/** Starts the command. Its input is ours, its output is passed on as it comes, and its beginning kept. */
export function startChild(spec: ChildSpec): RunningChild {
  const child = spawn(spec.command, [...spec.args], {
    env: spec.environment,
    stdio: ['inherit', 'pipe', 'pipe'],
    windowsHide: true,
  })
  const budget = new OutputBudget(spec.maxOutputBytes)
  const stdout = budget.keeper()
  const stderr = budget.keeper()
  const relays = [relay(child.stdout, spec.stdout, stdout), relay(child.stderr, spec.stderr, stderr)]
  child.once('exit', () => stopLingering(child, relays))
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ kind: 'not-started', error })
    })
    child.once('close', (exitCode, signal) => {
      if (exitCode !== null)
        resolve({ kind: 'exited', exitCode, stdout: stdout.kept(), stderr: stderr.kept() })
      else if (signal !== null) resolve({ kind: 'killed', signal })
    })
  })
  return { ended, signal: (name) => void child.kill(name) }
}

interface Relay {
  /** When the last byte came or was passed on; undefined while a slow reader holds it up. */
  quietSinceMs(): number | undefined
}

/**
 * Passes a stream on at the pace of its reader. Where the reader has gone away (`| head`) the rest is still read and
 * kept: the effect must not die of a closed pipe halfway.
 */
function relay(source: Readable, sink: Writable, keeper: OutputKeeper): Relay {
  let writing = false
  let touchedMs = performance.now()
  source.on('data', (chunk: Buffer) => {
    keeper.add(chunk)
    writing = true
    source.pause()
    sink.write(chunk, () => {
      writing = false
      touchedMs = performance.now()
      source.resume()
    })
  })
  return { quietSinceMs: () => (writing ? undefined : touchedMs) }
}

function stopLingering(child: ChildProcess, relays: readonly Relay[]): void {
  const exitedMs = performance.now()
  const check = setInterval(() => {
    const quiet = relays.map((one) => one.quietSinceMs())
    const lastMs = Math.max(exitedMs, ...quiet.map((sinceMs) => sinceMs ?? Number.POSITIVE_INFINITY))
    if (performance.now() - lastMs < lingerMs) return
    child.stdout?.destroy()
    child.stderr?.destroy()
  }, 100)
  child.once('close', () => clearInterval(check))
}
