import { readJournal } from '../testing/journal.ts'
import { type ByEffect, type EffectKind, forEachEffect } from './schedule.ts'

/** What the peers' journals say about one kind of effect. */
export interface EffectCounts {
  /** Rows of the journal. */
  readonly effects: number
  /** Orders with more than one. */
  readonly duplicated: number
  /** Accepted orders without one that are not listed in doubt either. */
  readonly lost: number
}

export type Journals = ByEffect<string>

export interface CountInput {
  readonly journals: Journals
  readonly accepted: ReadonlySet<string>
  /** Orders whose effect the ledger lists in doubt. */
  readonly inDoubt: ByEffect<ReadonlySet<string>>
}

export function countEffects(input: CountInput): ByEffect<EffectCounts> {
  return forEachEffect((kind) => countOne(input, kind))
}

function countOne({ journals, accepted, inDoubt }: CountInput, kind: EffectKind): EffectCounts {
  const timesByOrder = new Map<string, number>()
  for (const row of readJournal(journals[kind])) {
    const order = String(row['order'])
    timesByOrder.set(order, (timesByOrder.get(order) ?? 0) + 1)
  }
  const times = [...timesByOrder.values()]
  return {
    effects: times.reduce((sum, one) => sum + one, 0),
    duplicated: times.filter((one) => one > 1).length,
    lost: [...accepted].filter((order) => !timesByOrder.has(order) && !inDoubt[kind].has(order)).length,
  }
}

/** The orders that a client got a yes for, by the clients' own journal. */
export function acceptedOrders(clientJournal: string): ReadonlySet<string> {
  const yes = readJournal(clientJournal).filter(
    (row) => row['kind'] === 'answered' && Number(row['status']) < 300,
  )
  return new Set(yes.map((row) => String(row['order'])))
}

/** Calls that got a kept result instead of a second effect. */
export function countReplayed(eventJournals: readonly string[]): number {
  return eventJournals.flatMap((path) => readJournal(path)).filter((row) => row['type'] === 'replayed').length
}

/** Entries whose doubt was ended by what the target said, by the workers' and the sweep's events. */
export function countAsked(eventJournals: readonly string[]): ByEffect<number> {
  const rows = eventJournals.flatMap((path) => readJournal(path))
  const settled = rows.filter((row) => row['type'] === 'asked' && row['happened'] !== null)
  return forEachEffect((kind) => {
    const ofKind = settled.filter((row) => row['operation'] === kind)
    return new Set(ofKind.map((row) => row['ref'])).size
  })
}
