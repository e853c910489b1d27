import { countText, shareText } from '../../reconcile/values/format.ts'
import { pairsIn } from '../bundle/log-line.ts'
import type { FieldName } from '../bundle/manifest.ts'
import type { BundleRow } from '../bundle/row.ts'
import { gapOf, type Group } from './groups.ts'
import { columnOf, type Material, type Measured, type Measures, pairsQuery, tableOf } from './material.ts'
import { everyItemTwice } from './pairs.ts'
import { alternates } from './to-and-fro.ts'
import { byGroups, evidenceOf, rowsWith, saidFound, shortened, unknown } from './saying.ts'

/** Where duplicates come from: workers, hosts, endpoints, segments, runs, events. */
export const placeMeasures: Measures = {
  'workers.different': (m) => {
    const measured = byGroups(m, {
      test: (group) => distinct(group, 'worker', (count) => count > 1),
      words: 'the rows come from different workers',
      missing: 'No column holds workers.',
      fields: ['worker'],
    })
    return { ...measured, numbers: { share: measured.share, workers: workersOf(m).length } }
  },
  'workers.only-one': (m) => {
    const workers = workersOf(m)
    const source = m
      .of('effects', 'requests', 'deliveries', 'ledger')
      .find(({ map }) => map.worker !== undefined)
    if (source === undefined || workers.length === 0) return unknown('No column holds workers.')
    const statement =
      workers.length === 1
        ? `All rows come from one worker, ${workers[0] ?? ''}.`
        : `Rows come from ${workers.length} workers.`
    const query = `SELECT ${columnOf(source, 'worker')}, count(*) FROM ${tableOf(source)} GROUP BY 1 ORDER BY 2 DESC`
    return {
      value: workers.length === 1,
      statement,
      found: [evidenceOf(source, statement, query)],
      numbers: { workers: workers.length },
    }
  },
  'hosts.two-per-slot': twoPerSlot,
  'origin.one-only': (m) => {
    const [byHost, byVersion] = [oneOnly(m, 'host'), oneOnly(m, 'version')]
    if (byHost.value === true) return byHost
    return byVersion.value === true || byHost.value === 'unknown' ? byVersion : byHost
  },
  'endpoint.one-only': (m) => oneOnly(m, 'endpoint'),
  'endpoints.two': (m) => {
    const registered = registeredTwice(m)
    if (registered !== undefined) return registered
    return byGroups(m, {
      test: (group) => {
        for (const rows of [group.deliveries, group.requests, group.rows, group.log]) {
          const sent = rows.flatMap((row) => {
            const to = sentTo(row)
            return to === undefined ? [] : [{ to, event: row.event }]
          })
          if (sent.length < 2) continue
          const events = new Set(sent.map(({ event }) => event))
          const places = new Set(sent.map(({ to }) => to))
          return places.size > 1 && events.size === 1
        }
        return undefined
      },
      words: 'the same event was delivered to two endpoints',
      missing: 'No column holds endpoints.',
      fields: ['endpoint', 'event'],
    })
  },
  'segments.contiguous': contiguous,
  'attempt.second': attemptSecond,
  'runs.two': (m) => {
    const measured = byGroups(m, {
      test: (group) => distinct(group, 'run', (count) => count > 1),
      words: 'the rows belong to different runs',
      missing: 'No column holds runs.',
      fields: ['run'],
    })
    const runs = new Set(m.groups.list.flatMap(({ rows }) => rows.flatMap(({ run }) => run ?? []))).size
    return { ...measured, numbers: { share: measured.share, runs } }
  },
  'runs.overlap': overlap,
  'count.grows': grows,
  'events.two-ids': (m) =>
    byGroups(m, {
      test: (group) =>
        distinct(
          group,
          'event',
          (count, rows) => count > 1 && new Set(rows.map(({ kind }) => kind)).size === 1,
        ),
      words: 'the rows stem from different event ids',
      missing: 'No column holds event ids.',
      fields: ['event', 'kind'],
    }),
  'origin.alternates': alternates,
}

const takes = /subscri|handler|listener|consumer_?group/i

/** The endpoint, or by whatever name who takes an event is called in columns or in the pairs of a message. */
function sentTo({ endpoint, rest, message }: BundleRow): string | undefined {
  if (endpoint !== undefined) return endpoint
  const named = [...Object.entries(rest ?? {}), ...(message === undefined ? [] : pairsIn(message))]
  return named.find(([name]) => takes.test(name))?.[1]
}

const registers =
  /(regist(er|ered|ering|ration)|subscri(be|bed|bing|ption)|add(ed|ing)?|attach(ed|ing)?)\b.*\b(listener|handler|consumer|subscri\w*|webhook|callback|endpoint|hook)s?\b/i

/** One process that takes the same subscription twice, as its log tells. */
function registeredTwice(m: Material): Measured | undefined {
  const lines = m.said(registers, 'log', 'processes')
  const counts = new Map<string, number>()
  const key = (row: BundleRow): string => JSON.stringify([row.message ?? row.name, row.worker ?? row.host])
  for (const row of lines) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1)
  const again = lines.filter((row) => (counts.get(key(row)) ?? 0) > 1)
  const isMost = again.length > 0 && again.length >= lines.length * 0.5
  if (!isMost || m.groups.list.length < 3) return undefined
  const statement = `${again.length} of ${lines.length} lines about handlers and subscriptions say again what the same process had said: “${shortened(again[0]?.message ?? '', 80)}”.`
  return {
    value: true,
    statement,
    found: saidFound(m, again, { pattern: registers, what: 'handlers that were registered' }),
    numbers: { share: again.length / lines.length },
  }
}

function distinct(
  group: Group,
  field: FieldName,
  fits: (count: number, rows: readonly BundleRow[]) => boolean,
): boolean | undefined {
  const rows = rowsWith(group, field)
  return rows.length < 2 ? undefined : fits(new Set(rows.map((row) => row[field])).size, rows)
}

function workersOf(m: Material): string[] {
  return [
    ...new Set(m.rows('effects', 'requests', 'deliveries', 'ledger').flatMap(({ worker }) => worker ?? [])),
  ]
}

/** 90 % of the extra rows from one, while others served at least a tenth of all at the time. */
function oneOnly(m: Material, field: 'host' | 'version' | 'endpoint'): Measured {
  const { base, list } = m.groups
  const extra = list.flatMap((group) =>
    rowsWith(group, field)
      .slice(1)
      .flatMap((row) => row[field] ?? []),
  )
  // What served before says nothing of who could have done it.
  const times = list.flatMap((group) =>
    rowsWith(group, field)
      .slice(1)
      .flatMap(({ at }) => at ?? []),
  )
  const since = times.reduce((least, at) => Math.min(least, at), Infinity) - 60_000
  const until = times.reduce((most, at) => Math.max(most, at), -Infinity) + 60_000
  const all = m
    .rows('effects', 'requests', 'deliveries', 'ledger')
    .filter(
      (row) => row[field] !== undefined && (row.at === undefined || (row.at >= since && row.at <= until)),
    )
  if (base === undefined || extra.length < 3 || all.length === 0)
    return unknown(`No column holds the ${field} of enough rows.`)
  const counts = countBy(extra)
  const [name = '', count = 0] = counts[0] ?? []
  const share = count / extra.length
  const others = all.filter((row) => row[field] !== name).reduce((sum, { weight }) => sum + weight, 0)
  const elsewhere = others / all.reduce((sum, { weight }) => sum + weight, 0)
  const statement = `${shareText(share)} of the extra rows come from ${field} ${name}, while others served ${shareText(elsewhere)} of all rows.`
  const query = `SELECT ${columnOf(base, field)}, count(*) FROM (${pairsQuery(base, [field])}) GROUP BY 1 ORDER BY 2 DESC`
  // With one place alone nothing can be told from being there.
  if (elsewhere === 0) return unknown(`All rows come from one ${field}, ${name}.`)
  // Of those that come from others as often as these serve, none or hardly any did.
  const isOne =
    share >= 0.9 && elsewhere >= 0.1 && extra.length * elsewhere >= 5 * (1 - share) * extra.length + 5
  const value = isOne ? true : Math.abs(share - (1 - elsewhere)) <= 0.2 ? false : 'unknown'
  return { value, statement, found: [evidenceOf(base, statement, query)], numbers: { share }, names: [name] }
}

export function countBy(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
}

function twoPerSlot(m: Material): Measured {
  const byRun = twoPerRun(m)
  return byRun?.value === true
    ? byRun
    : (sameTwoHosts(m) ?? byRun ?? unknown('No source names both run and host.'))
}

function twoPerRun(m: Material): Measured | undefined {
  const rows = m
    .rows('effects', 'processes', 'log', 'ledger')
    .filter(({ run, host }) => run !== undefined && host !== undefined)
  const source = m.sources.find(({ id }) => id === rows[0]?.source)
  if (source === undefined) return undefined
  const hosts = new Map<string, Set<string>>()
  for (const { run = '', host = '' } of rows) hosts.set(run, (hosts.get(run) ?? new Set()).add(host))
  const slots = [...hosts.values()].filter((names) => names.size > 1).length
  const statement = `${slots} of ${hosts.size} runs were on two hosts or more.`
  const query = `SELECT ${columnOf(source, 'run')}, count(DISTINCT ${columnOf(source, 'host')}) AS hosts FROM ${tableOf(source)} GROUP BY 1 ORDER BY 2 DESC`
  return {
    value: slots >= 2 ? true : slots === 0 ? false : 'unknown',
    statement,
    found: [evidenceOf(source, statement, query)],
    numbers: { slots },
  }
}

const slotMs = 300_000

/** Each scheduler names its own runs: then all that was due at the time was done by the same two hosts, minutes apart at most. */
function sameTwoHosts(m: Material): Measured | undefined {
  const { base, list } = m.groups
  if (base === undefined || list.length < 10) return undefined
  const pairs = list.flatMap((group) => {
    const names = new Set(group.rows.flatMap(({ host, worker }) => host ?? worker ?? []))
    const gap = gapOf(group)
    return names.size < 2 || gap === undefined || gap > slotMs ? [] : [[...names].toSorted().join(' and ')]
  })
  const [name = '', count = 0] = countBy(pairs)[0] ?? []
  const isAll = everyItemTwice(m).value === true
  if (!isAll || count < list.length * 0.9) return undefined
  const statement = `${countText(count)} of ${countText(list.length)} duplicate references come from the same two, ${name}, within five minutes of each other.`
  return {
    value: true,
    statement,
    found: [evidenceOf(base, statement, pairsQuery(base, ['host', 'worker']))],
    numbers: { slots: count },
  }
}

function contiguous(m: Material): Measured {
  const { base, list } = m.groups
  if (base?.map.segment === undefined || list.length < 3)
    return unknown('No column holds segments, or fewer than three references are duplicated.')
  const refs = new Map<string, Set<string>>()
  const repeated = new Map<string, Set<string>>()
  const twice = new Set(list.map(({ ref }) => ref))
  for (const { ref, segment } of base.rows) {
    if (ref === undefined || segment === undefined) continue
    refs.set(segment, (refs.get(segment) ?? new Set()).add(ref))
    if (twice.has(ref)) repeated.set(segment, (repeated.get(segment) ?? new Set()).add(ref))
  }
  const shares = [...refs].map(([segment, all]) => ({
    segment,
    share: (repeated.get(segment)?.size ?? 0) / all.size,
  }))
  const touched = shares.filter(({ share }) => share > 0).map(({ segment }) => segment)
  const full = shares.filter(({ share }) => share >= 0.8).map(({ segment }) => segment)
  // Duplicates that fell anywhere would lie in most segments, few in each. Of those that ran again, the last only in part.
  const isPart = touched.length <= refs.size * 0.6 && list.length >= touched.length * 3
  const isEverything = full.length === refs.size
  const value = isPart ? true : isEverything ? 'unknown' : false
  const statement = `Duplicates lie in ${touched.length} of ${refs.size} segments${touched.length > 12 ? '' : ` (${touched.join(', ')})`} and fill ${full.length} of them.`
  const [segment, ref] = [columnOf(base, 'segment'), columnOf(base, 'ref')]
  const query = `SELECT ${segment}, count(*) - count(DISTINCT ${ref}) AS extra, count(DISTINCT ${ref}) AS refs FROM ${tableOf(base)} GROUP BY 1 ORDER BY 1`
  return {
    value,
    statement,
    found: [evidenceOf(base, statement, query)],
    numbers: { segments: touched.length, share: touched.length / refs.size },
  }
}

const second =
  /attempt[ =:#]*([2-9]|\d\d)\b|second attempt|re-?running (the )?(whole |entire )?(stage|batch|job|segment)|retry(ing)? (of )?(the )?(whole |entire )?(stage|batch)/i

function attemptSecond(m: Material): Measured {
  const measured = byGroups(m, {
    test: (group) => {
      const rows = rowsWith(group, 'attempt')
      return rows.length < 2 ? undefined : rows.slice(1).some(({ attempt = 0 }) => attempt >= 2)
    },
    words: 'a later row carries attempt 2 or more',
    missing: 'No column holds attempts.',
    fields: ['attempt'],
  })
  if (measured.value === true) return measured
  const first = m.groups.list.reduce((least, { rows }) => Math.min(least, rows[0]?.at ?? Infinity), Infinity)
  const last = m.groups.list.reduce(
    (most, { rows }) => Math.max(most, rows.at(-1)?.at ?? -Infinity),
    -Infinity,
  )
  const lines = m
    .said(second, 'log')
    .filter(({ at }) => at !== undefined && at >= first - 3_600_000 && at <= last)
  if (lines.length === 0 || m.groups.list.length === 0) return measured
  const found = saidFound(m, lines, { pattern: second, what: 'a second attempt' })
  return {
    value: true,
    statement: 'Logs tell of a second attempt of a stage or batch between the rows of duplicates.',
    found,
    numbers: { share: measured.share },
  }
}

function overlap(m: Material): Measured {
  const rows = m
    .rows('effects', 'log', 'processes', 'ledger')
    .filter(({ run, at }) => run !== undefined && at !== undefined)
  const source = m.sources.find(({ id }) => id === rows[0]?.source)
  const spans = new Map<string, { from: number; to: number }>()
  for (const { run = '', at = 0, durationMs = 0 } of rows) {
    const span = spans.get(run) ?? { from: at, to: at }
    spans.set(run, { from: Math.min(span.from, at), to: Math.max(span.to, at + durationMs) })
  }
  if (source === undefined || spans.size < 2) return unknown('Fewer than two runs are named with times.')
  const sorted = [...spans.values()].toSorted((a, b) => a.from - b.from)
  const overlaps = sorted.filter((span, at) =>
    sorted.slice(0, at).some((before) => before.to > span.from),
  ).length
  const statement = `${overlaps} of ${spans.size} runs began before an earlier one had ended.`
  const query = `SELECT ${columnOf(source, 'run')}, min(${columnOf(source, 'at')}), max(${columnOf(source, 'at')}) FROM ${tableOf(source)} GROUP BY 1 ORDER BY 2`
  return {
    value: overlaps > 0,
    statement,
    found: [evidenceOf(source, statement, query)],
    numbers: { overlaps },
  }
}

/** By runs, else by calendar days. */
function grows(m: Material): Measured {
  const { base, list } = m.groups
  if (base === undefined || list.length < 3) return unknown('Fewer than three duplicate references.')
  const extra = list.flatMap(({ rows }) => rows.slice(1))
  const periodOf = ({ run, at }: BundleRow): string | undefined =>
    run ?? (at === undefined ? undefined : new Date(at).toISOString().slice(0, 10))
  const counts = new Map<string, { at: number; count: number }>()
  for (const row of extra) {
    const period = periodOf(row)
    if (period === undefined) continue
    const known = counts.get(period) ?? { at: row.at ?? 0, count: 0 }
    counts.set(period, { at: Math.min(known.at, row.at ?? 0), count: known.count + 1 })
  }
  if (counts.size < 3)
    return unknown(
      `Duplicates lie in ${counts.size} ${counts.size === 1 ? 'period' : 'periods'}: too few to see them grow.`,
    )
  const series = [...counts.values()].toSorted((a, b) => a.at - b.at).map(({ count }) => count)
  const rises = series.slice(1).filter((count, at) => count > (series[at] ?? 0)).length
  const value = rises === series.length - 1 ? true : rises <= (series.length - 1) / 2 ? false : 'unknown'
  const statement = `Over ${series.length} periods duplicates were ${series.slice(0, 12).join(', ')}.`
  return {
    value,
    statement,
    found: [evidenceOf(base, statement, pairsQuery(base, ['run']))],
    numbers: { periods: series.length },
  }
}
