import type { Child, Children } from './children.ts'
import type { Journal } from '../testing/journal.ts'
import type { KillRequest, WorkerAddress, WorkerConfig } from './messages.ts'

/** The shop's workers: when one is killed, another takes its place, on another port. */
export interface WorkerTeam {
  readonly kills: number
  /** Resolves once all of them run. */
  start(): Promise<void>
  /** Kills the worker process that a peer named; false when it had gone already. */
  kill(request: KillRequest): Promise<boolean>
  /** Lets them finish what they have in hand. */
  stop(withinMs: number): Promise<void>
}

export interface TeamOptions {
  readonly size: number
  readonly children: Children
  readonly journal: Journal
  readonly configOf: (name: string) => WorkerConfig
  /** Hears of every change in who can be reached. */
  readonly onChange: (workers: readonly WorkerAddress[]) => void
}

export function makeWorkerTeam(options: TeamOptions): WorkerTeam {
  const { children, journal, configOf, onChange } = options
  const names = Array.from({ length: options.size }, (_, index) => `worker-${index + 1}`)
  const members = new Map<string, Child>()
  const addresses = new Map<string, string>()
  let kills = 0
  let isStopping = false
  const tell = (): void => onChange([...addresses].map(([name, url]) => ({ name, url })))

  const hire = async (name: string): Promise<void> => {
    const child = children.start({ role: 'worker', name, config: configOf(name) })
    members.set(name, child)
    addresses.set(name, await child.ready)
    tell()
  }

  return {
    get kills() {
      return kills
    },
    start: async () => {
      await Promise.all(names.map(hire))
    },
    kill: async ({ worker, order, effect, moment }) => {
      const [name, member] = [...members].find(([, child]) => `${child.name}-${child.pid}` === worker) ?? []
      if (name === undefined || member === undefined || isStopping) return false
      const wasKilled = await member.kill()
      if (!wasKilled) return false
      kills++
      journal.append({ event: 'killed', name, pid: member.pid, signal: 'SIGKILL', order, effect, moment })
      addresses.delete(name)
      tell()
      // A worker that does not come up again has ended by itself, which ends the run.
      if (!isStopping) hire(name).catch(() => {})
      return true
    },
    stop: async (withinMs) => {
      isStopping = true
      await Promise.all([...members.values()].map((child) => child.stop(withinMs)))
    },
  }
}
