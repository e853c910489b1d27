import { durationText, shareText } from '../../reconcile/values/format.ts'
import type { BundleRow } from '../bundle/row.ts'
import type { SourceKind } from '../model.ts'
import { duplicateTimes, lossTimes } from './onset.ts'
import {
  inWindow,
  type Material,
  type Measured,
  type Measures,
  pairsQuery,
  searchQuery,
  textOf,
} from './material.ts'
import { bySearch, evidenceOf, iso, nothingFound, saidFound, unknown, weigh } from './saying.ts'

const hourMs = 3_600_000
const failoverPattern =
  /fail(s|ed|ing)?[- ]?over|promot(ed|ing|ion)|split[- ]?brain|new primary|primary changed|switchover|leader (election|changed)|post-failover|standby(-\d+)? (is now|took over)/i
const resetPattern =
  /connection (was )?(reset|closed|terminated|lost)|ECONNRESET|conns? dropped|reset by peer|terminating connection|57P0[123]/i
const uniquePattern =
  /duplicate key|unique (constraint|violation|index)|\b23505\b|\b1062\b|E11000|ORA-00001|UNIQUE constraint failed|duplicate entry/i
const restartPattern =
  /restart|crash|killed|sigterm|sigkill|oom|out of memory|exit(ed|ing)? (with )?(code|status|signal)|panic|segfault|\b(start(ed|ing)|stopp?(ed|ing)|terminat\w+|evicted)\b/i
const writeErrors =
  /(write|insert|update|save|commit|record|persist|store)\w*\W+(\w+\W+){0,6}(fail|error|timeout|timed out|refused|denied|read-only)|read-only (file system|transaction|mode)|cannot execute (insert|update) in a read-only|disk (is )?full|no space left|ENOSPC|\b25006\b|\b53100\b/i
const poolPattern =
  /(pool|connections?|threads?|queue)\W+(\w+\W+){0,5}(exhaust\w*|saturat\w*|full|depleted|timed? ?out|unavailable|limit reached)|(exhaust\w*|saturat\w*|waiting for (a )?(free )?)\W*(\w+\W+){0,3}(pool|connection|thread)|too many (connections|clients)|\b53300\b|remaining connection slots|timeout acquiring/i
const hitPattern =
  /duplicate (request |message |event |order |delivery )?(ignored|detected|skipped|dropped|suppressed)|already (processed|seen|handled|done)|dedup\w* hit|idempoten\w* (hit|replay)|replayed (the )?(stored|cached)|409 conflict|cache hit.*(idem|dedup)/i
const dedupeStore =
  /(redis|memcached?|valkey|dedup\w*|idempoten\w*|cache)\b.*(restart\w*|flush\w*|failover|evict\w*|wiped|cleared|lost|bypass\w*|disabled|empty|cold|reset|reload)|(flushall|flushdb|restart\w*|flush\w*|evict\w*)\b.*(redis|memcache|valkey|dedup|idempoten|cache)/i
const expiryPattern =
  /(evict\w*|expir\w*)\W+(\w+\W+){0,6}(key|dedup\w*|idempoten\w*)|(key|dedup\w*|idempoten\w*)\W+(\w+\W+){0,4}(evict\w*|expired)|evicted_keys|expired_keys/i
const restorePattern =
  /restor(e|ed|ing)\b.*(backup|snapshot|dump|point)|(backup|snapshot|dump)\b.*restor|setval|(reset|restart)\w*\W+(\w+\W+){0,3}(sequence|identity|auto.?increment)|(sequence|identity|auto.?increment)\W+(\w+\W+){0,3}(reset|restart)|truncate(d)? (table )?\w+/i
const replayPattern =
  /\b(replay(ed|ing)?|backfill(ed|ing)?|redriv\w+|re-?process(ed|ing)?|offsets? (was |were )?reset|reset\w* (the )?(consumer )?offsets?|auto\.offset\.reset|seek(ing)? to (beginning|earliest))\b/i
const rerunPattern =
  /\b(re-?run|re-?start(ed)? (the )?(job|run|batch)|run(ning)? again|second (start|run|trigger)|manual(ly)? (run|start|trigger)\w*|triggered (manually|by hand|again)|started again|kubectl create job)\b/i

/** What stores, pools, processes and people did at the time. */
export const systemMeasures: Measures = {
  'store.failover': failover,
  'dups.around-failover': aroundFailover,
  'process.restarts-beside': restartsBeside,
  'pool.saturated': pool,
  'store.write-errors': (m) => {
    const measured = bySearch(m, {
      pattern: writeErrors,
      kinds: ['log'],
      what: 'failed writes of the store',
      keep: (row) => inWindow(row, m.window, hourMs) && !uniquePattern.test(textOf(row)) && isBad(row),
    })
    return { ...measured, numbers: { count: weigh(measured.rows) } }
  },
  'store.unique-violations': (m) => {
    const measured = bySearch(m, {
      pattern: uniquePattern,
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
      pattern: dedupeStore,
      kinds: ['log', 'processes', 'changes', 'alerts'],
      what: 'loss of the store of seen keys',
      withinMs: hourMs,
    }),
  'dedupe.keys-expired': (m) => {
    const measured = bySearch(m, {
      pattern: expiryPattern,
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

/** Times of failovers and of masses of resets, with the rows that tell of them. */
function failoverRows(m: Material): readonly BundleRow[] {
  const kinds: readonly SourceKind[] = ['log', 'processes', 'alerts', 'metrics']
  return m
    .said(failoverPattern, ...kinds)
    .filter((row) => inWindow(row, m.window, hourMs) && !isCountOfNone(row))
}

/** A metric that counts failovers and stands at 0 tells of none. */
function isCountOfNone({ value, message }: BundleRow): boolean {
  return message === undefined && value !== undefined && Number(value) === 0
}

function failover(m: Material): Measured {
  const rows = failoverRows(m)
  const resets = m
    .said(resetPattern, 'log', 'processes', 'alerts')
    .filter((row) => inWindow(row, m.window, hourMs))
  const dropped = resets.reduce(
    (sum, row) => sum + row.weight * Number(/(\d+) conns? dropped/i.exec(textOf(row))?.[1] ?? 1),
    0,
  )
  const kinds: readonly SourceKind[] = ['log', 'processes', 'alerts', 'metrics']
  const found = [
    ...saidFound(m, rows, { pattern: failoverPattern, what: 'a failover' }),
    ...saidFound(m, resets, { pattern: resetPattern, what: 'connections that were reset' }),
  ]
  if (rows.length > 0 || dropped >= 10)
    return {
      value: true,
      statement: `A store failed over or dropped its connections (${dropped} resets).`,
      found,
      numbers: { resets: dropped },
    }
  const isMeasured = m
    .rows('metrics')
    .some(({ name = '' }) => /failover|primary|replica|leader|reset/i.test(name))
  if (m.of('log', 'processes', 'alerts').length === 0 && !isMeasured)
    return unknown('No source could tell of a failover.')
  if (dropped > 0)
    return {
      ...unknown(`${dropped} connection resets are logged: too few for a failover.`),
      numbers: { resets: dropped },
    }
  return {
    value: false,
    statement: 'No failover and no mass of connection resets is recorded.',
    found: nothingFound(m, kinds, { pattern: failoverPattern, what: 'failover' }),
    numbers: { resets: 0 },
  }
}

function aroundFailover(m: Material): Measured {
  const { base, list } = m.groups
  const times = failoverRows(m).flatMap(({ at }) => at ?? [])
  const resets = m.said(resetPattern, 'log', 'processes', 'alerts').flatMap(({ at }) => at ?? [])
  const all =
    times.length > 0 || resets.length >= 3
      ? [
          ...times,
          ...resets.filter((at) => times.length === 0 || times.some((one) => Math.abs(one - at) <= 600_000)),
        ]
      : []
  if (base === undefined || list.length < 3) return unknown('Fewer than three duplicate references.')
  if (all.length === 0) {
    const statement = 'There is no failover that duplicates could lie around.'
    return {
      value: false,
      statement,
      found: nothingFound(m, ['log', 'processes', 'alerts'], { pattern: failoverPattern, what: 'failover' }),
      numbers: { share: 0 },
    }
  }
  const from = all.reduce((a, b) => Math.min(a, b), Infinity)
  const to = all.reduce((a, b) => Math.max(a, b), -Infinity)
  const timed = list.filter(({ rows }) => rows[0]?.at !== undefined && rows[1]?.at !== undefined)
  const yes = timed.filter(
    ({ rows }) =>
      (rows[0]?.at ?? 0) <= to + 60_000 && (rows[1]?.at ?? 0) >= from && (rows[1]?.at ?? 0) <= from + hourMs,
  ).length
  const share = timed.length === 0 ? 0 : yes / timed.length
  const statement = `${shareText(share)} of ${timed.length} duplicate references have their first row before or during the failover of ${iso(from)} and their second in the hour after it began.`
  return {
    value: m.decisions.byShare(yes, timed.length),
    statement,
    found: [evidenceOf(base, statement, pairsQuery(base, []))],
    numbers: { share },
  }
}

function restartsBeside(m: Material): Measured {
  const { base, list } = m.groups
  const rows = [
    ...m.rows('processes').filter((row) => restartPattern.test(textOf(row))),
    ...m.said(
      /restart|crash|killed|sigterm|sigkill|\boom\b|out of memory|exit(ed)? (with )?(code|status|signal)|panic:/i,
      'log',
    ),
  ].filter(({ at }) => at !== undefined)
  if (base === undefined || list.length < 3) return unknown('Fewer than three duplicate references.')
  if (m.of('processes', 'log').length === 0) return unknown('No source tells of restarts.')
  const timed = list.filter(({ rows: pair }) => pair[0]?.at !== undefined && pair[1]?.at !== undefined)
  const yes = timed.filter(({ rows: [first, second] }) =>
    rows.some((row) => {
      const isBetween = (row.at ?? 0) >= (first?.at ?? 0) - 5000 && (row.at ?? 0) <= (second?.at ?? 0)
      const named = [row.worker, row.host, row.name].filter((name) => name !== undefined)
      const own = [first?.worker, first?.host].filter((name) => name !== undefined)
      return isBetween && (named.length === 0 || own.length === 0 || named.some((name) => own.includes(name)))
    }),
  ).length
  const share = timed.length === 0 ? 0 : yes / timed.length
  const statement = `A crash, kill or restart lies between the rows of ${yes} of ${timed.length} duplicate references; ${rows.length} are recorded.`
  const [source = base] = m.of('processes', 'log')
  return {
    value: m.decisions.byShare(yes, timed.length),
    statement,
    found: [evidenceOf(source, statement, searchQuery(source, restartPattern))],
    numbers: { share, restarts: rows.length },
  }
}

function pool(m: Material): Measured {
  const full = [...m.said(poolPattern, 'log'), ...saturated(m.rows('metrics'))].filter(
    ({ at }) => at !== undefined,
  )
  const measuring = m.rows('metrics').some(({ name = '' }) => poolName.test(name)) || m.of('log').length > 0
  const times = [...duplicateTimes(m.groups), ...(m.groups.list.length === 0 ? lossTimes(m.losses) : [])]
  const pools = m.of('metrics', 'log')
  if (!measuring) return unknown('No metric or log tells of pools or queues.')
  if (full.length === 0)
    return {
      value: false,
      statement: 'No pool or queue was full or waited for.',
      found: nothingFound(m, ['metrics', 'log'], { pattern: poolPattern, what: 'full pool or queue' }),
      numbers: { share: 0 },
    }
  const minutes = new Set(
    full.flatMap(({ at = 0 }) => [-2, -1, 0, 1].map((away) => Math.floor(at / 60_000) + away)),
  )
  const yes = times.filter((at) => minutes.has(Math.floor(at / 60_000))).length
  const share = times.length === 0 ? 0 : yes / times.length
  const found = saidFound(m, full, { pattern: poolPattern, what: 'a full or awaited pool or queue' })
  const statement = `${shareText(share)} of ${times.length} duplicates or losses lie within two minutes of a full pool or queue.`
  const [source] = pools
  const own =
    source === undefined ? [] : [evidenceOf(source, statement, searchQuery(source, /pool|queue|connection/i))]
  return {
    value: m.decisions.byShare(yes, times.length),
    statement,
    found: [...own, ...found],
    numbers: { share },
  }
}

const poolName = /pool|connections?|threads?|queue|in_?flight|backends/i
const waits = /wait|pending|queued|backlog|blocked/i
const inUse = /active|used|in_?use|busy|utili[sz]ation|saturation|checked_?out/i

/** Samples where something waits, or where use stands at its maximum again and again. */
export function saturated(metrics: readonly BundleRow[]): readonly BundleRow[] {
  const byName = Map.groupBy(
    metrics.filter(({ name = '', value }) => poolName.test(name) && value !== undefined),
    ({ name = '' }) => name,
  )
  const limits = new Map(
    [...byName]
      .filter(([name]) => /max|limit|size|capacity/i.test(name))
      .map(([name, rows]) => [name, Math.max(...rows.slice(0, 1000).map(({ value }) => Number(value)))]),
  )
  const found: BundleRow[] = []
  for (const [name, rows] of byName) {
    if (limits.has(name)) continue
    if (waits.test(name)) found.push(...rows.filter(({ value }) => Number(value) > 0))
    else if (inUse.test(name)) {
      const isRatio = rows.every(({ value }) => Number(value) <= 1) || /util|satur|percent|ratio/i.test(name)
      const top = rows.reduce((most, { value }) => Math.max(most, Number(value)), 0)
      const own = [...limits].find(([limit]) => limit.split(/[_.]/)[0] === name.split(/[_.]/)[0])?.[1]
      const limit = own ?? (isRatio ? (top > 1.5 ? 95 : 0.95) : undefined)
      if (limit !== undefined) found.push(...rows.filter(({ value }) => Number(value) >= limit))
      else {
        const atTop = rows.filter(({ value }) => Number(value) === top)
        if (top > 0 && atTop.length >= 3 && atTop.length < rows.length * 0.5) found.push(...atTop)
      }
    }
  }
  return found
}

const effectColumn =
  /(payment|charge|transaction|txn|dispatch|shipment|provider|external|effect|capture|refund|transfer|intent)_?id/i

function sameEffect(m: Material): Measured {
  const rows = m.said(uniquePattern, 'log').filter((row) => inWindow(row, m.window))
  if (rows.length === 0) return unknown('There are no unique violations whose constraint could be looked at.')
  const effects = new Set(m.rows('effects').flatMap(({ effect }) => effect ?? []))
  const yes = rows.filter(
    (row) => effectColumn.test(textOf(row)) || row.parameters?.some((one) => effects.has(one)) === true,
  )
  const count = weigh(yes)
  const total = weigh(rows)
  const statement = `${count} of ${total} unique violations are on the id of an effect.`
  const found = saidFound(m, yes.length > 0 ? yes : rows, {
    pattern: uniquePattern,
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
  const before = (countIn(-Infinity, onset.toMs) / beforeMs) * hourMs
  const after = (countIn(onset.toMs, Infinity) / afterMs) * hourMs
  const statement = `Hits of the dedupe check were ${before.toFixed(1)} an hour before the onset and ${after.toFixed(1)} after it.`
  const value =
    countIn(-Infinity, onset.toMs) >= 3 && after < before * 0.1
      ? true
      : after >= before * 0.5
        ? false
        : 'unknown'
  return {
    value,
    statement,
    found: saidFound(m, hits, { pattern: hitPattern, what: 'hits of the dedupe check' }),
    numbers: { before, after },
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
