import type { Entry, Fence } from '../ledger/entry.ts'
import type { InvariantId } from '../testing/invariant-ids.ts'
import { keys, unitsOf } from './keys.ts'
import { type Machine, originMs } from './machine.ts'
import type { JournalRow } from './peer.ts'
import type { Plan } from './plan.ts'
import type { OwnRow } from './server.ts'

/** What was found wrong, about which key. */
export interface Breach {
  readonly invariant: InvariantId
  readonly key: number
  readonly what: string
  readonly atMs: number
  /** It may be one of the documented losses of asynchronous replication. */
  readonly isExcusable: boolean
}

/** One claim that the database has taken. */
export interface AttemptWatch {
  readonly owner: string
  readonly machine: Machine
  readonly fence: Fence
  readonly claimedAtMs: number
  /** How its effect ended, as far as its worker knows. */
  ending: 'not-begun' | 'running' | 'known' | 'unknown'
  endedAtMs?: number
  /** The database has its end. */
  isRecorded: boolean
}

/** The last time that something of one unit was sent. */
interface SendWatch {
  readonly fence: Fence
  outcome: 'open' | 'no' | 'done' | 'unknown'
}

/** All that is known of one key. */
export class KeyWatch {
  readonly key: number
  readonly attempts: Map<string, AttemptWatch> = new Map()
  /** The highest fence that a claim has got. */
  topFence: Fence = { epoch: 0, attempt: 0 }
  /** Values that the database has recorded as the key's success, ever. */
  readonly recorded: Set<string> = new Set()
  /** Values that callers were given, and by whom. */
  readonly given: Map<string, Set<Machine>> = new Map()
  readonly lastSends: Map<string, SendWatch> = new Map()
  /** The target could not tell, or two histories met: a doubt is to be expected. */
  hasDoubtCause = false
  /** The input that the first claim was made with. */
  input = 0

  constructor(key: number) {
    this.key = key
  }
}

/** An effect, where it is counted. */
export interface Effect {
  readonly unit: string
  readonly id: string
  readonly input: number
  readonly atMs: number
}

export interface WatchOptions {
  readonly plan: Plan
  readonly nowMs: () => number
  readonly journal: readonly JournalRow[]
  readonly ownRows: readonly OwnRow[]
  readonly onBreach: (breach: Breach) => void
  /** An end was put in doubt by recall: true where that is one of the documented losses. */
  readonly isConflict: (by: Machine, key: number) => boolean
  /** An entry was made anew, with another input than it had before. */
  readonly onOtherInput: (key: number) => void
  /** A caller is told of rows that are not there: true where that is one of the documented losses. */
  readonly isTooLate: (by: Machine) => boolean
}

/** Sees everything that happens in a run, at the targets' journals and at the rows, and checks the invariants on it. */
export class Watch {
  readonly options: WatchOptions
  readonly breaches: Breach[] = []
  readonly keys: readonly KeyWatch[]
  readonly #byRef: ReadonlyMap<string, KeyWatch>

  constructor(options: WatchOptions) {
    this.options = options
    this.keys = Array.from({ length: options.plan.keys }, (_, key) => new KeyWatch(key))
    this.#byRef = new Map(this.keys.map((key) => [keys[key.key]?.ref ?? '', key]))
  }

  keyOf(ref: string): KeyWatch | undefined {
    return this.#byRef.get(ref)
  }

  report(invariant: InvariantId, key: number, what: string): void {
    this.#report({ invariant, key, what, isExcusable: false })
  }

  /** Something that a failover may be to blame for, if it has cut what nobody was left to tell. */
  reportExcusable(invariant: InvariantId, key: number, what: string): void {
    this.#report({ invariant, key, what, isExcusable: true })
  }

  #report(found: Omit<Breach, 'atMs'>): void {
    const isKnown = this.breaches.some(
      (other) => other.invariant === found.invariant && other.key === found.key && other.what === found.what,
    )
    if (isKnown) return
    const breach = { ...found, atMs: this.options.nowMs() }
    this.breaches.push(breach)
    this.options.onBreach(breach)
  }

  storeNowMs(): number {
    return originMs + this.options.nowMs()
  }

  /** Effects of one unit, where they are counted: at the target, or in the user's own table. */
  effectsOf(unit: string): readonly Effect[] {
    const { plan, journal, ownRows } = this.options
    const rows: readonly Effect[] = plan.safety === 'transactional' ? ownRows : journal
    return rows.filter((row) => row.unit === unit)
  }

  unitsOf(key: number): readonly string[] {
    return unitsOf(key, this.options.plan.isStepped)
  }
}

export function compareFences(a: Fence, b: Fence): number {
  return a.epoch === b.epoch ? a.attempt - b.attempt : a.epoch - b.epoch
}

export function showFence({ epoch, attempt }: Fence): string {
  return `(${epoch}, ${attempt})`
}

/** The kept value as text. */
export function textOf(entry: Entry): string {
  return entry.value === undefined ? '' : Buffer.from(entry.value).toString('utf8')
}

/** What must stay as it is once an entry has ended, whatever epoch and attempt it is recalled with. */
export function endOf(entry: Entry): string {
  const { state, fingerprint, valueKept, error } = entry
  return [state, fingerprint, valueKept, textOf(entry), error?.code ?? ''].join(' ')
}
