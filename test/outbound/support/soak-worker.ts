// A sender of the soak, as a process of its own: `node soak-worker.ts CONFIG`. It makes its calls and writes each outcome
// down when it has it. With a ledger it may be killed at any time; another one then goes on with all intents.
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
import { type SoakIntent, soakIntent, type SoakOutcome, type SoakReport } from './soak-plan.ts'

export interface SoakConfig {
  readonly peerUrl: string
  /** Nobody listens there. */
  readonly deadUrl: string
  readonly reportsPath: string
  readonly seed: number
  readonly from: number
  readonly to: number
  readonly keyLifetimeMs: number
  /** Whether the peer may forget keys: only where their lifetime is short. */
  readonly forgets: boolean
  readonly concurrency: number
  readonly ledgerPath?: string
  readonly mutant?: string
}

const config = JSON.parse(process.argv[2] ?? '{}') as SoakConfig
const journal = openJournal(config.reportsPath)
const once: Onceward | undefined =
  config.ledgerPath === undefined
    ? undefined
    : createOnceward({ store: sqliteStore({ path: config.ledgerPath }), scope: 'soak' })

const keyed = { key: { in: 'header', name: 'idempotency-key' }, keyLifetimeMs: config.keyLifetimeMs } as const
const targets: Readonly<Record<PeerKind, TargetProfile>> = {
  replays: { name: 'replays', ...keyed, retryStatuses: [409] },
  // 409 is both "in use", to be tried again, and the first result.
  conflicts: {
    name: 'conflicts',
    ...keyed,
    retryStatuses: [409],
    isDuplicate: ({ status, body }) => status === 409 && Buffer.from(body).includes('effectId'),
  },
  blind: { name: 'blind' },
}

function clientOf(kind: PeerKind, baseUrl: string): Client {
  const options = {
    baseUrl,
    target: targets[kind],
    timeoutMs: 150,
    deadlineMs: 5_000,
    retry: { attempts: 4, baseMs: 2, capMs: 20 },
    // Every call here has faults; what a budget does is tested elsewhere.
    budget: { ratio: 10, min: 1_000 },
    pool: { connections: config.concurrency },
    ...(once === undefined ? {} : { once }),
  }
  return makeClient(options, { rules: soakRules(config.mutant) })
}

const kinds: readonly PeerKind[] = ['replays', 'conflicts', 'blind']
const alive = new Map(kinds.map((kind) => [kind, clientOf(kind, config.peerUrl)]))
const dead = new Map(kinds.map((kind) => [kind, clientOf(kind, config.deadUrl)]))

/** The key names the intent; with a ledger it is the intent's own effect key. */
async function call(intent: SoakIntent, key: string): Promise<ClientResponse> {
  const client = (intent.isUnreachable ? dead : alive).get(intent.kind)
  if (client === undefined) throw new Error(`there is no client for ${intent.kind}`)
  const request = {
    method: 'POST',
    path: `/effects/${intent.id}`,
    headers: { [faultsHeader]: intent.faults.join(','), [peerHeader]: intent.kind },
    body: { intent: intent.id },
  }
  if (once === undefined) return client.request({ ...request, idempotencyKey: key })
  return client.request({ ...request, intent: { operation: 'soak', key: intent.id, leaseMs: 1_500 } })
}

/** The mutant of a caller that retries by itself, each time with another key. */
async function callAnew(intent: SoakIntent): Promise<ClientResponse> {
  for (let time = 1; ; time += 1) {
    try {
      return await call(intent, `${intent.id}-${time}`)
    } catch (error) {
      if (time === 2 || !(error instanceof OutboundError) || error.outcome !== 'unknown') throw error
    }
  }
}

async function report(intent: SoakIntent): Promise<void> {
  const line = await (config.mutant === 'new-key-per-attempt' ? callAnew(intent) : call(intent, intent.id)).then(
    (response) => answered(intent, response),
    (error: unknown) => failed(intent, error),
  )
  journal.append(line)
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
  if (error instanceof OutboundError) return { id, outcome: error.outcome satisfies SoakOutcome, code: error.code }
  // Nothing else may come out of a call; it is a violation, and shows as one.
  throw isOncewardError(error) ? new Error(`${id}: ${error.code} ${error.message}`) : error
}

let next = config.from
await Promise.all(
  Array.from({ length: config.concurrency }, async () => {
    while (next < config.to) {
      const at = next
      next += 1
      await report(soakIntent(config.seed, at, config))
    }
  }),
)
for (const client of [...alive.values(), ...dead.values()]) await client.close()
await once?.close()
journal.close()
