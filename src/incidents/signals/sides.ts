import { durationText } from '../../reconcile/values/format.ts'
import type { BundleRow, LoadedSource } from '../bundle/row.ts'
import type { Group } from './groups.ts'
import { median } from './decisions.ts'
import {
  type Material,
  type Measured,
  type Measures,
  columnOf,
  pairsQuery,
  searchQuery,
  tableOf,
} from './material.ts'
import { parseInstant } from '../../reconcile/values/instant.ts'
import { differences, jsonLeaves } from './payloads.ts'
import { byGroups, evidenceOf, unknown } from './saying.ts'

/** What one side shows and another does not: provider and us, two writers, events and their handling. */
export const sideMeasures: Measures = {
  'provider-only': providerOnly,
  'effects.orphan': orphan,
  'writers.two': twoWriters,
  'events.old': oldEvents,
  'ids.reused': reused,
  'keys.shared-by-refs': sharedKeys,
}

function providerOnly(m: Material): Measured {
  const { base, list } = m.groups
  const others = m
    .of('requests', 'ledger')
    .filter((source) => source !== base && source.map.ref !== undefined)
  // A ledger holds one row of each by its nature; what was sent, a list of calls or attempts tells.
  const calls = others.filter(({ kind, map }) => kind === 'requests' || map.attempt !== undefined)
  const load = loadedAgain(list)
  if (base === undefined || base.kind !== 'effects' || list.length < 3)
    return unknown('There are no two sides to compare.')
  if (calls.length === 0 && (others.length === 0 || load === undefined))
    return unknown('There are no two sides to compare.')
  const own = list.map(({ requests, ledger }) => Math.max(requests.length, ledger.length))
  const known = own.filter((count) => count > 0).length
  const once = own.filter((count) => count === 1).length
  const loaded = load === undefined ? '' : `; all that came again came with one ${load}`
  const statement = `Of ${list.length} references that repeat in ${base.id}, our own side knows ${known} and sent ${once} of them once${loaded}.`
  return {
    value: m.decisions.byShare(once, known),
    statement,
    found: [evidenceOf(base, statement, pairsQuery(base, ['effect']))],
    numbers: { groups: once },
  }
}

const loads = /load|import|ingest|file|statement|upload|feed|export/i

/** The column of a load or file of the target’s that brought all the later rows, and none of the first ones. */
function loadedAgain(list: readonly Group[]): string | undefined {
  const names = new Set(
    list.flatMap(({ rows }) => Object.keys(rows[0]?.rest ?? {})).filter((name) => loads.test(name)),
  )
  return [...names].find((name) => {
    const later = new Set(list.flatMap(({ rows }) => rows.slice(1).map(({ rest }) => rest?.[name])))
    const first = new Set(list.map(({ rows }) => rows[0]?.rest?.[name]))
    return later.size === 1 && !later.has(undefined) && [...later].every((value) => !first.has(value))
  })
}

function orphan(m: Material): Measured {
  const effects = m.of('effects').find(({ map }) => map.ref !== undefined)
  const ours = m
    .of('ledger', 'requests')
    .find((source) => source.map.ref !== undefined && source.totals.refs > 0)
  if (effects === undefined || ours === undefined)
    return unknown('There is no record of our own to compare effects with.')
  const byEffect = ours.map.effect !== undefined && effects.map.effect !== undefined
  const field = byEffect ? 'effect' : 'ref'
  const known = new Set(ours.rows.map((row) => row[field]))
  const isComplete = ours.rows.length >= ours.totals.rows && effects.rows.length >= effects.totals.rows
  const inside = effects.rows.filter(
    ({ at }) =>
      at === undefined ||
      ours.span === null ||
      (at >= ours.span.fromMs - 60_000 && at <= ours.span.toMs + 60_000),
  )
  const count = inside.filter((row) => row[field] !== undefined && !known.has(row[field])).length
  const shared = inside.filter((row) => row[field] !== undefined && known.has(row[field])).length
  if (!isComplete || shared === 0)
    return unknown(
      `${effects.id} and ${ours.id} cannot be compared: ${isComplete ? 'they share nothing' : 'they were sampled'}.`,
    )
  if (count > 0 && count <= ours.rejectedRows)
    return unknown(
      `${count} effects are missing in ${ours.id}, of which ${ours.rejectedRows} lines could not be read.`,
    )
  const statement = `${count} of ${count + shared} effects of ${effects.id} are missing in ${ours.id}.`
  const [left, right] = [columnOf(effects, field), columnOf(ours, field)]
  const query = `SELECT * FROM ${tableOf(effects)} WHERE ${left} NOT IN (SELECT ${right} FROM ${tableOf(ours)} WHERE ${right} IS NOT NULL)`
  return { value: count > 0, statement, found: [evidenceOf(effects, statement, query)], numbers: { count } }
}

const handler =
  /webhook|constructEvent|event[_-]?handler|charge\.succeeded|payment_intent\.succeeded|on_?(payment|charge)|consumer|listener|callback/i
const requestPath =
  /^(post|put|http|api|request|checkout|sync|controller|route|createorder)\b|\b(POST|PUT|PATCH) \/|request[- ]path|\/(checkout|orders|pay|charge)\b/i

function twoWriters(m: Material): Measured {
  const wordsOf = ({ endpoint, message, kind, name, rest, worker }: BundleRow): string =>
    [endpoint, message, kind, name, worker, rest === undefined ? '' : Object.values(rest).join(' ')]
      .filter(Boolean)
      .join(' ')
  const sideOf = (row: BundleRow): 'handler' | 'request' | undefined => {
    const text = wordsOf(row)
    if (handler.test(text)) return 'handler'
    return requestPath.test(text) ? 'request' : undefined
  }
  const measured = byGroups(m, {
    test: ({ rows, requests, log }) => {
      const all = [...rows, ...requests, ...log].flatMap((row) => sideOf(row) ?? [])
      return all.length === 0 ? undefined : new Set(all).size > 1
    },
    words: 'a handler of events and the path of the request both write',
    missing: 'Nothing says which path writes.',
    fields: ['endpoint', 'kind'],
  })
  if (measured.value !== 'unknown') return measured
  for (const source of m.of('code')) {
    const files = source.files ?? []
    const writes = /\.insert\(|insert into|\.create\(|\.save\(/i
    const inHandler = files.filter(({ text }) => handler.test(text) && writes.test(text))
    const inRequest = files.filter(
      ({ text }) =>
        writes.test(text) && /create\w*\(|app\.(post|put)|router\.(post|put)|async function/i.test(text),
    )
    if (inHandler.length === 0 || inRequest.length === 0) continue
    const statement = `${source.id}: ${inHandler[0]?.path ?? ''} handles events and writes, and ${inRequest[0]?.path ?? ''} writes on the path of the request.`
    return {
      value: true,
      statement,
      found: [evidenceOf(source, statement, searchQuery(source, handler))],
      numbers: { share: measured.share },
    }
  }
  return measured
}

const eventTimeName =
  /(event|occur|creat|produc|emit|publish|origin|issued|recorded|source)\w*?[_-]?(time|at|ts|date|on|created|stamp)?$/i

/** Of a time as exports write it; of what is none, undefined. */
function instantOf(text: string): number | undefined {
  const bare = text.replace(/^"|"$/g, '')
  for (const style of ['iso', 'epoch-ms', 'epoch-s'] as const) {
    const instant = parseInstant(bare, style)
    if (instant !== undefined) return instant.ms
  }
  return undefined
}

/** Event times: a column besides `at` whose name says that it is one. */
function oldEvents(m: Material): Measured {
  const lagOf = (row: BundleRow): number | undefined => {
    if (row.at === undefined) return undefined
    const payload = row.payload === undefined ? undefined : jsonLeaves(row.payload)
    for (const [name, text] of [...Object.entries(row.rest ?? {}), ...(payload ?? [])]) {
      if (!eventTimeName.test(name)) continue
      const ms = instantOf(text)
      if (ms !== undefined) return row.at - ms
    }
    return undefined
  }
  const { base, list } = m.groups
  const later = list.flatMap(({ rows, deliveries, requests }) => {
    const lags = [rows, deliveries, requests].map((side) => side.slice(1).flatMap((row) => lagOf(row) ?? []))
    return lags.find((found) => found.length > 0) ?? []
  })
  const repeated = new Set(list.map(({ ref }) => ref))
  const usual = m
    .rows('effects', 'deliveries', 'requests')
    .filter(({ ref }) => ref === undefined || !repeated.has(ref))
    .slice(0, 50_000)
    .flatMap((row) => lagOf(row) ?? [])
  const firsts = list.flatMap(({ rows, deliveries, requests }) =>
    [rows, deliveries, requests].flatMap((side) => (side[0] === undefined ? [] : (lagOf(side[0]) ?? []))),
  )
  const reference = usual.length >= 3 ? usual : firsts
  if (base === undefined || later.length < 3 || reference.length < 3)
    return unknown('No column says when events happened.')
  const [medianLagMs, usualLagMs] = [median(later), median(reference)]
  const isOld = medianLagMs > 10 * Math.max(usualLagMs, 0) && medianLagMs > 600_000
  const statement = `The later rows were handled a median of ${durationText(Math.max(0, medianLagMs))} after their events; ${durationText(Math.max(0, usualLagMs))} is usual.`
  return {
    value: isOld ? true : medianLagMs <= 3 * Math.max(usualLagMs, 1000) ? false : 'unknown',
    statement,
    found: [evidenceOf(base, statement, pairsQuery(base, []))],
    numbers: { medianLagMs, usualLagMs },
  }
}

/** Numeric ids that fall back to values used before, for another payload. */
function reused(m: Material): Measured {
  const strangers = strangersIn(m)
  for (const source of m.of('effects', 'ledger', 'requests')) {
    const fields = (['key', 'ref', 'effect'] as const).filter((field) => source.map[field] !== undefined)
    for (const field of fields) {
      const rows = source.rows.filter(
        (row) => row.at !== undefined && /^(?:[a-z_-]{0,12})?\d{1,15}$/i.test(row[field] ?? ''),
      )
      if (rows.length < 10 || rows.length < source.rows.length * 0.9) continue
      const fall = fallOf(
        rows.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)),
        field,
      )
      if (fall.reusedIds < 3 && (field !== fields.at(-1) || strangers !== undefined)) continue
      const column = columnOf(source, field)
      const statement =
        fall.reusedIds < 3
          ? `The ids in ${column} of ${source.id} rise with time, or repeat with what they first stood for.`
          : `After ${fall.maxBefore} the ids in ${column} of ${source.id} fall back to ${fall.minAfter}; ${fall.reusedIds} had been used before for something else.`
      const query = `SELECT * FROM ${tableOf(source)} ORDER BY ${columnOf(source, 'at')}`
      return {
        value: fall.reusedIds >= 3,
        statement,
        found: [evidenceOf(source, statement, query)],
        numbers: { maxBefore: fall.maxBefore, minAfter: fall.minAfter },
      }
    }
  }
  return strangers ?? unknown('No column holds numeric ids with times.')
}

/** Rows of one reference that have hardly anything else in common, group after group, are of different things. */
function strangersIn(m: Material): Measured | undefined {
  const { base, list } = m.groups
  const compared = list.flatMap((group) => differences(group, m.decisions) ?? [])
  if (base === undefined || compared.length < 3) return undefined
  const fields = [...new Set(compared.flatMap((one) => one.compared))]
  // A field with few values is equal by chance now and then.
  const alien = fields.filter((field) => {
    const having = compared.filter((one) => one.compared.includes(field))
    return having.filter((one) => one.business.includes(field)).length >= having.length * 0.5
  })
  if (fields.length < 3 || alien.length < fields.length * 0.75) return undefined
  const statement = `The rows of ${compared.length} references of ${base.id} that come more than once have hardly anything in common but the reference: ${alien.slice(0, 6).join(', ')} differ.`
  return {
    value: true,
    statement,
    found: [evidenceOf(base, statement, pairsQuery(base, ['payload']))],
    numbers: { groups: compared.length },
  }
}

function fallOf(
  rows: readonly BundleRow[],
  field: 'key' | 'ref' | 'effect',
): { reusedIds: number; maxBefore: number; minAfter: number } {
  const seen = new Map<string, string>()
  let [max, maxBefore, minAfter, reusedIds] = [-Infinity, 0, Infinity, 0]
  for (const [at, row] of rows.entries()) {
    const id = row[field] ?? ''
    const number = numberIn(id)
    const payload = JSON.stringify([row.payload, row.rest, field === 'ref' ? undefined : row.ref])
    const before = seen.get(id)
    if (before !== undefined && before !== payload && number < max - 10 && isFallen(rows, at, field)) {
      reusedIds++
      maxBefore = Math.max(maxBefore, max)
      minAfter = Math.min(minAfter, number)
    }
    seen.set(id, before ?? payload)
    max = Math.max(max, number)
  }
  return {
    reusedIds,
    maxBefore: reusedIds === 0 ? Math.max(max, 0) : maxBefore,
    minAfter: reusedIds === 0 ? Math.max(max, 0) : minAfter,
  }
}

function numberIn(id: string): number {
  return Number(/\d+$/.exec(id)?.[0])
}

/** The ids that follow are low too: a later row of an old reference falls alone. */
function isFallen(rows: readonly BundleRow[], at: number, field: 'key' | 'ref' | 'effect'): boolean {
  const before = rows.slice(Math.max(0, at - 20), at).map((row) => numberIn(row[field] ?? ''))
  const after = rows.slice(at, at + 20).map((row) => numberIn(row[field] ?? ''))
  const high = before.reduce((most, number) => Math.max(most, number), 0)
  return after.length >= 3 && after.filter((number) => number < high).length >= after.length * 0.8
}

function sharedKeys(m: Material): Measured {
  const counted = m
    .of('requests', 'ledger', 'deliveries', 'effects')
    .filter(({ map }) => map.key !== undefined && map.ref !== undefined)
    .map((source) => ({ source, ...sharedIn(source, m) }))
    .toSorted((a, b) => b.keys - a.keys)
  const [most] = counted
  if (most === undefined) return unknown('No source holds keys and references.')
  const { source, keys, all, lostShare } = most
  const statement = `${keys} of ${all} keys in ${source.id} stand for more than one reference.`
  const query = `SELECT ${columnOf(source, 'key')}, count(DISTINCT ${columnOf(source, 'ref')}) AS refs FROM ${tableOf(source)} WHERE ${columnOf(source, 'key')} IS NOT NULL GROUP BY 1 HAVING refs > 1`
  // What was dropped as a duplicate stands in no list of effects: those show no key that was shared.
  const isAsked = counted.some((one) => one.source.kind !== 'effects')
  return {
    value: keys >= 3 || (keys > 0 && lostShare >= 0.6) ? true : keys === 0 && isAsked ? false : 'unknown',
    statement,
    found: [evidenceOf(source, statement, query)],
    numbers: { keys },
  }
}

interface SharedKeys {
  readonly keys: number
  readonly all: number
  /** Of the lost references, those whose key another one has. */
  readonly lostShare: number
}

function sharedIn({ rows }: LoadedSource, m: Material): SharedKeys {
  const refs = new Map<string, Set<string>>()
  for (const { key, ref } of rows)
    if (key !== undefined && ref !== undefined) refs.set(key, (refs.get(key) ?? new Set()).add(ref))
  const isShared = (key: string | undefined): boolean => (refs.get(key ?? '')?.size ?? 0) > 1
  const lost = new Set(m.losses.lost.map(({ ref }) => ref))
  const shared = new Set(
    rows.flatMap(({ ref, key }) => (ref !== undefined && lost.has(ref) && isShared(key) ? [ref] : [])),
  )
  return {
    keys: [...refs.values()].filter((set) => set.size > 1).length,
    all: refs.size,
    lostShare: lost.size === 0 ? 0 : shared.size / lost.size,
  }
}
