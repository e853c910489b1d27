import type { Runtime } from '../../kernel/runtime.ts'
import type { RecordStore, StoredRecord } from '../../ledger/store.ts'
import { addTally, emptyTally, type Tally } from './counts.ts'
import { keptFor, settledAfterMs } from './recorder.ts'
import {
  dayMs,
  feedStream,
  historyStream,
  hourId,
  hourMs,
  hoursStream,
  type KeptEvent,
  minuteId,
  minuteMs,
  minutesStream,
  twinsStream,
} from './streams.ts'

export interface Interval extends Tally {
  readonly atMs: number
}

const pageSize = 1000
/** Of one question: minutes of a day by seven workers, or of an hour by 166. */
const maxRecords = 10_000
/** Of one turn: an hour of 3,000 workers. */
const maxMinutes = 200_000

/** What workers have written down of what they do. */
export class Activity {
  readonly #records: RecordStore
  readonly #runtime: Runtime

  constructor(records: RecordStore, runtime: Runtime) {
    this.#records = records
    this.#runtime = runtime
  }

  /** Sums by interval, from `fromMs` (taken down to a whole step) to `toMs`. Whole hours are read as such. */
  async intervals(
    scope: string,
    { fromMs, toMs, stepMs }: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
  ): Promise<readonly Interval[]> {
    const beginMs = Math.floor(fromMs / stepMs) * stepMs
    const intervals: Interval[] = []
    for (let atMs = beginMs; atMs < toMs; atMs += stepMs) intervals.push({ atMs, ...emptyTally() })
    const add = (atMs: number, tally: Tally): void => {
      const interval = intervals[Math.floor((atMs - beginMs) / stepMs)]
      if (interval !== undefined) addTally(interval, tally)
    }
    const byHour = stepMs >= hourMs ? await this.#hours(scope, beginMs, toMs) : new Map<string, Tally>()
    for (const [id, tally] of byHour) add(Date.parse(`${id}:00:00Z`), tally)
    const minutesFromMs = Math.max(beginMs, this.#runtime.wallMs() - keptFor.minutes)
    for (const { id, body } of await this.#range(minutesStream(scope), {
      from: minuteId(minutesFromMs),
      to: minuteId(toMs),
    })) {
      if (!byHour.has(id.slice(0, 13))) add(Date.parse(`${id.slice(0, 16)}:00Z`), JSON.parse(body) as Tally)
    }
    return intervals
  }

  async #hours(scope: string, fromMs: number, toMs: number): Promise<Map<string, Tally>> {
    const found = await this.#range(hoursStream(scope), { from: hourId(fromMs - 1), to: hourId(toMs) })
    return new Map(found.map(({ id, body }) => [id, JSON.parse(body) as Tally]))
  }

  /** Records whose id lies from `from` up to those that begin with `to`. */
  async #range(
    stream: string,
    { from, to, most = maxRecords }: { readonly from: string; readonly to: string; readonly most?: number },
  ): Promise<StoredRecord[]> {
    const found: StoredRecord[] = []
    let after = from
    while (found.length < most) {
      const page = await this.#records.read({ stream, after, limit: pageSize })
      const inside = page.filter(({ id }) => id.slice(0, to.length) <= to)
      found.push(...inside)
      if (inside.length < pageSize) break
      after = page.at(-1)?.id ?? after
    }
    return found
  }

  /** What workers have told of an entry that was claimed at `sinceMs`, in order. */
  async historyOf(scope: string, ref: string, sinceMs: number): Promise<readonly KeptEvent[]> {
    const nowMs = this.#runtime.wallMs()
    const fromMs = Math.max(sinceMs - minuteMs, nowMs - keptFor.history)
    const days: number[] = []
    for (let atMs = Math.floor(fromMs / dayMs) * dayMs; atMs <= nowMs + minuteMs; atMs += dayMs)
      days.push(atMs)
    const pages = await Promise.all(
      days.map((atMs) =>
        this.#records.read({ stream: historyStream(scope, atMs), after: `${ref}/`, limit: 100 }),
      ),
    )
    return pages
      .flat()
      .filter(({ id }) => id.startsWith(`${ref}/`))
      .flatMap(({ body }) => JSON.parse(body) as KeptEvent[])
      .toSorted((a, b) => a.atUs - b.atUs)
  }

  /** Unstable keys, newest first. */
  async twins(
    scope: string,
    { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<{ readonly twins: readonly { id: string; event: KeptEvent }[]; readonly next?: string }> {
    const stream = twinsStream(scope)
    const query = { stream, limit: limit + 1, ...(after === undefined ? {} : { after }) }
    const page = await this.#records.read(query)
    const twins = page.slice(0, limit).map(({ id, body }) => ({ id, event: JSON.parse(body) as KeptEvent }))
    const last = twins.at(-1)
    return { twins, ...(page.length > limit && last !== undefined ? { next: last.id } : {}) }
  }

  /** Batches of events that were written after the one named `after`. */
  feed(scope: string, after: string, limit: number): Promise<readonly StoredRecord[]> {
    return this.#records.read({ stream: feedStream(scope), after, limit })
  }

  /** Makes hours of minutes, and forgets what is of no use any more. Safe in several servers at once. */
  async tidy(scope: string): Promise<void> {
    const nowMs = this.#runtime.wallMs()
    await this.#makeHours(scope, Math.floor((nowMs - settledAfterMs) / hourMs) * hourMs)
    await this.#forget(feedStream(scope), keptFor.feed)
    await this.#forget(minutesStream(scope), keptFor.minutes)
    await this.#forget(hoursStream(scope), keptFor.hours)
    await this.#forget(twinsStream(scope), keptFor.twins)
    for (let days = 0; days < 3; days += 1)
      await this.#forget(historyStream(scope, nowMs - keptFor.history - dayMs * (1 + days)), dayMs)
  }

  /** Of all minutes that are older and in no hour yet, however long ago that was: no server may have been there. */
  async #makeHours(scope: string, untilMs: number): Promise<void> {
    const known = await this.#hours(scope, untilMs - keptFor.minutes, untilMs)
    const newest = [...known.keys()].at(-1)
    const until = hourId(untilMs)
    const minutes = await this.#range(minutesStream(scope), {
      from: newest === undefined ? '' : `${newest}~`,
      to: until,
      most: maxMinutes,
    })
    const sums = new Map<string, Tally>()
    for (const { id, body } of minutes) {
      const hour = id.slice(0, 13)
      const sum = sums.get(hour) ?? emptyTally()
      addTally(sum, JSON.parse(body) as Tally)
      sums.set(hour, sum)
    }
    sums.delete(until)
    // Of as many as one look finds the last hour may not be whole: the next turn makes it.
    if (minutes.length >= maxMinutes) sums.delete([...sums.keys()].at(-1) ?? '')
    const stream = hoursStream(scope)
    await this.#records.append([...sums].map(([id, sum]) => ({ stream, id, body: JSON.stringify(sum) })))
  }

  async #forget(stream: string, olderThanMs: number): Promise<void> {
    for (let pages = 0; pages < 100; pages += 1)
      if ((await this.#records.prune({ stream, olderThanMs, limit: 1000 })) < 1000) return
  }
}
