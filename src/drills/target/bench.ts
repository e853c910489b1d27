import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Journal, openJournal } from '../../testing/journal.ts'
import { type Service, startService } from './service.ts'
import type { DrillTarget, TargetAnswer } from './target.ts'

/** What a client of one key was told, in order. */
export interface Told {
  readonly at: string
  readonly answer: TargetAnswer
  readonly variant: number
}

export interface BenchOptions {
  readonly target: DrillTarget
  /** Evidence goes here. */
  readonly folder: string
}

const defaultLeaseMs = 5_000
/** Between two tries of a client that was told nothing. */
const retryMs = 100

/** The user's service under a drill: its instances, its clients, and what these were told. */
export class TargetBench {
  readonly target: DrillTarget
  readonly leaseMs: number
  readonly services: Service[] = []
  readonly told: Map<string, Told[]> = new Map()
  readonly #folder: string
  readonly #journal: Journal
  readonly #running = new Set<Service>()
  #isEnding = false
  readonly #onExit = (): void => {
    for (const service of this.#running) service.signal('SIGKILL')
  }

  constructor({ target, folder }: BenchOptions) {
    this.target = target
    this.leaseMs = target.leaseMs ?? defaultLeaseMs
    this.#folder = join(folder, 'service')
    mkdirSync(this.#folder, { recursive: true })
    this.#journal = openJournal(join(folder, 'processes.jsonl'))
    process.on('exit', this.#onExit)
  }

  async open(): Promise<void> {
    await this.target.setUp?.({ folder: this.#folder })
    const indexes = Array.from({ length: this.target.instances ?? 2 }, (_, index) => index)
    this.services.push(...(await Promise.all(indexes.map((index) => this.#start({ index })))))
  }

  /** Starts an instance again that was killed, where it was. */
  async restart({ index, port }: Service): Promise<void> {
    this.services[index] = await this.#start({ index, port })
  }

  async #start(where: { readonly index: number; readonly port?: number }): Promise<Service> {
    if (this.#isEnding) throw new Error('The drill is ending, nothing starts any more.')
    return startService({
      target: this.target,
      folder: this.#folder,
      journal: this.#journal,
      onStarted: (service) => void this.#running.add(service),
      ...where,
    })
  }

  service(index: number): Service {
    return this.services[index % this.services.length] as Service
  }

  /** One try of a client. Never rejects. */
  async send(url: string, key: string, variant = 0): Promise<TargetAnswer> {
    const signal = AbortSignal.timeout(this.leaseMs * 3)
    // Whoever ignores the signal is not waited for either.
    const late = new Promise<TargetAnswer>((resolve) => {
      signal.addEventListener('abort', () => resolve('unknown'), { once: true })
    })
    const answer = await Promise.race([this.target.send({ url, key, variant, signal }), late]).catch(
      (): TargetAnswer => 'unknown',
    )
    const told = this.told.get(key) ?? []
    told.push({ at: new Date().toISOString(), answer, variant })
    this.told.set(key, told)
    return answer
  }

  /** A client that sends again, to one instance after the other, until it is told something, or `withinMs` are over. */
  async insist(key: string, withinMs: number): Promise<TargetAnswer> {
    const untilMs = performance.now() + withinMs
    for (let tries = 0; ; tries += 1) {
      const answer = await this.send(this.service(tries).url, key)
      if (answer !== 'unknown' || performance.now() > untilMs) return answer
      await pause(retryMs)
    }
  }

  async close(): Promise<void> {
    this.#isEnding = true
    await Promise.all([...this.#running].map((service) => service.kill()))
    process.off('exit', this.#onExit)
    this.#journal.close()
    await this.target.tearDown?.()
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
