import { countText, durationText, shareText } from '../../reconcile/values/format.ts'
import { timeInKey } from '../../reconcile/values/time-in-key.ts'
import type { LoadedSource } from '../bundle/row.ts'
import { gapOf, type Group } from './groups.ts'
import { evidenceOf, byGroups, rowsWith, unknown, valuesOf } from './saying.ts'
import { columnOf, type Material, type Measured, type Measures, searchQuery, tableOf } from './material.ts'
import { isJoined, isOneEffect, isSettledOnce } from './meant.ts'
import { differences } from './payloads.ts'

const dayMs = 86_400_000

/** What the pairs themselves look like: keys, payloads, ids. */
export const pairMeasures: Measures = {
  'dup.present': (m) => {
    const { base, list, isEffects, count, refs, extraRows } = m.groups
    if (base === undefined) return unknown('No source lists effects by their reference.')
    const counted = `${countText(count)} of ${countText(refs)} references in ${base.id} come more than once: ${countText(extraRows)} rows beyond the first of each`
    const ref = columnOf(base, 'ref')
    const query = `SELECT ${ref}, count(*) AS effects FROM ${tableOf(base)} WHERE ${ref} IS NOT NULL GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC, 1`
    const meant = list.filter(isOneEffect).length
    const statement = !isEffects
      ? `No source lists effects; ${counted}.`
      : meant === 0
        ? `${counted}.`
        : `${counted}; ${countText(meant)} of ${countText(list.length)} are a hold and what became of it, instalments, or one effect in several rows of a join.`
    // Whether what was asked for twice was done twice, only a list of effects can tell.
    const isMeant = meant > 0 && meant >= list.length * 0.98
    return {
      value: isEffects ? count > 0 && !isMeant : 'unknown',
      statement,
      found: [evidenceOf(base, statement, query)],
      numbers: { groups: count, refs, extraRows },
    }
  },
  'keys.same': (m) => byKeys(m, (keys) => new Set(keys).size === 1, 'all rows carry one key'),
  'keys.different': (m) =>
    byKeys(m, (keys) => new Set(keys).size === keys.length, 'each row carries a key of its own'),
  'keys.none': keysNone,
  'keys.time-derived': (m) =>
    byKeyRows(
      m,
      (keys, group) => keys.every((key) => isTimeNear(key, group)),
      'the keys differ and hold a time near the row’s own',
    ),
  'keys.hashed': (m) =>
    byKeyRows(
      m,
      (keys) => keys.every(isDigest) && new Set(keys.map((key) => key.length)).size === 1,
      'the keys differ and are digests of one length',
    ),
  'payload.equal': (m) =>
    byPayload(
      m,
      ({ business, volatile }) => business.length + volatile.length === 0,
      'the payloads are equal',
    ),
  'payload.volatile-differs': (m) =>
    byPayload(
      m,
      ({ business, volatile }) => business.length === 0 && volatile.length > 0,
      'the payloads differ in volatile fields alone',
    ),
  'payload.business-differs': (m) =>
    byPayload(m, ({ business }) => business.length > 0, 'the payloads differ in what is wished'),
  'effect-ids.different': (m) =>
    byGroups(m, {
      test: ({ rows }) => {
        const ids = rows.flatMap(({ effect }) => effect ?? [])
        return ids.length < 2 ? undefined : new Set(ids).size === ids.length
      },
      words: 'each row has an effect id of its own',
      missing: 'No column holds the id that the target gave.',
      fields: ['effect'],
    }),
  'gap.milliseconds': (m) =>
    byMedian(m, (median) => (median < 250 ? true : median >= 1000 ? false : 'unknown')),
  'gap.sub-second': (m) =>
    byMedian(m, (median) => (median < 1500 ? true : median >= 3000 ? false : 'unknown')),
  'session.same': (m) =>
    byGroups(m, {
      test: (group) => {
        const sessions = valuesOf(group, 'session')
        return sessions.length < 2 ? undefined : new Set(sessions).size === 1
      },
      words: 'the session is the same',
      missing: 'No column holds a session.',
      fields: ['session'],
    }),
  'join.fan-out': (m) =>
    byGroups(m, {
      test: isJoined,
      words: 'the rows are equal in effect id and time and differ in other columns at most',
      missing: 'Without effect ids and times a join’s copies cannot be told from effects.',
      fields: ['effect'],
    }),
  'later-void': laterVoid,
  'multiplicity.every-item-twice': everyItemTwice,
  'multiplicity.product': product,
}

function byKeys(
  m: Material,
  fits: (keys: readonly string[], group: Group) => boolean,
  words: string,
): Measured {
  const isMapped = m.hasField('key', 'effects', 'requests', 'deliveries', 'ledger')
  return byGroups(m, {
    test: (group) => {
      const keys = valuesOf(group, 'key')
      // Where a column is there for keys and holds none, they are neither the same nor different.
      if (keys.length === 0) return isMapped ? false : undefined
      return keys.length < 2 ? undefined : fits(keys, group)
    },
    words,
    missing: 'No column holds keys.',
    fields: ['key'],
  })
}

/** Of groups whose keys all differ; where none do, the answer is no. */
function byKeyRows(
  m: Material,
  fits: (keys: readonly string[], group: Group) => boolean,
  words: string,
): Measured {
  return byKeys(m, (keys, group) => new Set(keys).size === keys.length && fits(keys, group), words)
}

function isTimeNear(key: string, group: Group): boolean {
  const at = timeInKey(key)
  if (at === undefined) return false
  return rowsWith(group, 'key').some(
    (row) => row.key === key && (row.at === undefined || Math.abs(row.at - at) <= dayMs),
  )
}

function isDigest(key: string): boolean {
  return (
    /(?:^|[^0-9a-z])(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(` ${key}`) ||
    /^[\w+/-]{43}=?$/.test(key)
  )
}

function keysNone(m: Material): Measured {
  const said =
    /no idempotency[- ]key|without (an? )?(idempotency[- ])?key|idempotency[- ]key (is )?(missing|absent|not (set|sent|configured))/i
  const texts = [
    ...m.said(said, 'log').map(({ source }) => source),
    ...m
      .of('code', 'config')
      .flatMap((source) => (source.files?.some(({ text }) => said.test(text)) === true ? [source.id] : [])),
  ]
  const [id] = texts
  const source = m.sources.find((one) => one.id === id)
  if (source !== undefined) {
    const statement = `${source.id} says that no key is sent.`
    return {
      value: true,
      statement,
      found: [evidenceOf(source, statement, searchQuery(source, said))],
      numbers: { share: 1 },
    }
  }
  const isMapped = m
    .of('effects', 'requests', 'deliveries', 'ledger')
    .some(({ map }) => map.key !== undefined)
  return byGroups(m, {
    test: (group) => {
      if (!isMapped) return undefined
      return [group.rows, group.requests, group.deliveries, group.ledger].every((rows) =>
        rows.every(({ key }) => key === undefined),
      )
    },
    words: 'no row carries a key',
    missing: 'No column holds keys.',
    fields: ['key'],
  })
}

function byPayload(
  m: Material,
  fits: (differs: { business: readonly string[]; volatile: readonly string[] }) => boolean,
  words: string,
): Measured {
  const names = new Map<string, number>()
  const measured = byGroups(m, {
    test: (group) => {
      const differs = differences(group, m.decisions)
      if (differs === undefined) return undefined
      const isFit = fits(differs)
      if (isFit)
        for (const name of [...differs.business, ...differs.volatile])
          names.set(name, (names.get(name) ?? 0) + 1)
      return isFit
    },
    words,
    missing: 'No column holds payloads that could be compared.',
    fields: ['payload'],
  })
  const listed = [...names]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 5)
    .map(([name]) => name)
  return listed.length === 0
    ? measured
    : { ...measured, names: listed, statement: `${measured.statement.slice(0, -1)}: ${listed.join(', ')}.` }
}

export function gapsOf(m: Material): number[] {
  return m.groups.list.flatMap((group) => gapOf(group) ?? [])
}

function byMedian(m: Material, judge: (medianMs: number) => true | false | 'unknown'): Measured {
  const gaps = gapsOf(m)
  const { base } = m.groups
  if (base === undefined || gaps.length < 3)
    return unknown('Fewer than three duplicate references have times to compare.')
  const medianMs = gaps.toSorted((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)] ?? 0
  // Whole seconds cannot tell what lies below one.
  const isCoarse = base.rows.slice(0, 1000).every(({ at }) => at === undefined || at % 1000 === 0)
  const value = isCoarse && medianMs < 1000 ? 'unknown' : judge(medianMs)
  const statement = `The median gap between the first two rows of ${countText(gaps.length)} duplicate references is ${durationText(medianMs)}${isCoarse ? ', in times of whole seconds' : ''}.`
  return { value, statement, found: [evidenceOf(base, statement, gapQuery(base))], numbers: { medianMs } }
}

export function gapQuery(base: LoadedSource): string {
  if (base.map.at === undefined) return tableOf(base)
  const [ref, at] = [columnOf(base, 'ref'), columnOf(base, 'at')]
  return `SELECT ${ref}, ${at}, lag(${at}) OVER (PARTITION BY ${ref} ORDER BY ${at}) AS previous FROM ${tableOf(base)} QUALIFY count(*) OVER (PARTITION BY ${ref}) > 1 ORDER BY ${ref}, ${at}`
}

function laterVoid(m: Material): Measured {
  const isMapped =
    m.hasField('kind', 'effects', 'ledger') ||
    m.hasField('status', 'effects', 'ledger') ||
    m.hasField('event', 'effects', 'ledger')
  return byGroups(m, {
    test: (group) => (isMapped ? isSettledOnce(group) : undefined),
    words: 'all rows but one are holds or instalments by their kind, or were voided or reversed',
    missing: 'No column says of what kind a row is, or whether it stands.',
    fields: ['kind', 'status', 'event'],
  })
}

function everyItemTwice(m: Material): Measured {
  const { list, base, isEffects } = m.groups
  if (base === undefined || !isEffects || list.length < 3)
    return unknown('Fewer than three duplicate references.')
  const isInRun = runOf(m)
  const refs = new Map<string, number>()
  for (const row of base.rows)
    if (row.ref !== undefined && isInRun(row)) refs.set(row.ref, (refs.get(row.ref) ?? 0) + 1)
  const counts = [...refs.values()]
  const twice = counts.filter((count) => count === 2).length
  const share = counts.length === 0 ? 0 : twice / counts.length
  const ref = columnOf(base, 'ref')
  const statement = `Of ${countText(counts.length)} references of the affected ${base.map.run === undefined ? 'time' : 'runs'} ${countText(twice)} (${shareText(share)}) have exactly two effects.`
  const query = `SELECT effects, count(*) AS refs FROM (SELECT ${ref}, count(*) AS effects FROM ${tableOf(base)} GROUP BY 1) GROUP BY 1 ORDER BY 1`
  return {
    value: share >= 0.95 ? true : share <= 0.5 ? false : 'unknown',
    statement,
    found: [evidenceOf(base, statement, query)],
    numbers: { share },
  }
}

/** The rows that belong to the trouble: of the runs that have duplicates, or between the first and the last of them. */
function runOf(m: Material): (row: { at?: number; run?: string }) => boolean {
  const rows = m.groups.list.flatMap((group) => group.rows)
  const runs = new Set(rows.flatMap(({ run }) => run ?? []))
  if (runs.size > 0) return ({ run }) => run !== undefined && runs.has(run)
  const times = rows.flatMap(({ at }) => at ?? [])
  const [from, to] = [
    times.reduce((a, b) => Math.min(a, b), Infinity),
    times.reduce((a, b) => Math.max(a, b), -Infinity),
  ]
  return ({ at }) => at === undefined || (at >= from && at <= to)
}

function product(m: Material): Measured {
  const { list, base } = m.groups
  if (base === undefined || list.length === 0) return unknown('There are no duplicate references.')
  const largest = list.reduce((most, { rows, requests }) => Math.max(most, rows.length, requests.length), 0)
  const limits = [...new Set([...m.known('attemptLimits'), ...attemptLimits(m)])].filter((limit) => limit > 1)
  const isProduct = limits.some((a, at) =>
    limits.some((b, other) => (other !== at || limits.length === 1) && a * b === largest),
  )
  const statement = `The largest multiplicity is ${largest}; ${limits.length === 0 ? 'no attempt limit above 1 is known' : `attempt limits are ${limits.join(', ')}`}.`
  const value = largest >= 4 && isProduct ? true : largest <= 3 ? false : 'unknown'
  const ref = columnOf(base, 'ref')
  const query = `SELECT ${ref}, count(*) AS n FROM ${tableOf(base)} GROUP BY 1 ORDER BY n DESC LIMIT 20`
  return { value, statement, found: [evidenceOf(base, statement, query)], numbers: { largest } }
}

/** Limits as the interface's `known` may name them, and those that logs tell: `attempt 2 of 3`. */
function attemptLimits(m: Material): number[] {
  const named = Object.entries(m.bundle.known).flatMap(([name, value]) =>
    /attempt|retries/i.test(name) ? value : [],
  )
  const logged = m
    .said(/attempt \d+ ?(of|\/) ?\d+/i, 'log')
    .flatMap(({ message = '' }) => Number(/attempt \d+ ?(?:of|\/) ?(\d+)/i.exec(message)?.[1] ?? Number.NaN))
  return [...named, ...logged.filter(Number.isFinite)]
}
