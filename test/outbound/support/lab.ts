import { type Client, makeClient } from '../../../src/outbound/client.ts'
import { type OutboundRules, outboundRules } from '../../../src/outbound/decisions.ts'
import { OutboundError } from '../../../src/outbound/errors.ts'
import type { OutboundEvent } from '../../../src/outbound/events.ts'
import type { ClientRequest, ClientResponse } from '../../../src/outbound/message.ts'
import type { ClientOptions } from '../../../src/outbound/options.ts'
import { HandClock } from './hand-clock.ts'
import type { Peer } from './peer.ts'

/** One peer, one clock, and clients of it with the rules under test. */
export class OutboundLab {
  readonly peer: Peer
  readonly clock: HandClock = new HandClock()
  readonly events: OutboundEvent[] = []
  readonly #rules: OutboundRules
  readonly #clients: Client[] = []

  constructor(peer: Peer, rules: Partial<OutboundRules> = {}) {
    this.peer = peer
    this.#rules = { ...outboundRules, ...rules }
  }

  client(options: Partial<ClientOptions> = {}): Client {
    const given = { baseUrl: this.peer.url, budget: { min: 1000 }, ...options }
    const client = makeClient(given, { runtime: this.clock, rules: this.#rules })
    client.on('*', (event) => this.events.push(event))
    this.#clients.push(client)
    // A mutant may leave calls behind that nobody asks about any more.
    const request = client.request.bind(client)
    client.request = (call) => {
      const made = request(call)
      made.catch(() => undefined)
      return made
    }
    return client
  }

  async end(): Promise<void> {
    for (const client of this.#clients) await client.close({ graceMs: 0 })
    await this.peer.end()
  }
}

/** What a call came to, as one object that can be compared. */
export async function outcomeOf(call: Promise<ClientResponse>): Promise<Record<string, unknown>> {
  try {
    const { status, attempts, replayed, body } = await call
    return { status, attempts, replayed, body: body.toString() }
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    const { code, outcome, attempts, at } = error
    return { code, outcome, attempts, ...(at === undefined ? {} : { at }) }
  }
}

/** A charge: unsafe, with a key or without. */
export function charge(key?: string, more: Partial<ClientRequest> = {}): ClientRequest {
  return { method: 'POST', path: '/charges', body: { amount: 100 }, idempotencyKey: key, ...more }
}
