import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Journal } from '../testing/journal.ts'
import type { ChildConfig, Counts, FromChild, ToChild } from './messages.ts'

/** Which file of `processes/` a child runs. */
export type ChildRole = 'worker' | 'client' | 'provider' | 'partner' | 'mail-sink'

export interface ChildSpec {
  readonly role: ChildRole
  readonly name: string
  readonly config: ChildConfig
  readonly onMessage?: (message: FromChild) => void
}

/** One running process of the demo. */
export interface Child {
  readonly name: string
  readonly pid: number
  /** Resolves with its address once it runs. */
  readonly ready: Promise<string>
  readonly exited: Promise<void>
  send(message: ToChild): void
  /** SIGKILL. Resolves true once it is gone by our doing, false when it had ended before. */
  kill(): Promise<boolean>
  /** Lets it finish, for at most `withinMs`; then it is killed. */
  stop(withinMs: number): Promise<Counts>
}

/** All processes of one run: what is started here is gone when the run ends, however it ends. */
export interface Children {
  start(spec: ChildSpec): Child
  /** Kills what is left and waits until all are gone. */
  endAll(): Promise<void>
}

interface Tracked {
  readonly process: ChildProcess
  state: 'running' | 'stopping' | 'gone'
  errors: string
}

const maxErrorChars = 4_000
/** This checkout runs TypeScript as it is, the published package runs what was made of it. */
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

export interface ChildrenOptions {
  readonly journal: Journal
  /** Where compiled code is kept for the next process of the same kind: most of a start is compiling. */
  readonly cacheFolder: string
  /** Hears of a child that ended by itself. */
  readonly onFailure: (error: Error) => void
}

export function makeChildren(options: ChildrenOptions): Children {
  const { journal, onFailure } = options
  const all = new Set<Child>()
  let isEnding = false
  return {
    start: (spec) => {
      // A killed worker's successor must not be born while all are being ended.
      if (isEnding) throw new Error(`The run is ending, ${spec.name} does not start any more.`)
      const tracked: Tracked = {
        process: spawnRole(spec.role, options.cacheFolder),
        state: 'running',
        errors: '',
      }
      const child = makeChild(spec, tracked, { journal, onFailure })
      all.add(child)
      void child.exited.then(() => all.delete(child))
      return child
    },
    endAll: async () => {
      isEnding = true
      await Promise.all([...all].map((child) => child.kill()))
    },
  }
}

function spawnRole(role: ChildRole, cacheFolder: string): ChildProcess {
  const file = fileURLToPath(new URL(`./processes/${role}${extension}`, import.meta.url))
  // What a user may have had to tell Node for the parent to run at all; never --inspect and the like.
  const inherited = process.execArgv.filter((argument) => argument.startsWith('--experimental-'))
  const args = [...inherited, '--disable-warning=ExperimentalWarning', file]
  const env = { NODE_COMPILE_CACHE: cacheFolder, ...process.env }
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], windowsHide: true, env })
}

interface ChildContext {
  readonly journal: Journal
  readonly onFailure: (error: Error) => void
}

function makeChild(spec: ChildSpec, tracked: Tracked, context: ChildContext): Child {
  const { name } = spec
  const { process: child } = tracked
  const pid = child.pid ?? 0
  const { promise: ready, resolve: becomeReady, reject: failToStart } = Promise.withResolvers<string>()
  // Who waits for it hears of it; where nobody waits, `onFailure` does.
  ready.catch(() => {})
  let stopped: Counts = {}
  collectErrors(tracked)
  child.on('message', (message: FromChild) => {
    if (message.kind === 'ready') becomeReady(message.address)
    else if (message.kind === 'stopped') stopped = message.counts
    spec.onMessage?.(message)
  })
  context.journal.append({ event: 'started', name, pid })
  const exited = whenGone(spec, tracked, { ...context, failToStart })
  const send = (message: ToChild): void => {
    if (child.connected) child.send(message, () => {})
  }
  send({ kind: 'config', config: spec.config })
  const kill = async (): Promise<boolean> => {
    const wasRunning = tracked.state === 'running'
    if (wasRunning) tracked.state = 'stopping'
    child.kill('SIGKILL')
    await exited
    return wasRunning && child.signalCode === 'SIGKILL'
  }
  const stop = async (withinMs: number): Promise<Counts> => {
    if (tracked.state === 'running') tracked.state = 'stopping'
    send({ kind: 'stop' })
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
    await exited
    clearTimeout(timer)
    return stopped
  }
  return { name, pid, ready, exited, send, kill, stop }
}

interface GoneContext extends ChildContext {
  readonly failToStart: (error: Error) => void
}

function whenGone(spec: ChildSpec, tracked: Tracked, context: GoneContext): Promise<void> {
  const { process: child } = tracked
  return new Promise((resolve) => {
    const end = (how: string): void => {
      if (tracked.state === 'gone') return
      const wasRunning = tracked.state === 'running'
      tracked.state = 'gone'
      context.journal.append({ event: 'ended', name: spec.name, pid: child.pid ?? 0, how })
      const error = new Error(`The ${spec.name} process ended by itself (${how}). ${tracked.errors.trim()}`)
      if (wasRunning) context.onFailure(error)
      context.failToStart(error)
      resolve()
    }
    child.once('error', (error) => end(error.message))
    // Not `exit`: the last of what it said may come after that.
    child.once('close', (code, signal) => end(signal ?? `exit code ${code}`))
  })
}

/** Keeps the last of what the child said, to name the cause when it ends by itself. */
function collectErrors(tracked: Tracked): void {
  tracked.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tracked.errors = `${tracked.errors}${text}`.slice(-maxErrorChars)
  })
}
