import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { type Journal } from '../../testing/journal.ts'
import type { DrillTarget } from './target.ts'

/** One running instance of the user's service. */
export interface Service {
  readonly index: number
  readonly port: number
  readonly url: string
  /** To the instance with whatever it has started, and written down. */
  signal(signal: NodeJS.Signals): void
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>
}

export interface ServiceOptions {
  readonly target: DrillTarget
  readonly index: number
  /** Default: a free one. */
  readonly port?: number
  readonly folder: string
  readonly journal: Journal
  /** Hears of its process at once, before it is ready. */
  readonly onStarted: (service: Service) => void
}

const patienceMs = 30_000
const pollMs = 20
const shownChars = 2_000

/** Starts an instance. Resolves once it takes connections; rejects with what it said when it does not. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { target, index, folder, journal } = options
  const port = options.port ?? (await freePort())
  const { command, args = [], env, cwd } = target.start({ index, port, folder })
  const logPath = join(folder, `service-${index}.log`)
  const log = openSync(logPath, 'a')
  const running = spawn(command, args, {
    stdio: ['ignore', log, log],
    // A group of its own, so that a signal reaches whatever the command has started.
    detached: true,
    windowsHide: true,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  closeSync(log)
  const service = serviceOf(running, { index, port, journal })
  options.onStarted(service)
  const said = (): string => readFileSync(logPath, 'utf8').slice(-shownChars).trim()
  await untilListening(port, running).catch((error: unknown) => {
    throw new Error(`The service did not start: ${String(error)}. It said: ${said() || 'nothing'}`)
  })
  return service
}

function serviceOf(
  running: ChildProcess,
  { index, port, journal }: { readonly index: number; readonly port: number; readonly journal: Journal },
): Service {
  const pid = running.pid ?? 0
  const name = `service-${index}`
  let isOver = pid === 0
  const ended = new Promise<void>((resolve) => {
    running.once('error', () => resolve())
    running.once('exit', (code, signal) => {
      isOver = true
      journal.append({ pid, signal, name, event: 'ended', code })
      resolve()
    })
  })
  journal.append({ pid, signal: null, name, event: 'started' })
  const signal = (sent: NodeJS.Signals): void => {
    if (isOver) return
    journal.append({ pid, signal: sent, name, event: 'signal' })
    try {
      process.kill(-pid, sent)
    } catch {
      running.kill(sent)
    }
  }
  return {
    index,
    port,
    url: `http://127.0.0.1:${port}`,
    signal,
    kill: async () => {
      signal('SIGKILL')
      await ended
    },
  }
}

async function untilListening(port: number, running: ChildProcess): Promise<void> {
  const giveUpAtMs = performance.now() + patienceMs
  for (;;) {
    if (running.pid === undefined) throw new Error('the command was not found')
    if (running.exitCode !== null || running.signalCode !== null)
      throw new Error(`it ended with ${running.signalCode ?? `exit code ${running.exitCode}`}`)
    if (await isListening(port)) return
    if (performance.now() > giveUpAtMs) throw new Error(`nobody listened on port ${port} in ${patienceMs} ms`)
    await new Promise((resolve) => void setTimeout(resolve, pollMs))
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
