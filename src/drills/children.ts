import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openJournal } from '../testing/journal.ts'

/** Which file of `processes/` a child runs. */
export type ChildRole = 'load' | 'peer' | 'worker'

export interface ChildSpec {
  readonly role: ChildRole
  readonly name: string
  /** JSON; the child reads it with `childConfig`. */
  readonly config: object
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last of what it said on standard error. */
  readonly errors: string
}

/** A message between a drill and its children. */
export interface Message {
  readonly kind: string
}

/** One process of a drill. */
export interface Child {
  readonly name: string
  readonly pid: number
  readonly ended: Promise<Ended>
  hasEnded(): boolean
  send(message: Message): void
  /**
   * The first message not taken yet that matches. Rejects when the process ends without it, or after `withinMs` (a
   * minute), with what the process is doing.
   */
  take<M extends Message>(matches: (message: Message) => message is M, withinMs?: number): Promise<M>
  /** All messages not taken yet. */
  rest(): readonly Message[]
  signal(signal: NodeJS.Signals): void
  /**
   * SIGCONT, again and again until another signal or its end: a process that says that it stops does so a moment later,
   * and on a busy machine a single SIGCONT may come before its SIGSTOP and be lost.
   */
  goOn(): void
  /** SIGKILL, and waits until it is gone. Works on a stopped process too. */
  kill(): Promise<void>
}

/** All processes of one drill: whatever is started here is gone when the drill ends, however it ends. */
export interface Children {
  start(spec: ChildSpec): Child
  /** Writes down a signal to a process that is not one of these: a server's. */
  note(process: { readonly pid: number; readonly name: string; readonly signal: NodeJS.Signals }): void
  endAll(): Promise<void>
}

export const configVariable = 'ONCEWARD_DRILL_CONFIG'
const maxErrorChars = 4_000
/** Longest wait for a message. */
const patienceMs = 60_000
const againMs = 500
/** The checkout runs TypeScript as it is, the published package what was made of it. */
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

export interface ChildrenOptions {
  /** Journal of starts, signals and ends. */
  readonly processesPath: string
  /** Where Node keeps compiled code unless `NODE_COMPILE_CACHE` says: dozens of short-lived processes load the same files. */
  readonly compileCachePath: string
}

const families = new Set<ReadonlyMap<number, Child>>()

/** When this process goes without `endAll`: no child outlives it, not even a stopped one. */
function endFamilies(): void {
  for (const family of families) for (const child of family.values()) child.signal('SIGKILL')
}

export function makeChildren(options: ChildrenOptions): Children {
  const journal = openJournal(options.processesPath)
  const log = (pid: number, name: string, more: object): void =>
    journal.append({ pid, signal: null, name, ...more })
  const all = new Map<number, Child>()
  families.add(all)
  process.off('exit', endFamilies).on('exit', endFamilies)
  let isEnding = false
  return {
    start: (spec) => {
      if (isEnding) throw new Error(`The drill is ending, ${spec.name} does not start any more.`)
      const running = spawnRole(spec, options.compileCachePath)
      const pid = running.pid ?? 0
      log(pid, spec.name, { event: 'started' })
      const child = makeChild(spec.name, running, (more) => log(pid, spec.name, more))
      if (pid !== 0) all.set(pid, child)
      void child.ended.then(() => all.delete(pid))
      return child
    },
    note: ({ pid, name, signal }) => log(pid, name, { event: 'signal', signal }),
    endAll: async () => {
      isEnding = true
      await Promise.all([...all.values()].map((child) => child.kill()))
      families.delete(all)
      journal.close()
    },
  }
}

function spawnRole(spec: ChildSpec, compileCachePath: string): ChildProcess {
  const file = fileURLToPath(new URL(`./processes/${spec.role}${extension}`, import.meta.url))
  // What a user may have had to tell Node for the parent to run at all; never --inspect and the like.
  const inherited = process.execArgv.filter((argument) => argument.startsWith('--experimental-'))
  return spawn(process.execPath, [...inherited, '--disable-warning=ExperimentalWarning', file], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    windowsHide: true,
    // A group of its own: Ctrl-C in a terminal reaches the drill, which then ends its processes in its own order.
    detached: true,
    env: {
      ...process.env,
      // Whoever has such a place already spares each drill its first compilation.
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? compileCachePath,
      [configVariable]: JSON.stringify(spec.config),
    },
  })
}

interface Waiting {
  readonly matches: (message: Message) => boolean
  readonly resolve: (message: never) => void
  readonly reject: (error: Error) => void
  /** Ends the wait for it, whatever comes of it. */
  readonly heard: () => void
}

function makeChild(name: string, running: ChildProcess, log: (more: object) => void): Child {
  const messages: Message[] = []
  let waiting: Waiting[] = []
  let end: Ended | undefined
  let again: NodeJS.Timeout | undefined
  const ended = whenEnded(running, (how) => {
    end = how
    clearInterval(again)
    log({ event: 'ended', code: how.code, signal: how.signal })
    for (const one of waiting.splice(0)) {
      one.heard()
      one.reject(endedEarly(name, how))
    }
  })
  running.on('message', (message: Message) => {
    const first = waiting.find((one) => one.matches(message))
    if (first === undefined) return void messages.push(message)
    waiting = waiting.filter((one) => one !== first)
    first.heard()
    first.resolve(message as never)
  })
  const signal = (sent: NodeJS.Signals): void => {
    clearInterval(again)
    if (end !== undefined) return
    log({ event: 'signal', signal: sent })
    running.kill(sent)
  }
  return {
    name,
    pid: running.pid ?? 0,
    ended,
    hasEnded: () => end !== undefined,
    send: (message) => {
      if (running.connected) running.send(message, () => {})
    },
    take: (matches, withinMs = patienceMs) =>
      new Promise((resolve, reject) => {
        const index = messages.findIndex(matches)
        if (index >= 0) return resolve(messages.splice(index, 1)[0] as never)
        if (end !== undefined) return reject(endedEarly(name, end))
        const timer = setTimeout(() => reject(silent(name, running.pid ?? 0, withinMs)), withinMs)
        const heard = (): void => clearTimeout(timer)
        waiting.push({ matches, resolve, reject, heard })
      }),
    rest: () => messages.splice(0),
    signal,
    goOn: () => {
      signal('SIGCONT')
      again = setInterval(() => running.kill('SIGCONT'), againMs)
    },
    kill: async () => {
      signal('SIGKILL')
      await ended
    },
  }
}

/** A drill does not hang with one of its processes: it fails, and says what it was doing. */
function silent(name: string, pid: number, forMs: number): Error {
  const lines = ['status', 'wchan', 'syscall'].map((file) => {
    try {
      const text = readFileSync(`/proc/${pid}/${file}`, 'utf8')
      return `${file}: ${file === 'status' ? (/^State:.*$/m.exec(text)?.[0] ?? '') : text.trim()}`
    } catch {
      return `${file}: not to be had`
    }
  })
  return new Error(`${name} (process ${pid}) was silent for ${forMs} ms. ${lines.join('; ')}`)
}

function endedEarly(name: string, how: Ended): Error {
  return new Error(
    `${name} ended (${how.signal ?? `exit code ${how.code}`}) before it sent what was waited for. ${how.errors.trim()}`,
  )
}

/** Ended means gone, and everything it sent has been read. */
function whenEnded(running: ChildProcess, tell: (how: Ended) => void): Promise<Ended> {
  let errors = ''
  running.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-maxErrorChars)
  })
  return new Promise((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      const how = { code, signal, errors }
      tell(how)
      resolve(how)
    }
    running.once('error', (error) => {
      errors += String(error)
      if (running.pid === undefined) end(null, null)
    })
    running.once('close', (code, signal) => {
      // What it sent last may still be on its way to us.
      if (running.connected) running.once('disconnect', () => end(code, signal))
      else end(code, signal)
    })
  })
}
