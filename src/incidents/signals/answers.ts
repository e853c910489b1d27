import { durationText, shareText } from '../../reconcile/values/format.ts'
import { constantsOf } from '../bundle/constants.ts'
import type { BundleRow, LoadedSource } from '../bundle/row.ts'
import { median, percentile } from './decisions.ts'
import { intervalsOf } from './gaps.ts'
import { type Group, rowsByRef } from './groups.ts'
import {
  columnOf,
  type Material,
  type Measured,
  type Measures,
  pairsQuery,
  searchQuery,
  tableOf,
} from './material.ts'
import { byGroups, evidenceOf, unknown } from './saying.ts'

/** Callers and their answers: how slow, how often, at which intervals, how many at once. */
export const answerMeasures: Measures = {
  'first-answer.slow': firstSlow,
  'first-answer.error': (m) =>
    byGroups(m, {
      test: (group) => {
        const status = firstOf(group)?.status
        return status === undefined ? undefined : isError(status)
      },
      words: 'the first answer was an error although the effect had happened',
      missing: 'No source holds the status of answers.',
      fields: ['status'],
    }),
  'requests.repeated': repeated,
  'retries.fixed-interval': fixedInterval,
  'attempts.layers': layers,
  'concurrency.grows-with': grows,
  'spans.overlap': (m) =>
    byGroups(m, {
      test: (group) => {
        const [first, second] = answered(group)
        if (first?.at === undefined || first.durationMs === undefined || second?.at === undefined)
          return undefined
        return second.at < first.at + first.durationMs
      },
      words: 'the second began before the first had ended',
      missing: 'No source says how long the first took.',
      fields: ['durationMs'],
    }),
  'work.exceeds-lease': exceedsLease,
}

/** The rows of a group that are requests or work with a time: of the side that has two of them. */
function answered({ requests, deliveries, rows, log }: Group): readonly BundleRow[] {
  for (const side of [requests, deliveries, rows, log]) {
    const timed = side.filter(({ at }) => at !== undefined)
    if (timed.length >= 2) return timed
  }
  return []
}

function firstOf(group: Group): BundleRow | undefined {
  for (const side of [group.requests, group.deliveries, group.log, group.rows]) {
    const row = side.find(({ status, durationMs }) => status !== undefined || durationMs !== undefined)
    if (row !== undefined) return row
  }
  return undefined
}

export function isError(status: string): boolean {
  return /^5\d\d$|^(error|failed|failure|timeout|timed[ _-]?out|exception|reset|aborted|499|408|0)$/i.test(
    status,
  )
}

const gaveUp = /^(408|499|504|598|599)$|timed?[ _-]?out|deadline/i

function firstSlow(m: Material): Measured {
  const timeouts = m.known('clientTimeoutMs')
  const limitMs = timeouts.length === 0 ? undefined : Math.min(...timeouts)
  const durations: number[] = []
  const measured = byGroups(m, {
    test: (group) => {
      const first = firstOf(group)
      // Who gave up waiting says so, and by then had not waited longer than that.
      if (first?.status !== undefined && gaveUp.test(first.status)) return true
      if (first?.durationMs === undefined) return undefined
      durations.push(first.durationMs)
      const second = answered(group)[1]
      const isLate =
        second?.at !== undefined && first.at !== undefined && second.at < first.at + first.durationMs
      return isLate || (limitMs !== undefined && first.durationMs >= limitMs)
    },
    words: `the first answer came after the second request${limitMs === undefined ? '' : ` or took longer than the timeout of ${durationText(limitMs)}`}, or nobody waited for it`,
    missing: 'No source says how long the first answer took.',
    fields: ['durationMs', 'status'],
  })
  return durations.length === 0
    ? measured
    : { ...measured, numbers: { medianMs: median(durations), share: measured.share } }
}

/** Of requests even where they brought no second effect. */
function repeated(m: Material): Measured {
  const sources = m.of('requests').filter(({ map }) => map.ref !== undefined && map.at !== undefined)
  const [source] = sources
  const refs = new Set(m.groups.list.map(({ ref }) => ref))
  const rows =
    source?.rows ??
    m
      .rows('log')
      .filter(
        ({ ref, endpoint, message = '' }) =>
          ref !== undefined && (endpoint !== undefined || /request|received|post/i.test(message)),
      )
  const owner = source ?? m.sources.find(({ id }) => id === rows[0]?.source)
  const all = [...rowsByRef(rows)].filter(([ref]) => !m.groups.isEffects || refs.size === 0 || refs.has(ref))
  if (owner === undefined || all.length === 0) return unknown('No source lists requests by their reference.')
  const gaps: number[] = []
  const yes = all.filter(([, list]) => {
    const [first, second] = list
    const gap = first?.at === undefined || second?.at === undefined ? undefined : second.at - first.at
    if (gap !== undefined) gaps.push(gap)
    return gap !== undefined && gap <= 60_000 && isIdentical(list)
  }).length
  const share = yes / all.length
  const statement = `For ${yes} of ${all.length} references${refs.size > 0 && m.groups.isEffects ? ' with duplicates' : ''} identical requests came in within 60 s.`
  const query =
    source === undefined
      ? searchQuery(owner, /request|received|post/i)
      : pairsQuery(source, ['status', 'durationMs', 'payload'])
  return {
    value: m.decisions.byShare(yes, all.length),
    statement,
    found: [evidenceOf(owner, statement, query)],
    numbers: { share, medianMs: gaps.length === 0 ? 0 : median(gaps) },
  }
}

function isIdentical(rows: readonly BundleRow[]): boolean {
  return (
    new Set(rows.slice(0, 2).map(({ payload, endpoint }) => `${payload ?? ''} ${endpoint ?? ''}`)).size === 1
  )
}

/** Three or more at equal intervals, or intervals that a known delay explains. */
function fixedInterval(m: Material): Measured {
  const delays = m.known('retryDelaysMs')
  const sources = m
    .of('requests', 'deliveries')
    .filter(({ map }) => map.ref !== undefined && map.at !== undefined)
  for (const source of [...sources, ...m.of('log')]) {
    const chains = [...rowsByRef(source.rows).values()]
      .map((rows) => rows.flatMap(({ at }) => at ?? []))
      .filter((times) => times.length >= (delays.length > 0 ? 2 : 3))
    if (chains.length === 0) continue
    const intervals: number[] = []
    const yes = chains.filter((times) => {
      const gaps = intervalsOf(times)
      const isDelay =
        delays.length > 0 && gaps.every((gap) => delays.some((delay) => Math.abs(gap - delay) <= delay * 0.1))
      const isEqual = isDelay || (times.length >= 3 && m.decisions.isFixed(gaps))
      if (isEqual) intervals.push(...gaps)
      return isEqual
    }).length
    const share = yes / chains.length
    const intervalMs = intervals.length === 0 ? 0 : median(intervals)
    // A chain of three equal intervals is no chance, so that one is enough where there are no others.
    const value = yes > 0 && share >= 0.6 ? true : chains.length >= 3 && share < 0.15 ? false : 'unknown'
    const statement = `In ${source.id} ${yes} of ${chains.length} references that come again do so at equal intervals${yes > 0 ? ` of ${durationText(intervalMs)}` : ''}.`
    const query =
      source.format === 'text'
        ? searchQuery(source, /retry|attempt|request/i)
        : pairsQuery(source, ['status'])
    return { value, statement, found: [evidenceOf(source, statement, query)], numbers: { intervalMs, share } }
  }
  return unknown('No reference has three requests or deliveries to compare.')
}

const layerNames: Readonly<Record<string, RegExp>> = {
  client:
    /(client|sdk|axios|fetch|browser|caller|app)\S{0,20}\W{0,5}(\w+\W+){0,4}(retry|retries|retrying|attempt)|(retry|retrying|attempt)\W+(\w+\W+){0,4}(client|sdk|axios|caller)/i,
  gateway:
    /(gateway|proxy|envoy|nginx|alb|mesh|istio|load.?balancer)\S{0,20}\W{0,5}(\w+\W+){0,4}(retry|retries|retrying|attempt)|(retry|attempt)\W+(\w+\W+){0,4}(gateway|proxy|envoy|upstream)/i,
  worker:
    /(worker|consumer|queue|sqs|kafka|rabbit|celery|sidekiq|bull)\S{0,20}\W{0,5}(\w+\W+){0,4}(retry|retries|redeliver|attempt)|redeliver|receive.?count/i,
  job: /(job|batch|stage|cron|scheduler|pipeline|workflow)\S{0,20}\W{0,5}(\w+\W+){0,4}(retry|retries|re-?run|attempt)|(retry|re-?running)\W+(\w+\W+){0,4}(job|batch|stage)/i,
}

interface ConfiguredLimit {
  readonly source: LoadedSource
  readonly path: string
  readonly said: string
}

/** Files of settings that let somebody try more than once: each is of a layer of its own. */
function configuredLimits(m: Material): readonly ConfiguredLimit[] {
  return m.of('config').flatMap((source) =>
    (source.files ?? []).flatMap(({ path, text }) => {
      const limit = constantsOf(text).find(({ name, value }) => name === 'attemptLimits' && value > 1)
      return limit === undefined ? [] : [{ source, path, said: limit.said }]
    }),
  )
}

function layers(m: Material): Measured {
  const names: string[] = []
  const found = []
  for (const [name, pattern] of Object.entries(layerNames)) {
    const source = m
      .of('log', 'config', 'code', 'requests')
      .find(
        (one) =>
          one.rows.some((row) => pattern.test(row.message ?? `${row.name ?? ''} ${row.value ?? ''}`)) ||
          one.files?.some(({ text }) => pattern.test(text)) === true,
      )
    if (source === undefined) continue
    names.push(name)
    found.push(
      evidenceOf(source, `${source.id} tells of retries in a ${name}.`, searchQuery(source, pattern)),
    )
  }
  for (const { source, path, said } of configuredLimits(m)) {
    names.push(`${path} (${said})`)
    found.push(evidenceOf(source, `${path} says ${said}.`, searchQuery(source, /retr(y|ies)|attempt|tries/i)))
  }
  if (found.length === 0) {
    const kinds = m.of('log', 'config')
    const [source] = kinds
    if (source === undefined) return unknown('No log or configuration tells who retries.')
    const statement = 'No layer is seen or configured to retry.'
    return {
      value: false,
      statement,
      found: [evidenceOf(source, statement, searchQuery(source, /retr(y|ies)|attempt/i))],
      numbers: { layers: 0 },
    }
  }
  const statement = `${names.length} ${names.length === 1 ? 'layer is' : 'layers are'} seen or configured to retry: ${names.join(', ')}.`
  return { value: names.length >= 2, statement, found, numbers: { layers: names.length }, names }
}

/** The share of references that are duplicated, in the busiest and the quietest third of the minutes. */
function grows(m: Material): Measured {
  const { base, list } = m.groups
  if (base === undefined || list.length < 3) return unknown('Fewer than three duplicate references.')
  const busy = m.of('requests').find(({ totals }) => totals.minutes.size > 0) ?? base
  const duplicates = new Map<number, number>()
  for (const { rows } of list) {
    const at = rows[0]?.at
    if (at !== undefined)
      duplicates.set(Math.floor(at / 60_000), (duplicates.get(Math.floor(at / 60_000)) ?? 0) + 1)
  }
  if (duplicates.size === 0) return unknown('No duplicate reference has a time.')
  const minutes = [...busy.totals.minutes].toSorted((a, b) => a[1] - b[1] || a[0] - b[0])
  if (minutes.length < 9)
    return unknown('Fewer than nine minutes are counted: too few to compare busy with quiet ones.')
  const third = Math.floor(minutes.length / 3)
  const shareOf = (part: readonly (readonly [number, number])[]): number => {
    const extra = part.reduce((sum, [minute]) => sum + (duplicates.get(minute) ?? 0), 0)
    return (
      extra /
      Math.max(
        1,
        part.reduce((sum, [, count]) => sum + count, 0),
      )
    )
  }
  const [quiet, loud] = [shareOf(minutes.slice(0, third)), shareOf(minutes.slice(-third))]
  const isEven = (minutes.at(-1)?.[1] ?? 0) < 2 * Math.max(1, minutes[0]?.[1] ?? 0)
  const ratio = quiet === 0 ? (loud === 0 ? 1 : 99) : loud / quiet
  const statement = `In the busiest third of minutes ${shareText(loud)} of rows are the first of duplicates, in the quietest ${shareText(quiet)}.`
  const value = isEven ? 'unknown' : ratio >= 2 ? true : ratio < 1.3 ? false : 'unknown'
  return { value, statement, found: [evidenceOf(base, statement, pairsQuery(base, []))], numbers: { ratio } }
}

function exceedsLease(m: Material): Measured {
  const [leaseMs] = m.known('leaseMs')
  if (leaseMs === undefined) return unknown('No lease or visibility timeout is known.')
  for (const source of m.of('requests', 'log', 'effects', 'ledger', 'metrics')) {
    const isMetric = source.kind === 'metrics'
    const durations = isMetric
      ? source.rows
          .filter(({ name = '' }) => /duration|latency|processing/i.test(name) && /p99|0\.99|max/i.test(name))
          .flatMap(({ value }) => (value === undefined ? [] : Number(value)))
      : source.rows.flatMap(({ durationMs }) => durationMs ?? [])
    if (durations.length < 3) continue
    const p99Ms = isMetric ? median(durations) : percentile(durations, 0.99)
    const statement = `The 99th percentile of the work in ${source.id} is ${durationText(p99Ms)}; the lease is ${durationText(leaseMs)}.`
    const query =
      isMetric || source.format === 'text'
        ? searchQuery(source, /duration|latency/i)
        : `SELECT quantile_cont(CAST(${columnOf(source, 'durationMs')} AS DOUBLE), 0.99) FROM ${tableOf(source)}`
    return {
      value: p99Ms > leaseMs,
      statement,
      found: [evidenceOf(source, statement, query)],
      numbers: { p99Ms, leaseMs },
    }
  }
  return unknown('No source says how long the work takes.')
}
