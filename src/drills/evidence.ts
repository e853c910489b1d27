import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Entry } from '../ledger/entry.ts'
import type { OncewardEvent } from '../ledger/events.ts'
import { openJournal, readJournal } from '../testing/journal.ts'
import { eventsIn } from './collect.ts'
import type { KeyHistory } from './history.ts'
import { acknowledgedNames } from './invariants.ts'
import type { EffectLine } from './peer/protocol.ts'
import type { Recount } from './report.ts'
import type { Stage } from './stage.ts'

/** One look at one entry, in ledger.jsonl. */
export interface LedgerLine {
  readonly at: string
  readonly moment: string
  readonly ref: string
  readonly operation: string
  readonly key: string
  readonly state: Entry['state']
  readonly epoch: number
  readonly attempt: number
}

/** In events.jsonl, beside the events of all workers: a caller was told that an effect had succeeded. */
export interface AcknowledgedLine {
  readonly at: string
  readonly type: 'acknowledged'
  /** As in peer.jsonl. */
  readonly key: string
  readonly ref: string
}

const ledgerFile = 'ledger.jsonl'
const eventsFile = 'events.jsonl'
const peerFile = 'peer.jsonl'

/**
 * Writes what is known in the form that stays: peer.jsonl gets the rows of the user's own table, ledger.jsonl every
 * look at an entry, events.jsonl the events of all processes and what callers were told.
 */
export async function writeEvidence(
  stage: Stage,
  histories: readonly KeyHistory[],
  alongside: readonly Stage[] = [],
): Promise<void> {
  const peerPath = join(stage.folder, peerFile)
  for (const other of alongside) writeLines(peerPath, other.peer.effects())
  for (const { rows } of [stage, ...alongside]) {
    const found = await rows.read()
    writeLines(
      peerPath,
      found.map((row) => ({ ...row, mode: 'transactional' })),
    )
  }
  writeLines(join(stage.folder, ledgerFile), histories.flatMap(ledgerLines))
  const events: readonly { readonly at: string }[] = [
    ...[stage, ...alongside]
      .flatMap(({ folder }) => eventsIn(folder))
      .map((event) => ({ ...event, at: momentOf(event) })),
    ...histories.flatMap(acknowledgedLines),
  ]
  writeLines(
    join(stage.folder, eventsFile),
    events.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
  )
  for (const { folder } of [stage, ...alongside]) {
    for (const name of readdirSync(folder)) {
      if (/^(events|answers)-/.test(name)) rmSync(join(folder, name))
    }
  }
}

/** Counts the files of a drill: the numbers of its report are these. */
export function recount(folder: string): Recount {
  const peer = Map.groupBy(readJournal<EffectLine>(join(folder, peerFile)), ({ key }) => key)
  const ledger = readJournal<LedgerLine>(join(folder, ledgerFile))
  const last = new Map(ledger.map(({ ref, state }) => [ref, state]))
  const acknowledged = new Map(
    readJournal<AcknowledgedLine | { readonly type: string }>(join(folder, eventsFile))
      .filter((line): line is AcknowledgedLine => line.type === 'acknowledged')
      .map((line) => [line.key, line]),
  )
  const lost = [...acknowledged.values()].filter(
    ({ key, ref }) => !peer.has(key) || !ended.includes(last.get(ref) ?? ''),
  )
  return {
    effects: [...peer.values()].reduce((sum, lines) => sum + lines.length, 0),
    duplicated: [...peer.values()].filter((lines) => lines.length > 1).length,
    acknowledged: acknowledged.size,
    lost: lost.length,
    inDoubt: new Set(ledger.filter(({ state }) => state === 'in_doubt').map(({ ref }) => ref)).size,
  }
}

const ended: readonly string[] = ['succeeded', 'tombstone']

function ledgerLines({ rows }: KeyHistory): readonly LedgerLine[] {
  return rows.flatMap(({ at, moment, entry }) => {
    if (entry === undefined) return []
    const { ref, operation, key, state, epoch, attempt } = entry
    return [{ at, moment, ref, operation, key, state, epoch, attempt }]
  })
}

function acknowledgedLines(history: KeyHistory): readonly AcknowledgedLine[] {
  const ref = history.rows.find(({ entry }) => entry !== undefined)?.entry?.ref ?? ''
  const { at, names } = acknowledgedNames(history)
  return names.map((key) => ({ at, type: 'acknowledged', key, ref }))
}

function momentOf({ atUs }: OncewardEvent): string {
  return new Date(atUs / 1000).toISOString()
}

function writeLines(path: string, lines: readonly object[]): void {
  const journal = openJournal(path)
  for (const line of lines) journal.append(line)
  journal.close()
}
