import type { BundleRow, LoadedSource } from '../bundle/row.ts'
import type { SourceKind, TimeSpan } from '../model.ts'
import { rowsByRef } from './groups.ts'

/** A reference that was due. */
export interface Due {
  readonly ref: string
  /** Its rows on the side that knows that it was due, in the order of their times. */
  readonly rows: readonly BundleRow[]
  readonly isLost: boolean
}

export interface Losses {
  readonly due: readonly Due[]
  readonly lost: readonly Due[]
  readonly dueSource: LoadedSource | undefined
  readonly effectSource: LoadedSource | undefined
  /** Why nothing can be said, where nothing can. */
  readonly why?: string
}

const sides: readonly (readonly [SourceKind, SourceKind])[] = [
  ['deliveries', 'effects'],
  ['requests', 'effects'],
  ['ledger', 'effects'],
  ['deliveries', 'ledger'],
  ['requests', 'ledger'],
]

const taken = /^2\d\d$/
/**
 * Who was turned away at the door, whatever was wanted (rights, signature, certificate, taken for a duplicate), and where
 * nobody knows how it ended: the caller or the proxy had waited long enough.
 */
const turnedAway =
  /^(401|403|407|409|495|496|526|408|499|504|524|598|599)$|duplicate|already|signature|unauthori|forbidden|\btls\b|\bssl\b|certificate|timed?[ _-]?out|deadline/i

/** A record of our own that waits: it is late once it has waited longer than work takes anywhere. */
const waiting =
  /^(pending|queued|enqueued|waiting|scheduled|new|open|ready|claimed|started|running|in[ _-]?(progress|flight)|processing)$/i
const calledOff = /fail|error|reject|refus|cancel|void|abort|declin|invalid|skipp|duplicate|^[45]\d\d$/i
const lateMs = 600_000

/**
 * What was asked and found wanting was never due; a delivery is due whatever its answers were, and what our own records
 * hold is due unless it was called off.
 */
function isDue({ status, at }: BundleRow, kind: SourceKind, endMs: number): boolean {
  if (kind === 'deliveries' || status === undefined) return true
  if (kind === 'requests' && /^\d{3}$/.test(status)) return taken.test(status) || turnedAway.test(status)
  if (turnedAway.test(status)) return true
  return waiting.test(status) ? at !== undefined && at < endMs - lateMs : !calledOff.test(status)
}

export function lossesOf(sources: readonly LoadedSource[], window: TimeSpan): Losses {
  const usable = (kind: SourceKind): LoadedSource[] =>
    sources.filter((source) => source.kind === kind && source.map.ref !== undefined && source.totals.refs > 0)
  let why = 'no two sources say what was due and what was done'
  for (const [dueKind, doneKind] of sides) {
    for (const dueSource of usable(dueKind)) {
      for (const effectSource of usable(doneKind)) {
        const found = compared(dueSource, effectSource, window)
        if (found !== undefined) return found
        why = `${dueSource.id} and ${effectSource.id} share no reference that was due, or were sampled`
      }
    }
  }
  return { due: [], lost: [], dueSource: undefined, effectSource: undefined, why }
}

function compared(dueSource: LoadedSource, effectSource: LoadedSource, window: TimeSpan): Losses | undefined {
  // What was sampled says nothing of what is missing.
  const isWhole = (source: LoadedSource): boolean => source.rows.length >= source.totals.rows
  if (!isWhole(dueSource) || !isWhole(effectSource)) return undefined
  const done = new Set(effectSource.rows.map(({ ref }) => ref))
  const { covers } = effectSource.spec
  const from = covers?.fromMs ?? Math.min(window.fromMs, effectSource.span?.fromMs ?? window.fromMs)
  const to = covers?.toMs ?? Math.max(window.toMs, effectSource.span?.toMs ?? window.toMs)
  const due: Due[] = []
  for (const [ref, rows] of rowsByRef(dueSource.rows)) {
    const at = rows[0]?.at
    if (at !== undefined && (at < from || at > to)) continue
    if (rows.some((row) => isDue(row, dueSource.kind, to))) due.push({ ref, rows, isLost: !done.has(ref) })
  }
  const lost = due.filter(({ isLost }) => isLost)
  if (due.length === 0 || lost.length === due.length) return undefined
  const { rejectedRows, id } = effectSource
  if (lost.length > 0 && lost.length <= rejectedRows)
    return {
      due,
      lost: [],
      dueSource,
      effectSource,
      why: `${lost.length} references have no effect in ${id}, of which ${rejectedRows} lines could not be read`,
    }
  return { due, lost, dueSource, effectSource }
}
