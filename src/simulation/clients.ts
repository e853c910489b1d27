import { seededRandom } from '../testing/random.ts'
import type { PlannedCall } from './plan.ts'
import type { Process, World } from './world.ts'

interface Client {
  readonly call: PlannedCall
  readonly chance: () => number
  retriesLeft: number
  /** The process that it waits for. */
  process: Process | undefined
  isOver: boolean
}

/** Answers after which a client that wants its work done asks again. */
const retried: readonly string[] = [
  'IN_PROGRESS',
  'RECALL_PENDING',
  'OUTCOME_UNKNOWN',
  'LEASE_LOST',
  'STORE_UNAVAILABLE',
  'CLOSED',
  'EFFECT_FAILED',
]

/** The callers of a run: each wants one key's work done, and asks again where it does not hear of it. */
export class Clients {
  readonly #world: World
  readonly #clients: readonly Client[]

  constructor(world: World) {
    this.#world = world
    const { calls, seed } = world.plan
    this.#clients = calls.map((call, index) => ({
      call,
      chance: seededRandom(seed ^ Math.imul(index + 1, 0x85ebca6b)),
      retriesLeft: call.retries,
      process: undefined,
      isOver: false,
    }))
    for (const client of this.#clients) this.#later(client, client.call.atMs)
    world.onDeath = (slot) => this.#hangUp(slot)
  }

  get areOver(): boolean {
    return this.#clients.every((client) => client.isOver)
  }

  /** Clients that wait for an answer of a process that lives. */
  get waiting(): readonly PlannedCall[] {
    return this.#clients.filter((client) => !client.isOver).map((client) => client.call)
  }

  #later(client: Client, afterMs: number): void {
    this.#world.scheduler.after(afterMs, undefined, () => {
      void this.#ask(client)
      return true
    })
  }

  async #ask(client: Client): Promise<void> {
    const { worker, key, input } = client.call
    const process = this.#world.processes[worker]
    if (process === undefined || !process.machine.isAlive) {
      this.#later(client, 100)
      return
    }
    client.process = process
    const code = await this.#world.call(process, key, input)
    if (client.process !== process) return
    client.process = undefined
    this.#again(client, retried.includes(code))
  }

  #again(client: Client, mayRetry: boolean): void {
    if (!mayRetry || client.retriesLeft === 0) {
      client.isOver = true
      return
    }
    client.retriesLeft -= 1
    this.#later(client, 50 + client.chance() * 750)
  }

  /** The process has died: who waited for it asks again, or not. */
  #hangUp(slot: number): void {
    const dead = this.#world.processes[slot]
    for (const client of this.#clients) {
      if (client.process !== dead || dead === undefined) continue
      client.process = undefined
      this.#again(client, true)
    }
  }
}
