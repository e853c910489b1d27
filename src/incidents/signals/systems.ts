import { durationText } from '../../reconcile/values/format.ts'
import type { BundleRow } from '../bundle/row.ts'
import type { SourceKind } from '../model.ts'
import { codeMeasures } from './code-order.ts'
import { keysExpired, storeLost } from './dedupe-words.ts'
import { failoverMeasures } from './failovers.ts'
import { pool } from './pools.ts'
import { duplicateTimes, lossTimes, uniqueViolation } from './onset.ts'
import { inWindow, type Material, type Measured, type Measures, searchQuery, textOf } from './material.ts'
import { bySearch, evidenceOf, saidFound, unknown, weigh } from './saying.ts'

const hourMs = 3_600_000
const writeErrors =
  /(write|insert|update|save|commit|record|persist|store)\w*\W+(\w+\W+){0,6}(fail|error|timeout|timed out|refused|denied|read-?only)|(could not|cannot|can't|failed to|unable to)\W+(\w+\W+){0,3}(write|insert|update|save|commit|record|persist|store)|read-?only (file system|transaction|mode|database)|(disk|database|device|tablespace)( or disk)? (is )?full|no space left|permission denied for|could not extend file|lock wait timeout|deadlock detected|ENOSPC|\b25006\b|\b42501\b|\b53100\b|\b40P01\b/i
const hitPattern =
  /duplicate (request |message |event |order |delivery )?(ignored|detected|skipped|dropped|suppressed)|already (processed|seen|handled|done)|dedup\w* hit|idempoten\w* (hit|replay)|replayed (the )?(stored|cached)|409 conflict|cache hit.*(idem|dedup)/i
const restorePattern =
  /restor(e|ed|ing)\b.*(backup|snapshot|dump|point)|(backup|snapshot|dump)\b.*restor|setval|(reset|restart)\w*\W+(\w+\W+){0,3}(sequence|identity|auto.?increment)|(sequence|identity|auto.?increment)\W+(\w+\W+){0,3}(reset|restart)|truncate(d)? (table )?\w+/i
const replayPattern =
  /\b(replay(ed|ing)?|backfill(ed|ing)?|redriv\w+|re-?process(ed|ing)?|offsets? (was |were )?reset|reset\w* (the )?(consumer )?offsets?|auto\.offset\.reset|seek(ing)? to (beginning|earliest))\b/i
const rerunPattern =
  /\b(re-?run|re-?start(ed)? (the )?(job|run|batch)|run(ning)? again|second (start|run|trigger)|manual(ly)? (run|start|trigger)\w*|triggered (manually|by hand|again)|started again|kubectl create job)\b/i

/** What stores, pools, processes and people did at the time. */
export const systemMeasures: Measures = {
  ...failoverMeasures,
  ...codeMeasures,
  'pool.saturated': pool,
  'store.write-errors': (m) => {
    const measured = bySearch(m, {
      pattern: writeErrors,
      kinds: ['log'],
      what: 'failed writes of the store',
      keep: (row) => inWindow(row, m.window, hourMs) && !uniqueViolation.test(textOf(row)) && isBad(row),
    })
    return { ...measured, numbers: { count: weigh(measured.rows) } }
  },
  'store.unique-violations': (m) => {
    const measured = bySearch(m, {
      pattern: uniqueViolation,
      kinds: ['log'],
      what: 'unique violations',
      min: 3,
      keep: (row) => inWindow(row, m.window),
    })
    const count = weigh(measured.rows)
    if (measured.value === false && count > 0)
      return unknown(`${count} unique violations are logged, too few to judge by.`)
    const times = measured.rows.flatMap(({ at }) => at ?? [])
    const spanMs =
      times.reduce((a, b) => Math.max(a, b), 0) - times.reduce((a, b) => Math.min(a, b), Infinity)
    return {
      ...measured,
      numbers: { count, perHour: count === 0 ? 0 : count / Math.max(1, spanMs / hourMs) },
    }
  },
  'store.unique-violation-same-effect': sameEffect,
  'dedupe.hits-vanish': hitsVanish,
  'dedupe.store-lost': (m) =>
    before(m, {
      pattern: storeLost,
      kinds: ['log', 'processes', 'changes', 'alerts'],
      what: 'loss of the store of seen keys',
      withinMs: hourMs,
    }),
  'dedupe.keys-expired': (m) => {
    const measured = bySearch(m, {
      pattern: keysExpired,
      kinds: ['log', 'metrics', 'ledger'],
      what: 'expiry or eviction of keys',
      keep: (row) => row.value === undefined || Number(row.value) !== 0,
    })
    return { ...measured, numbers: { count: weigh(measured.rows) } }
  },
  'store.restored': (m) =>
    before(m, {
      pattern: restorePattern,
      kinds: ['changes', 'log', 'processes'],
      what: 'restore, truncation or reset of ids',
    }),
  'audit.replay': (m) =>
    before(m, {
      pattern: replayPattern,
      kinds: ['changes', 'log', 'processes'],
      what: 'replay or backfill',
      keep: (row) => !hitPattern.test(textOf(row)),
    }),
  'audit.rerun': (m) =>
    before(m, {
      pattern: rerunPattern,
      kinds: ['changes', 'log', 'processes'],
      what: 'second start of a job',
      keep: (row) => !/re-?running whole|retry/i.test(textOf(row)),
    }),
  'versions.mixed': versions,
}

function isBad({ level, message = '' }: BundleRow): boolean {
  return level === undefined
    ? /error|fail|fatal|denied|refused/i.test(message)
    : /^(warn|err|fatal|crit|alert|severe)/i.test(level)
}

const effectColumn =
  /(payment|charge|transaction|txn|dispatch|shipment|provider|external|effect|capture|refund|transfer|intent)_?id/i

function sameEffect(m: Material): Measured {
  const rows = m.said(uniqueViolation, 'log').filter((row) => inWindow(row, m.window))
  if (rows.length === 0) return unknown('There are no unique violations whose constraint could be looked at.')
  const effects = new Set(m.rows('effects').flatMap(({ effect }) => effect ?? []))
  const yes = rows.filter(
    (row) => effectColumn.test(textOf(row)) || row.parameters?.some((one) => effects.has(one)) === true,
  )
  const count = weigh(yes)
  const total = weigh(rows)
  const statement = `${count} of ${total} unique violations are on the id of an effect.`
  const found = saidFound(m, yes.length > 0 ? yes : rows, {
    pattern: uniqueViolation,
    what: 'a unique violation',
  })
  return { value: m.decisions.byShare(count, total), statement, found, numbers: { count } }
}

function hitsVanish(m: Material): Measured {
  const hits = [
    ...m.said(hitPattern, 'log'),
    ...m
      .rows('metrics')
      .filter(
        ({ name = '', value }) =>
          /dedup\w*.*hit|idempoten\w*.*(hit|replay)|conflict_?409|duplicates?_(ignored|suppressed)/i.test(
            name,
          ) && value !== undefined,
      ),
  ]
  const { onset } = m
  if (hits.length === 0 || onset === undefined || onset.isFromFirst)
    return unknown(
      'No hits of a dedupe check are recorded, or there is no clean time before to compare with.',
    )
  const countIn = (from: number, to: number): number =>
    hits
      .filter(({ at }) => at !== undefined && at >= from && at < to)
      .reduce(
        (sum, row) =>
          sum + (row.value === undefined || row.message !== undefined ? row.weight : Number(row.value)),
        0,
      )
  const first = hits.reduce((least, { at = Infinity }) => Math.min(least, at), Infinity)
  const beforeMs = Math.max(1, onset.toMs - Math.min(first, m.window.fromMs))
  const afterMs = Math.max(1, m.window.toMs - onset.toMs)
  const hitsBefore = (countIn(-Infinity, onset.toMs) / beforeMs) * hourMs
  const hitsAfter = (countIn(onset.toMs, Infinity) / afterMs) * hourMs
  const statement = `Hits of the dedupe check were ${hitsBefore.toFixed(1)} an hour before the onset and ${hitsAfter.toFixed(1)} after it.`
  const value =
    countIn(-Infinity, onset.toMs) >= 3 && hitsAfter < hitsBefore * 0.1
      ? true
      : hitsAfter >= hitsBefore * 0.5
        ? false
        : 'unknown'
  return {
    value,
    statement,
    found: saidFound(m, hits, { pattern: hitPattern, what: 'hits of the dedupe check' }),
    numbers: { before: hitsBefore, after: hitsAfter },
  }
}

interface Before {
  readonly pattern: RegExp
  readonly kinds: readonly SourceKind[]
  readonly what: string
  /** How long before the onset it may lie; without it, any time before. */
  readonly withinMs?: number
  readonly keep?: (row: BundleRow) => boolean
}

/** Something that is recorded before the trouble began, or while it went on. */
function before(m: Material, { pattern, kinds, what, withinMs, keep }: Before): Measured {
  const measured = bySearch(m, { pattern, kinds, what, ...(keep === undefined ? {} : { keep }) })
  if (measured.value !== true) return measured
  const onsetMs = m.onset?.toMs ?? m.window.toMs
  const last = m.groups.list.reduce((most, { rows }) => Math.max(most, rows.at(-1)?.at ?? 0), onsetMs)
  const rows = measured.rows.filter(
    ({ at }) =>
      at === undefined ||
      (at <= (withinMs === undefined ? last : onsetMs + 60_000) &&
        (withinMs === undefined || at >= onsetMs - withinMs)),
  )
  const [found] = rows
  if (found === undefined)
    return {
      ...measured,
      value: 'unknown',
      statement: `A ${what} is recorded, but not ${withinMs === undefined ? 'before the end of the trouble' : `within ${durationText(withinMs)} before it`}.`,
    }
  const gapMs = found.at === undefined ? undefined : Math.max(0, onsetMs - found.at)
  return {
    value: true,
    statement: `A ${what} is recorded${gapMs === undefined ? '' : `, ${durationText(gapMs)} before the onset`}.`,
    found: saidFound(m, rows, { pattern, what: `a ${what}` }),
    ...(gapMs === undefined || withinMs === undefined ? {} : { numbers: { gapMs } }),
  }
}

function versions(m: Material): Measured {
  const rows = m
    .rows('effects', 'requests', 'log', 'processes', 'deliveries')
    .filter(({ version, at }) => version !== undefined && at !== undefined)
  const source = m.sources.find(({ id }) => id === rows[0]?.source)
  if (source === undefined) return unknown('No column holds versions.')
  const spans = new Map<string, { from: number; to: number }>()
  for (const { version = '', at = 0 } of rows) {
    const span = spans.get(version)
    spans.set(version, { from: Math.min(span?.from ?? at, at), to: Math.max(span?.to ?? at, at) })
  }
  const times = [...duplicateTimes(m.groups), ...lossTimes(m.losses)]
  const mixed = times.filter(
    (at) => [...spans.values()].filter(({ from, to }) => from <= at && at <= to).length >= 2,
  ).length
  const statement = `${spans.size} versions are seen; at ${mixed} of ${times.length} duplicates or losses two or more were serving.`
  const value = spans.size < 2 ? false : m.decisions.byShare(mixed, times.length)
  return {
    value,
    statement,
    found: [evidenceOf(source, statement, searchQuery(source, /version|release/i))],
    numbers: { versions: spans.size },
  }
}
