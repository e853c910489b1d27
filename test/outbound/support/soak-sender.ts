import { createOnceward } from '../../../src/index.ts'
import { isOncewardError } from '../../../src/kernel/errors.ts'
import type { Onceward } from '../../../src/ledger/onceward.ts'
import { type Client, makeClient } from '../../../src/outbound/client.ts'
import { OutboundError } from '../../../src/outbound/errors.ts'
import type { ClientResponse } from '../../../src/outbound/message.ts'
import type { TargetProfile } from '../../../src/outbound/target.ts'
import { sqliteStore } from '../../../src/stores/sqlite/index.ts'
import { openJournal } from '../../../src/testing/journal.ts'
import { faultsHeader, peerHeader, type PeerKind } from './faults.ts'
import { soakRules } from './soak-mutants.ts'
import { type SoakIntent, soakIntent, type SoakPlan, type SoakReport } from './soak-plan.ts'

export interface SoakConfig extends SoakPlan {
  readonly peerUrl: string
  /** Nobody listens there. */
  readonly deadUrl: string
  readonly reportsPath: string
  readonly intents: number
  readonly keyLifetimeMs: number
  readonly timeoutMs: number
  readonly deadlineMs: number
  readonly concurrency: number
  readonly ledgerPath?: string
  readonly mutant?: string
}

/** Of a sender that has come to its end. */
export interface SoakEnd {
  /** Entries of another sender that this one went on with, and results that it was given again. */
  readonly takeovers: number
  readonly replays: number
}

const kinds: readonly PeerKind[] = ['replays', 'conflicts', 'blind']

/** Makes all calls of the plan, and writes each outcome down when its caller has it, not before. */
export async function sendAll(config: SoakConfig): Promise<SoakEnd> {
  const once = config.ledgerPath === undefined ? undefined : openLedger(config.ledgerPath)
  const end = { takeovers: 0, replays: 0 }
  once?.on('claimed', ({ takeover }) => void (takeover && (end.takeovers += 1)))
  once?.on('replayed', () => void (end.replays += 1))
  const journal = openJournal(config.reportsPath)
  const sender = new Sender(config, once)
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < config.intents) {
      const at = next
      next += 1
      journal.append(await sender.outcomeOf(soakIntent(config, at)))
    }
  }
  await Promise.all(Array.from({ length: config.concurrency }, lane))
  await sender.close()
  await once?.close()
  journal.close()
  return end
}

function openLedger(path: string): Onceward {
  return createOnceward({ store: sqliteStore({ path }), scope: 'soak' })
}

function targetsOf(keyLifetimeMs: number): Readonly<Record<PeerKind, TargetProfile>> {
  const keyed = {
    key: { in: 'header', name: 'idempotency-key' },
    keyLifetimeMs,
    retryStatuses: [409],
  } as const
  return {
    replays: { name: 'replays', ...keyed },
    // 409 is both "in use", to be tried again, and the first result.
    conflicts: {
      name: 'conflicts',
      ...keyed,
      isDuplicate: ({ status, body }) => status === 409 && Buffer.from(body).includes('effectId'),
    },
    blind: { name: 'blind' },
  }
}

class Sender {
  readonly #config: SoakConfig
  readonly #once: Onceward | undefined
  readonly #clients: ReadonlyMap<string, Client>

  constructor(config: SoakConfig, once: Onceward | undefined) {
    this.#config = config
    this.#once = once
    const urls = [config.peerUrl, config.deadUrl]
    this.#clients = new Map(
      urls.flatMap((url) => kinds.map((kind) => [kind + url, this.#makeClient(kind, url)] as const)),
    )
  }

  #makeClient(kind: PeerKind, baseUrl: string): Client {
    const { keyLifetimeMs, timeoutMs, deadlineMs, concurrency, mutant } = this.#config
    const options = {
      baseUrl,
      target: targetsOf(keyLifetimeMs)[kind],
      timeoutMs,
      deadlineMs,
      retry: { attempts: 4, baseMs: 2, capMs: 20 },
      // Here nearly every call needs retries; what a budget does is tested elsewhere.
      budget: { ratio: 10, min: 1_000 },
      pool: { connections: concurrency },
      // Only where two requests with one key are one effect; the client must not do it for `blind`, told or not.
      hedge: { afterMs: 60 },
      ...(this.#once === undefined ? {} : { once: this.#once }),
    }
    return makeClient(options, { rules: soakRules(mutant) })
  }

  outcomeOf(intent: SoakIntent): Promise<SoakReport> {
    const isAnew = this.#config.mutant === 'new-key-per-attempt'
    return (isAnew ? this.#callAnew(intent) : this.#call(intent, intent.id)).then(
      (response) => answered(intent, response),
      (error: unknown) => failed(intent, error),
    )
  }

  /** The key names the intent; with a ledger it is the effect key of the intent's entry. */
  async #call(intent: SoakIntent, idempotencyKey: string): Promise<ClientResponse> {
    const { id, kind, faults, isUnreachable } = intent
    const client = this.#clients.get(kind + (isUnreachable ? this.#config.deadUrl : this.#config.peerUrl))
    if (client === undefined) throw new Error(`there is no client for ${kind}`)
    const request = {
      method: 'POST',
      path: `/effects/${id}`,
      headers: { [faultsHeader]: faults.join(','), [peerHeader]: kind },
      body: { intent: id },
    }
    if (this.#once === undefined) return client.request({ ...request, idempotencyKey })
    return client.request({ ...request, intent: { operation: 'soak', key: id, leaseMs: 1_000 } })
  }

  /** A caller that retries by itself, the second time with another key. */
  async #callAnew(intent: SoakIntent): Promise<ClientResponse> {
    try {
      return await this.#call(intent, `${intent.id}-1`)
    } catch (error) {
      if (!(error instanceof OutboundError) || error.outcome !== 'unknown') throw error
      return this.#call(intent, `${intent.id}-2`)
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await client.close()
  }
}

/** What a caller knows from an answer: done, a definite no, or that a server failed in the middle of it. */
function answered({ id }: SoakIntent, response: ClientResponse): SoakReport {
  const { status } = response
  const { effectId } = response.json<{ effectId?: string }>()
  if (status < 400 || (status === 409 && effectId !== undefined))
    return { id, outcome: 'done', ...(effectId === undefined ? {} : { effectId }) }
  return { id, outcome: status >= 500 ? 'unknown' : 'refused', code: `HTTP_${status}` }
}

function failed({ id }: SoakIntent, error: unknown): SoakReport {
  if (error instanceof OutboundError) return { id, outcome: error.outcome, code: error.code }
  // Nothing else may come out of a call.
  throw isOncewardError(error) ? new Error(`${id}: ${error.code} ${error.message}`, { cause: error }) : error
}
