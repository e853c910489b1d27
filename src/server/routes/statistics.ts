import { parseTimestamp, timestamp } from '../../kernel/time.ts'
import { addTally, emptyTally, fullCounts, quantiles, type Tally } from '../activity/counts.ts'
import { dayMs, hourMs, minuteMs } from '../activity/streams.ts'
import { Problem } from '../problems.ts'
import { as, type Call, type Route } from '../route.ts'
import { list, object, ref, scopeQuery, time } from '../schema/parts.ts'

/** Points of one answer. */
const maxIntervals = 1500
/** So many are counted; beyond that it is "at least". */
const maxCounted = 500

export const statistics: Route = {
  method: 'GET',
  path: '/v1/statistics',
  id: 'statistics',
  summary: 'What workers did over time, and what needs a person now.',
  role: 'viewer',
  query: {
    scope: scopeQuery,
    from: { ...time, description: 'Default: an hour before `to`.' },
    to: { ...time, description: 'Default: now.' },
    stepMs: {
      type: 'integer',
      minimum: minuteMs,
      maximum: 366 * dayMs,
      description:
        'Whole minutes, or whole hours for more than two days back. Default: one that makes about 60 points.',
    },
  },
  responses: {
    200: {
      description: 'Counts by interval; interval boundaries are whole steps.',
      schema: object({
        scope: { type: 'string' },
        from: time,
        to: time,
        stepMs: { type: 'integer' },
        intervals: list(ref('Interval')),
        total: object({
          counts: ref('Counts'),
          latencyMs: object(
            { p50: { type: 'number' }, p95: { type: 'number' }, p99: { type: 'number' } },
            [],
          ),
        }),
        now: object({ inDoubt: ref('Bounded'), oldestDoubtSince: time }, ['inDoubt']),
      }),
    },
  },
  handle: async (call) => {
    const { services, scope } = call
    const range = rangeOf(call)
    const [intervals, now] = await Promise.all([services.activity.intervals(scope, range), nowOf(call)])
    const total = emptyTally()
    for (const interval of intervals) addTally(total, interval)
    const { fromMs, toMs, stepMs } = range
    return {
      body: {
        scope,
        from: timestamp(fromMs),
        to: timestamp(toMs),
        stepMs,
        intervals: intervals.map((interval) => ({ at: timestamp(interval.atMs), ...shown(interval) })),
        total: shown(total),
        now,
      },
    }
  },
}

function shown(tally: Tally): Readonly<Record<string, unknown>> {
  return { counts: fullCounts(tally.counts), latencyMs: quantiles(tally) }
}

function rangeOf({ services, query }: Call): { fromMs: number; toMs: number; stepMs: number } {
  const { from, to, stepMs: given } = as<{ from?: string; to?: string; stepMs?: number }>(query)
  const toMs = msOf(to) ?? services.runtime.wallMs()
  const fromMs = msOf(from) ?? toMs - hourMs
  if (fromMs >= toMs) throw new Problem('invalid', `query.from must be before query.to, got "${from ?? ''}".`)
  const spanMs = toMs - fromMs
  const usual = [minuteMs, 5 * minuteMs, 15 * minuteMs, hourMs, 6 * hourMs, dayMs, 7 * dayMs]
  const stepMs = given ?? usual.find((step) => spanMs / step <= 100) ?? 30 * dayMs
  if (stepMs % (stepMs >= hourMs ? hourMs : minuteMs) !== 0)
    throw new Problem(
      'invalid',
      `query.stepMs must be whole minutes, from an hour on whole hours, got ${stepMs}.`,
    )
  if (spanMs / stepMs > maxIntervals)
    throw new Problem('invalid', `query.stepMs must make at most ${maxIntervals} intervals, got ${stepMs}.`)
  return { fromMs, toMs, stepMs }
}

function msOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseTimestamp(text)
}

async function nowOf({ services, scope }: Call): Promise<Readonly<Record<string, unknown>>> {
  const { doubts, next } = await services.ledgers.of(scope).doubts.list({ limit: maxCounted })
  const oldest = doubts.map(({ since }) => since).toSorted()[0]
  return {
    inDoubt: { count: doubts.length, isBound: next !== undefined },
    ...(oldest === undefined ? {} : { oldestDoubtSince: oldest }),
  }
}
