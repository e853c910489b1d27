import type { Store } from '../ledger/store.ts'
import type { SpanContextLike } from './opentelemetry-api.ts'

/** Which attempt of an entry a span stood for. */
export interface RunId {
  readonly ref: string
  readonly attempt: number
}

const stream = 'telemetry-spans'
const keepMs = 7 * 24 * 60 * 60_000
const pruneEvery = 1_000
const pruneLimit = 2_000

/**
 * Where the spans of runs are, so that a replay can be linked to the run it replays: in memory for the last ones of this
 * process; with a store also beside the entries, for seven days, so that replays in other processes find them.
 * A span that cannot be kept or found costs a link and nothing else.
 */
export class Links {
  readonly #max: number
  readonly #records: Store['records'] | undefined
  readonly #known = new Map<string, SpanContextLike>()
  #pending: { stream: string; id: string; body: string }[] = []
  #flushing: Promise<void> | undefined
  #written = 0

  constructor(max: number, store?: Pick<Store, 'records'>) {
    this.#max = max
    this.#records = store?.records
  }

  keep(run: RunId, span: SpanContextLike): void {
    const id = idOf(run)
    this.#remember(id, span)
    if (this.#records === undefined) return
    if (this.#pending.length >= this.#max) this.#pending.shift()
    this.#pending.push({ stream, id, body: JSON.stringify(bodyOf(span)) })
    this.#flushing ??= this.#flush(this.#records)
  }

  async find(run: RunId): Promise<SpanContextLike | undefined> {
    const id = idOf(run)
    const known = this.#known.get(id)
    if (known !== undefined || this.#records === undefined) return known
    const [record] = await this.#records.read({ stream, after: id.slice(0, -1), limit: 1 }).catch(() => [])
    if (record?.id !== id) return undefined
    const span = JSON.parse(record.body) as SpanContextLike
    this.#remember(id, span)
    return span
  }

  /** Until what is kept has been written. */
  async settled(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing
  }

  #remember(id: string, span: SpanContextLike): void {
    this.#known.set(id, span)
    const [oldest] = this.#known.keys()
    if (this.#known.size > this.#max && oldest !== undefined) this.#known.delete(oldest)
  }

  async #flush(records: Store['records']): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, 100)
      this.#written += batch.length
      const isPruning = this.#written % pruneEvery < batch.length
      await records.append(batch).catch(() => undefined)
      if (isPruning)
        await records.prune({ stream, olderThanMs: keepMs, limit: pruneLimit }).catch(() => undefined)
    }
    this.#flushing = undefined
  }
}

/** Ends in a mark that sorts behind the number, so that a reading after the number alone begins with it. */
function idOf({ ref, attempt }: RunId): string {
  return `${ref}/${attempt}.`
}

function bodyOf({ traceId, spanId, traceFlags }: SpanContextLike): SpanContextLike {
  return { traceId, spanId, traceFlags }
}
