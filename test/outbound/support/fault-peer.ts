import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { EffectLine } from '../../../src/drills/peer/protocol.ts'
import { readJournal } from '../../../src/testing/journal.ts'
import type { Fault } from './faults.ts'

const program = fileURLToPath(new URL('fault-peer-process.ts', import.meta.url))

/** A target in a process of its own that breaks as its senders' headers say. Effects are counted in its journal. */
export class FaultPeer {
  readonly url: string
  readonly #child: ChildProcess
  readonly #journalPath: string

  private constructor(child: ChildProcess, url: string, journalPath: string) {
    this.#child = child
    this.url = url
    this.#journalPath = journalPath
  }

  /** Forgets only keys of intents that it told to come back, so long after it told them; by default none. */
  static async start(
    journalPath: string,
    options: { readonly remembersMs?: number } = {},
  ): Promise<FaultPeer> {
    const { remembersMs } = options
    const args = [program, journalPath, ...(remembersMs === undefined ? [] : [String(remembersMs)])]
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return new FaultPeer(child, `http://127.0.0.1:${line.toString().trim()}`, journalPath)
  }

  /** How often each intent has had its effect. */
  effects(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { key } of readJournal<EffectLine>(this.#journalPath))
      counts.set(key, (counts.get(key) ?? 0) + 1)
    return counts
  }

  count(intent: string): number {
    return this.effects().get(intent) ?? 0
  }

  /** For senders that cannot say it themselves: what to do with the arrivals of an intent, one after the other. */
  async plan(intent: string, faults: readonly Fault[]): Promise<void> {
    await fetch(`${this.url}/_plan?intent=${encodeURIComponent(intent)}&faults=${faults.join(',')}`)
  }

  /** How often requests for an intent have come, whatever was done with them. */
  async arrivals(intent: string): Promise<number> {
    const answer = await fetch(`${this.url}/_arrivals?intent=${encodeURIComponent(intent)}`)
    return ((await answer.json()) as { readonly count: number }).count
  }

  /** Waits until nothing is under way any more. Gives how often each fault has been done. */
  async idle(): Promise<Partial<Record<Fault, number>>> {
    return (await (await fetch(`${this.url}/_idle`)).json()) as Partial<Record<Fault, number>>
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await ended
  }
}
