import { flushCompileCache } from 'node:module'
import { messageOf } from '../../kernel/errors.ts'
import type { ClientProgress, Counts, FromChild, KillRequest, ToChild, WorkerAddress } from '../messages.ts'

/** What a running child can say to the supervisor. */
export interface Link {
  /** Asks the supervisor to SIGKILL a worker. Resolves once that process is gone; false when it already was. */
  kill(request: KillRequest): Promise<boolean>
  progress(kind: 'progress' | 'done', progress: ClientProgress): void
  onWorkers(listener: (workers: readonly WorkerAddress[]) => void): void
}

/** What a child gives back once it runs. */
export interface Running {
  /** Where it can be reached, if at all. */
  readonly address: string
  stop(): Promise<Counts>
}

/**
 * Makes this process a child of the demo: it waits for its configuration, starts, and ends with its supervisor, also
 * when that is killed: the channel closes then, whatever else is going on.
 */
export function runAsChild<Config>(start: (config: Config, link: Link) => Promise<Running>): void {
  // Ctrl-C and a closed terminal reach the whole group; the supervisor decides what they mean.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('disconnect', () => process.exit(0))
  if (process.send === undefined)
    fail(new Error('this file is a part of `onceward demo` and is started by it'))
  const { link, receive } = makeLink()
  let running: Running | undefined
  process.on('message', (message: ToChild) => {
    if (message.kind === 'config') {
      start(message.config as Config, link).then((started) => {
        running = started
        say({ kind: 'ready', address: started.address })
        // Compiled code is kept at an orderly end, which a worker that gets killed does not have.
        flushCompileCache()
      }, fail)
    } else if (message.kind === 'stop') {
      const stopping = running?.stop() ?? Promise.resolve({})
      stopping.then((counts) => say({ kind: 'stopped', counts }, () => process.exit(0)), fail)
    } else receive(message)
  })
}

function makeLink(): { readonly link: Link; readonly receive: (message: ToChild) => void } {
  const waiting = new Map<number, (killed: boolean) => void>()
  let latest: readonly WorkerAddress[] = []
  let listener: ((workers: readonly WorkerAddress[]) => void) | undefined
  let nextId = 1
  const link: Link = {
    kill: (request) =>
      new Promise((resolve) => {
        const id = nextId++
        waiting.set(id, resolve)
        say({ kind: 'kill', id, request })
      }),
    progress: (kind, progress) => say({ kind, progress }),
    onWorkers: (added) => {
      listener = added
      added(latest)
    },
  }
  const receive = (message: ToChild): void => {
    if (message.kind === 'kill-answer') {
      waiting.get(message.id)?.(message.killed)
      waiting.delete(message.id)
    } else if (message.kind === 'workers') {
      latest = message.workers
      listener?.(latest)
    }
  }
  return { link, receive }
}

function say(message: FromChild, sent: () => void = () => {}): void {
  // A channel that cannot be written to means that the supervisor is gone; `disconnect` ends this process then.
  if (process.connected) process.send?.(message, undefined, undefined, sent)
}

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error)}\n`)
  process.exit(1)
}
