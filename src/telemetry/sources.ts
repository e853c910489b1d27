import type { SizeWatch } from '../integrity/size-watch.ts'
import type { Onceward } from '../ledger/onceward.ts'
import type { Sample, Source } from './samples.ts'

/** What the client of `onceward/fetch` says of itself. */
export interface WatchedClient {
  stats(): {
    readonly destination: string
    readonly answered: number
    readonly notSent: number
    readonly unknown: number
    readonly pool: { readonly queued: number; readonly saturatedMs: number }
    readonly events: { readonly retry_scheduled?: number }
  }
}

const pageSize = 500
const maxPages = 4

/** The doubts of an instance's scope, counted page by page, up to 2,000. */
export function doubtsSource(once: Onceward, nowMs: () => number): Source {
  const { scope } = once
  return async (): Promise<readonly Sample[]> => {
    let doubts = 0
    let oldestMs = nowMs()
    let cursor: string | undefined
    for (let page = 0; page < maxPages; page += 1) {
      const answer = await once.doubts.list({
        limit: pageSize,
        ...(cursor === undefined ? {} : { cursor }),
      })
      doubts += answer.doubts.length
      for (const { since } of answer.doubts) oldestMs = Math.min(oldestMs, Date.parse(since))
      cursor = answer.next
      if (cursor === undefined) break
    }
    const ageMs = doubts === 0 ? 0 : Math.max(nowMs() - oldestMs, 0)
    return [
      { metric: 'onceward_in_doubt', labels: { scope }, value: doubts },
      { metric: 'onceward_in_doubt_oldest_seconds', labels: { scope }, value: ageMs / 1000 },
    ]
  }
}

/** All clients of one destination count as one: a series must not come twice. */
export function clientsSource(clients: ReadonlySet<WatchedClient>): Source {
  return () => {
    const byDestination = Map.groupBy(
      [...clients].map((client) => client.stats()),
      ({ destination }) => destination,
    )
    return [...byDestination].flatMap(([destination, stats]): readonly Sample[] => {
      const sum = (of: (one: (typeof stats)[number]) => number): number =>
        stats.reduce((total, one) => total + of(one), 0)
      const ended = (outcome: string, value: number): Sample => ({
        metric: 'http_client_requests_total',
        labels: { destination, outcome },
        value,
      })
      const labels = { destination }
      return [
        ended(
          'answered',
          sum(({ answered }) => answered),
        ),
        ended(
          'not-sent',
          sum(({ notSent }) => notSent),
        ),
        ended(
          'unknown',
          sum(({ unknown }) => unknown),
        ),
        {
          metric: 'http_client_retries_total',
          labels,
          value: sum(({ events }) => events.retry_scheduled ?? 0),
        },
        { metric: 'onceward_pool_queued', labels, value: sum(({ pool }) => pool.queued) },
        {
          metric: 'onceward_pool_saturated_seconds_total',
          labels,
          value: sum(({ pool }) => pool.saturatedMs) / 1000,
        },
      ]
    })
  }
}

export function sizesSource(watch: SizeWatch): Source {
  return () =>
    watch.sizes().flatMap(({ method, buckets, bytes, limits }): readonly Sample[] => {
      const labels = { method }
      // A limit that was passed is not on this way.
      const ratios = limits.map(({ usedRatio }) => usedRatio).filter((ratio) => ratio <= 1)
      return [
        {
          metric: 'onceward_message_size_bytes',
          labels,
          buckets: buckets.map(({ upToBytes, messages }) => ({ upTo: upToBytes, count: messages })),
          sum: bytes,
        },
        { metric: 'onceward_message_size_limit_ratio', labels, value: Math.max(0, ...ratios) },
      ]
    })
}
