import { countText } from '../../reconcile/values/format.ts'
import { knownLimits } from '../../integrity/limits.ts'
import { suspicionsOf } from '../../integrity/size-watch.ts'
import type { LoadedSource } from '../bundle/row.ts'
import { columnOf, type Material, type Measured, type Measures, searchQuery, tableOf } from './material.ts'
import { evidenceOf, saidFound, unknown } from './saying.ts'

/** Sizes that stop at a limit; queues that grow, messages that fail again and again. */
export const sizeMeasures: Measures = {
  'size.at-limit': atLimit,
  'queue.backlog-grows': backlog,
  'queue.poison': poison,
}

/** The largest size is repeated on a limit or a power of two, or a percentile equals a limit. */
function atLimit(m: Material): Measured {
  const limits = [
    ...knownLimits,
    ...m
      .known('receiveLimitBytes')
      .map((bytes) => ({ name: 'a limit of this bundle', bytes, source: 'known' })),
  ]
  const watch = { limits, marginRatio: 0.05, stays: 3, fromBytes: 16_384, maxMethods: 1000 }
  let measured: Measured | undefined
  for (const { source, sizes, name } of sizesOf(m)) {
    const largest = sizes.reduce((most, size) => Math.max(most, size), 0)
    const times = sizes.filter((size) => size === largest).length
    const suspicion = suspicionsOf(largest, times, watch).find(
      ({ why }) => why === 'on-limit' || why === 'power-of-two',
    )
    const isPercentile = source.kind === 'metrics' && limits.some(({ bytes }) => bytes === largest)
    const names = (suspicion?.limits ?? limits.filter(({ bytes }) => bytes === largest)).map(
      (limit) => limit.name,
    )
    const isOn = suspicion !== undefined || isPercentile
    const statement = `The largest ${name} in ${source.id} is ${countText(largest)} bytes, ${times} of ${countText(sizes.length)} times${names.length > 0 && isOn ? `: ${names.join(', ')}` : ''}.`
    const query =
      source.kind === 'metrics' || source.format === 'text'
        ? searchQuery(source, /size|bytes/i)
        : `SELECT ${columnOf(source, 'bytes')}, count(*) FROM ${tableOf(source)} GROUP BY 1 ORDER BY CAST(${columnOf(source, 'bytes')} AS BIGINT) DESC LIMIT 5`
    const found = {
      value: isOn,
      statement,
      found: [evidenceOf(source, statement, query)],
      numbers: { bytes: largest },
      ...(names.length > 0 ? { names } : {}),
    }
    if (isOn) return found
    measured ??= found
  }
  return measured ?? unknown('No source holds sizes.')
}

function* sizesOf(
  m: Material,
): Generator<{ source: LoadedSource; sizes: number[]; name: string }, void, undefined> {
  for (const source of m.of('effects', 'requests', 'deliveries', 'log')) {
    const sizes = source.rows.flatMap(({ bytes }) => bytes ?? [])
    if (sizes.length >= 3) yield { source, sizes, name: 'message' }
  }
  for (const source of m.of('metrics')) {
    const named = source.rows.filter(
      ({ name = '', value }) =>
        /(size|bytes)/i.test(name) && !/mem|heap|disk|rss|cache/i.test(name) && value !== undefined,
    )
    for (const [name, rows] of Map.groupBy(named, (row) => row.name ?? ''))
      yield { source, sizes: rows.map(({ value }) => Number(value)), name }
  }
}

const queueName = /queue|backlog|lag|pending|outbox|undelivered|age/i

/** The last third of a queue's samples against the first. */
function backlog(m: Material): Measured {
  const named = m
    .rows('metrics')
    .filter(
      ({ name = '', value, at }) =>
        queueName.test(name) && !/pool/i.test(name) && value !== undefined && at !== undefined,
    )
  let calm: Measured | undefined
  for (const [name, rows] of Map.groupBy(named, (row) => row.name ?? '')) {
    const sorted = rows.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)).map(({ value }) => Number(value))
    if (sorted.length < 6) continue
    const third = Math.floor(sorted.length / 3)
    const mean = (part: readonly number[]): number => part.reduce((sum, one) => sum + one, 0) / part.length
    const [from, middle, to] = [
      mean(sorted.slice(0, third)),
      mean(sorted.slice(third, -third)),
      mean(sorted.slice(-third)),
    ]
    const source = m.sources.find(({ id }) => id === rows[0]?.source)
    if (source === undefined) continue
    const isGrowing = to > Math.max(10, from * 2) && middle >= from && to > middle
    const statement = `${name} stands at ${from.toFixed(1)} in the first third of the time and at ${to.toFixed(1)} in the last.`
    const found = {
      value: isGrowing,
      statement,
      found: [
        evidenceOf(source, statement, searchQuery(source, new RegExp(name.replaceAll(/\W/g, '.'), 'i'))),
      ],
      numbers: { from, to },
    }
    if (isGrowing) return found
    calm ??= found
  }
  const said =
    /(queue|backlog|lag|outbox)\W+(\w+\W+){0,4}(grow\w*|increas\w*|rising|high|exceed\w*|behind)|(consumer|dispatcher|worker)\W+(\w+\W+){0,3}(stopped|stalled|stuck|dead|not running)/i
  const lines = m.said(said, 'log', 'alerts', 'processes')
  if (calm === undefined && lines.length > 0)
    return {
      value: true,
      statement: 'Logs tell of a queue that grows or a dispatcher that stands still.',
      found: saidFound(m, lines, { pattern: said, what: 'a growing queue' }),
    }
  return calm ?? unknown('No queue is measured.')
}

const failed = /fail|error|exception|reject|dead.?letter|poison|crash|retry|redeliver|panic|\b5\d\d\b/i

/** One message that fails five times or more. */
function poison(m: Material): Measured {
  const rows = m
    .rows('log', 'deliveries', 'processes')
    .filter((row) =>
      failed.test(`${row.message ?? ''} ${row.status ?? ''} ${row.level ?? ''} ${row.kind ?? ''}`),
    )
  const counts = new Map<string, number>()
  for (const { ref, event, parameters, attempt = 0 } of rows) {
    const id = ref ?? event ?? parameters?.find((one) => /[a-z]/i.test(one) && /\d/.test(one))
    if (id !== undefined) counts.set(id, Math.max((counts.get(id) ?? 0) + 1, attempt))
  }
  const [worst] = [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const [source] = m.of('log', 'deliveries', 'processes')
  if (source === undefined) return unknown('No source tells of messages that fail.')
  // Where everything fails again and again, no one message is at fault.
  const many = [...counts.values()].filter((count) => count >= 5).length
  const attempts = worst?.[1] ?? 0
  const statement =
    worst === undefined
      ? 'No message fails again and again.'
      : `${worst[0]} fails ${attempts} times, the most of ${counts.size} that fail; ${many} fail five times or more.`
  const owner = m.sources.find(({ id }) => id === rows[0]?.source) ?? source
  return {
    value: attempts >= 5 && many <= 3 ? true : attempts < 5 ? false : 'unknown',
    statement,
    found: [evidenceOf(owner, statement, searchQuery(owner, failed))],
    numbers: { attempts },
    ...(worst !== undefined && attempts >= 5 ? { names: [worst[0]] } : {}),
  }
}
