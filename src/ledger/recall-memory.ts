import type { Entry } from './entry.ts'

export interface RecallMemoryOptions {
  readonly recallMs: number
  readonly maxEntries: number
  readonly maxBytes: number
  /** Told how many entries fell out because there were too many, or too large ones. */
  readonly onForgotten: (entries: number) => void
}

/** Ended entries that were acknowledged at about the same time. */
interface Slice {
  readonly sinceMs: number
  /** When the last one was acknowledged. */
  untilMs: number
  readonly entries: Map<string, Entry>
  bytes: number
}

/** Slices of the time that is remembered. The oldest is dropped whole: a Map that is emptied from the front is slow. */
const sliceCount = 8

/** What an entry takes without its result: 620 bytes were measured. */
const entryBytes = 640

/** What this process was acknowledged: all that runs, and what has ended lately. Times by the monotonic clock. */
export class RecallMemory {
  readonly #options: RecallMemoryOptions
  readonly #running = new Map<string, Entry>()
  #slices: Slice[] = []
  #count = 0
  #bytes = 0

  constructor(options: RecallMemoryOptions) {
    this.#options = options
  }

  began(entry: Entry): void {
    if (isOlder(entry, this.#slices.at(-1)?.entries.get(entry.ref))) return
    this.#running.set(entry.ref, entry)
    if (this.#running.size <= this.#options.maxEntries) return
    const [oldest] = this.#running.keys()
    this.#running.delete(oldest as string)
    this.#options.onForgotten(1)
  }

  renewed({ ref, owner, leaseUntilMs }: Pick<Entry, 'ref' | 'owner' | 'leaseUntilMs'>): void {
    const entry = this.#running.get(ref)
    if (entry?.owner === owner) this.#running.set(ref, { ...entry, leaseUntilMs })
  }

  /** The entry as its owner was acknowledged it, while it runs. */
  runs(ref: string, owner: string): Entry | undefined {
    const entry = this.#running.get(ref)
    return entry?.owner === owner ? entry : undefined
  }

  /** The owner's attempt runs no more; what came of it lies elsewhere, or nowhere. */
  forget(ref: string, owner: string): void {
    if (this.#running.get(ref)?.owner === owner) this.#running.delete(ref)
  }

  ended(entry: Entry, nowMs: number): void {
    if (isOlder(entry, this.#running.get(entry.ref))) return
    this.#running.delete(entry.ref)
    const slice = this.#sliceAt(nowMs)
    if (isOlder(entry, slice.entries.get(entry.ref))) return
    const { size } = slice.entries
    slice.entries.set(entry.ref, entry)
    this.#count += slice.entries.size - size
    // One that ends twice within a slice is counted twice: rare, and on the safe side.
    const bytes = bytesOf(entry)
    slice.untilMs = nowMs
    slice.bytes += bytes
    this.#bytes += bytes
  }

  /** What had ended has been acknowledged once more, by recall, and is remembered from then on: the next failover may lose that. */
  asserted(entries: readonly Entry[], nowMs: number): void {
    for (const entry of entries) if (!this.#running.has(entry.ref)) this.ended(entry, nowMs)
  }

  /** The latest of each entry, those first that have ended. Ended ones of before `sinceMs` are left out. */
  all(sinceMs: number): Entry[] {
    const found = new Map<string, Entry>()
    for (const slice of this.#slices) {
      if (slice.untilMs < sinceMs) continue
      for (const [ref, entry] of slice.entries) found.set(ref, entry)
    }
    for (const [ref, entry] of this.#running) found.set(ref, entry)
    return [...found.values()]
  }

  #sliceAt(nowMs: number): Slice {
    const { recallMs, maxEntries, maxBytes } = this.#options
    const current = this.#slices.at(-1)
    const isRoomy =
      current !== undefined &&
      nowMs - current.sinceMs < recallMs / sliceCount &&
      current.entries.size < maxEntries / sliceCount &&
      current.bytes < maxBytes / sliceCount
    if (isRoomy) return current
    const slice: Slice = { sinceMs: nowMs, untilMs: nowMs, entries: new Map(), bytes: 0 }
    this.#slices.push(slice)
    this.#dropOld(nowMs - recallMs)
    return slice
  }

  #dropOld(sinceMs: number): void {
    const { maxEntries, maxBytes, onForgotten } = this.#options
    for (;;) {
      const [oldest] = this.#slices
      if (oldest === undefined || this.#slices.length === 1) return
      const isTooMuch = this.#count >= maxEntries || this.#bytes >= maxBytes
      const isOld = oldest.untilMs < sinceMs
      if (!isOld && !isTooMuch) return
      this.#slices.shift()
      this.#count -= oldest.entries.size
      this.#bytes -= oldest.bytes
      if (!isOld) onForgotten(oldest.entries.size)
    }
  }
}

/** Lanes do not wait for each other: what was written first may be acknowledged last. */
function isOlder(entry: Entry, known: Entry | undefined): boolean {
  if (known === undefined) return false
  return known.epoch === entry.epoch ? known.rev > entry.rev : known.epoch > entry.epoch
}

function bytesOf({ value, steps }: Entry): number {
  let bytes = entryBytes + (value?.byteLength ?? 0)
  if (steps !== undefined) for (const step of steps.steps) bytes += 256 + (step.value?.length ?? 0)
  return bytes
}
