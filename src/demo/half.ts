import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DoubtReceipt } from '../ledger/receipt.ts'
import {
  acceptedOrders,
  countAsked,
  countEffects,
  countReplayed,
  type EffectCounts,
  type Journals,
} from './count.ts'
import type { HalfContext } from './half-context.ts'
import { hireClient, openPeers, tellOnceComplete } from './floor.ts'
import type { ClientProgress, Counts, LedgerConfig } from './messages.ts'
import { ordersInDoubt, recover, type Recovery } from './recovery.ts'
import type { ByEffect } from './schedule.ts'
import { makeWorkerTeam, type WorkerTeam } from './worker-team.ts'

export interface HalfSpec {
  readonly name: 'unguarded' | 'guarded'
  readonly folder: string
  /** Absent in the half without Onceward. */
  readonly store?: { readonly url: string; readonly scope: string; readonly recorder?: string }
}

export interface Faults {
  readonly clientRetries: number
  readonly doubleClicks: number
  readonly workerKills: number
  readonly slowAnswers: number
}

export interface HalfOutcome {
  readonly faults: Faults
  readonly journals: Journals
  readonly clientJournal: string
  readonly accepted: number
  readonly byEffect: ByEffect<EffectCounts>
  readonly doubts: readonly DoubtReceipt[]
  /** Entries that no sweep and no retry has brought to an end. */
  readonly open: number
  readonly asked: ByEffect<number>
  readonly replayed: number
}

/** Bounds, not waits: an orderly half needs none of them. */
const drainMs = 20_000
const recoverMs = 15_000
const stopMs = 5_000

const nothingOpen: Recovery = { doubts: [], open: 0 }

/** Runs one half: peers, workers and clients start, the orders are bought, what is under way ends, and all is counted. */
export async function runHalf(context: HalfContext, spec: HalfSpec): Promise<HalfOutcome> {
  mkdirSync(spec.folder, { recursive: true })
  const { guard } = context.watch
  const journals = journalsOf(spec.folder)
  const clientJournal = join(spec.folder, 'client.jsonl')
  const opened: { team?: WorkerTeam } = {}
  const peers = await guard(openPeers(context, { journals, kill: (request) => opened.team?.kill(request) }))
  const client = hireClient(context, {
    journalPath: clientJournal,
    killsSoFar: () => opened.team?.kills ?? 0,
  })
  const ledgerOf = ledgers(spec, peers.urls.partnerUrl)
  const team = makeWorkerTeam({
    size: context.workers,
    children: context.children,
    journal: context.processes,
    configOf: (name) => {
      const ledger = ledgerOf(name)
      const shared = { ...peers.urls, shopPath: join(spec.folder, 'shop.db') }
      return { name, ...shared, ...(ledger === undefined ? {} : { ledger }) }
    },
    onChange: tellOnceComplete(client.child, context.workers),
  })
  opened.team = team
  await guard(Promise.all([client.child.ready, team.start()]))
  const bought = await guard(client.done)
  await guard(team.stop(drainMs))
  const ledger = ledgerOf('sweep')
  const { doubts, open } = ledger === undefined ? nothingOpen : await guard(recoverAll(ledger))
  const all = [...peers.children, client.child]
  const counts = await guard(Promise.all(all.map((child) => child.stop(stopMs))))
  const accepted = acceptedOrders(clientJournal)
  const events = eventJournals(spec.folder)
  return {
    faults: faultsOf(bought, team, counts),
    journals,
    clientJournal,
    accepted: accepted.size,
    doubts,
    open,
    byEffect: countEffects({ journals, accepted, inDoubt: ordersInDoubt(doubts) }),
    asked: countAsked(events),
    replayed: countReplayed(events),
  }
}

/** Tells each process its way to the ledger, in the half that has one. */
function ledgers(spec: HalfSpec, partnerUrl: string): (who: string) => LedgerConfig | undefined {
  const { store, folder } = spec
  if (store === undefined) return () => undefined
  const { url: storeUrl, ...shared } = store
  return (who) => ({ storeUrl, ...shared, partnerUrl, eventsPath: join(folder, `events-${who}.jsonl`) })
}

function eventJournals(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('events-'))
    .map((name) => join(folder, name))
}

function journalsOf(folder: string): Journals {
  return {
    charge: join(folder, 'provider.jsonl'),
    dispatch: join(folder, 'partner.jsonl'),
    mail: join(folder, 'mail.jsonl'),
  }
}

function faultsOf(bought: ClientProgress, team: WorkerTeam, counts: readonly Counts[]): Faults {
  return {
    clientRetries: bought.clientRetries,
    doubleClicks: bought.doubleClicks,
    workerKills: team.kills,
    slowAnswers: counts.reduce((sum, one) => sum + (one['slowAnswers'] ?? 0), 0),
  }
}

/** The faults have healed and the clients are gone: an instance of our own settles what is left. */
async function recoverAll(config: LedgerConfig): Promise<Recovery> {
  // Loaded here, so that bad input is refused before any store's code is.
  const { openLedger } = await import('./shop/ledger.ts')
  const once = await openLedger(config)
  try {
    return await recover(once, recoverMs)
  } finally {
    await once.close()
  }
}
