import { countText, shareText } from '../../reconcile/values/format.ts'
import { knownLimits } from '../../integrity/limits.ts'
import { suspicionsOf } from '../../integrity/size-watch.ts'
import type { BundleRow, LoadedSource } from '../bundle/row.ts'
import { columnOf, type Material, type Measured, type Measures, searchQuery, tableOf } from './material.ts'
import { evidenceOf, nothingFound, saidFound, unknown } from './saying.ts'

/** Fields that are missing, and sizes that stop at a limit; queues that grow, messages that fail again and again. */
export const sizeMeasures: Measures = {
  'field.missing': missing,
  'field.missing-by-size': missingBySize,
  'size.at-limit': atLimit,
  'queue.backlog-grows': backlog,
  'queue.poison': poison,
}

interface Presence {
  readonly source: LoadedSource
  readonly name: string
  readonly isMissing: (row: BundleRow) => boolean
}

const kinds = ['effects', 'requests', 'deliveries'] as const

/** The mapped `value` is the field in question; without one, columns that some rows have and some do not. */
function presences(m: Material): Presence[] {
  return m.of(...kinds).flatMap((source) => {
    const { map } = source
    if (map.value !== undefined)
      return [
        {
          source,
          name: map.value,
          isMissing: ({ value }: BundleRow) => value === undefined || /^(null|none|undefined)$/i.test(value),
        },
      ]
    if (map.bytes === undefined) return []
    const names = new Set(source.rows.slice(0, 5000).flatMap(({ rest }) => Object.keys(rest ?? {})))
    return [...names].map((name) => ({
      source,
      name,
      isMissing: ({ rest }: BundleRow) => rest?.[name] === undefined,
    }))
  })
}

const saidMissing =
  /(field|property|hold_for_review|\w+_\w+)\b.*\b(missing|absent|disappear\w*|not (present|set)|null|dropped)|(missing|absent) (field|property)/i

function missing(m: Material): Measured {
  for (const { source, name, isMissing } of presences(m)) {
    const gone = source.rows.filter(isMissing)
    const share = gone.length / Math.max(1, source.rows.length)
    const onsetMs = m.onset?.series.name === 'missing-fields' ? m.onset.fromMs : undefined
    const before = source.rows.filter(({ at }) => onsetMs !== undefined && at !== undefined && at < onsetMs)
    const hadIt = before.length === 0 || before.filter(isMissing).length <= before.length * 0.05
    if (gone.length === 0 && source.map.value === undefined) continue
    const statement = `The field ${name} is missing in ${countText(gone.length)} of ${countText(source.rows.length)} rows of ${source.id} (${shareText(share)})${before.length === 0 ? '' : `; before the onset in ${before.filter(isMissing).length} of ${before.length}`}.`
    const value = gone.length >= 3 && share < 0.98 && hadIt ? true : gone.length === 0 ? false : 'unknown'
    if (value === 'unknown' && source.map.value === undefined) continue
    return {
      value,
      statement,
      found: [evidenceOf(source, statement, presenceQuery(source, name))],
      numbers: { share, rows: gone.length },
      names: [name],
    }
  }
  const lines = m.said(saidMissing, 'log', 'alerts')
  if (lines.length > 0) {
    const [first] = lines
    const name = /\b([a-z]+_[a-z_]+)\b/i.exec(first?.message ?? first?.name ?? '')?.[1]
    return {
      value: true,
      statement: 'Logs tell of a field that is missing.',
      found: saidFound(m, lines, { pattern: saidMissing, what: 'a missing field' }),
      numbers: { share: 0, rows: lines.length },
      ...(name === undefined ? {} : { names: [name] }),
    }
  }
  if (m.of(...kinds).every(({ map }) => map.value === undefined && map.payload === undefined))
    return unknown('No field’s presence is in question: map value to its column.')
  return {
    value: false,
    statement: 'No field is missing.',
    found: nothingFound(m, ['log', 'effects', 'requests', 'deliveries'], {
      pattern: saidMissing,
      what: 'missing field',
    }),
  }
}

function presenceQuery(source: LoadedSource, name: string): string {
  const column = source.map.value === name ? columnOf(source, 'value') : `"${name}"`
  const bytes =
    source.map.bytes === undefined
      ? ''
      : `, min(CAST(${columnOf(source, 'bytes')} AS BIGINT)) AS smallest, max(CAST(${columnOf(source, 'bytes')} AS BIGINT)) AS largest`
  return `SELECT coalesce(CAST(${column} AS VARCHAR), '') = '' AS missing, count(*)${bytes} FROM ${tableOf(source)} GROUP BY 1`
}

const itemNames = /^(items?|orders?|order_?count|item_?count|count|lines?|batch_?size|rows|records|entries)$/i

/** A size, or a count of items, above which the field is missing and below which it is there. */
function missingBySize(m: Material): Measured {
  let unclear: Measured | undefined
  for (const { source, name, isMissing } of presences(m)) {
    const sizeOf = ({ bytes, rest }: BundleRow): number | undefined => {
      if (bytes !== undefined) return bytes
      const found = Object.entries(rest ?? {}).find(
        ([key, value]) => itemNames.test(key) && /^\d+$/.test(value),
      )
      return found === undefined ? undefined : Number(found[1])
    }
    const cases = source.rows.flatMap((row) => {
      const size = sizeOf(row)
      return size === undefined ? [] : [{ size, isGone: isMissing(row) }]
    })
    const gone = cases.filter(({ isGone }) => isGone).length
    if (gone < 3 || gone === cases.length) continue
    const { thresholdBytes, shareAbove, shareBelow } = splitOf(cases)
    const statement = `${name} is missing in ${shareText(shareAbove)} of rows of ${source.id} larger than ${countText(thresholdBytes)} and in ${shareText(shareBelow)} of smaller ones.`
    const value =
      shareAbove >= 0.6 && shareBelow <= 0.05 ? true : shareAbove < 1.5 * shareBelow ? false : 'unknown'
    const measured: Measured = {
      value,
      statement,
      found: [evidenceOf(source, statement, presenceQuery(source, name))],
      numbers: { thresholdBytes, shareAbove, shareBelow },
      names: [name],
    }
    if (value === true) return measured
    unclear ??= measured
  }
  const said =
    /(only|just) (seen )?(on|for|in) (large|big)|large (batches|messages|payloads).*(missing|absent|drop)|(missing|absent|drop\w*).*(large|big) (batch|message|payload)/i
  const lines = m.said(said, 'log', 'alerts', 'changes')
  if (unclear === undefined && lines.length > 0)
    return {
      value: true,
      statement: 'Logs say that it is seen with large messages alone.',
      found: saidFound(m, lines, { pattern: said, what: 'large messages' }),
    }
  return unclear ?? unknown('No source holds sizes beside a field that is missing in some rows.')
}

/** The split that tells present from missing best, with enough rows on both of its sides. */
export function splitOf(cases: readonly { readonly size: number; readonly isGone: boolean }[]): {
  thresholdBytes: number
  shareAbove: number
  shareBelow: number
} {
  const sorted = cases.toSorted((a, b) => a.size - b.size)
  const all = sorted.filter(({ isGone }) => isGone).length
  const least = Math.max(3, Math.ceil(sorted.length * 0.03))
  let below = 0
  let best = { at: 0, wrong: Infinity, below: 0 }
  sorted.forEach(({ isGone, size }, at) => {
    if (isGone) below++
    const above = sorted.length - at - 1
    if (sorted[at + 1]?.size === size || at + 1 < least || above < least) return
    const wrong = below + (above - (all - below))
    if (wrong < best.wrong) best = { at: at + 1, wrong, below }
  })
  const share = all / Math.max(1, sorted.length)
  if (best.at === 0) return { thresholdBytes: 0, shareAbove: share, shareBelow: share }
  return {
    thresholdBytes: sorted[best.at - 1]?.size ?? 0,
    shareAbove: (all - best.below) / (sorted.length - best.at),
    shareBelow: best.below / best.at,
  }
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
