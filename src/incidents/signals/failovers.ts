import { shareText } from '../../reconcile/values/format.ts'
import type { BundleRow } from '../bundle/row.ts'
import type { SourceKind } from '../model.ts'
import {
  inWindow,
  type Material,
  type Measured,
  type Measures,
  pairsQuery,
  searchQuery,
  textOf,
} from './material.ts'
import { diedWords } from './process-words.ts'
import { evidenceOf, iso, nothingFound, saidFound, unknown } from './saying.ts'

const hourMs = 3_600_000
const failoverPattern =
  /fail(s|ed|ing)?[- ]?over|promot(ed|ing|ion)|split[- ]?brain|new primary|primary changed|switchover|leader (election|changed)|post-failover|standby(-\d+)? (is now|took over)|two primaries|taking over as|(is|as|becoming|elected) (the )?(new |now )?(primary|master|leader)( now)?|primary now|promote request|switch-master|new timeline|no quorum|demot(ed|ing)/i
const resetPattern =
  /connection (was )?(reset|closed|terminated|lost)|ECONNRESET|conns? dropped|reset by peer|terminating connection|57P0[123]/i
const restartPattern = new RegExp(
  String.raw`${diedWords}|oom|exiting (with )?(code|status|signal)|panic|sigsegv|sigabrt|\b(exit|died|start(ed|ing)|stopp?(ed|ing)|terminat\w+|evicted)\b`,
  'i',
)
/** A log speaks of much else: there a bare `exit` or `started` tells of no death. */
const loggedRestart = new RegExp(String.raw`${diedWords}|\boom\b|panic:`, 'i')

/** A job that somebody or a plan starts, or that ends well, did not die. */
const meantPattern = /by hand|manual|schedul|\bcron|exit code 0\b|completed|finished|succe(ss|eded)/i

/** Stores that failed over, and processes that died between the rows of a group. */
export const failoverMeasures: Measures = {
  'store.failover': failover,
  'dups.around-failover': aroundFailover,
  'process.restarts-beside': restartsBeside,
}

/** Times of failovers and of masses of resets, with the rows that tell of them. */
function failoverRows(m: Material): readonly BundleRow[] {
  const kinds: readonly SourceKind[] = ['log', 'processes', 'alerts', 'metrics']
  return m
    .said(failoverPattern, ...kinds)
    .filter((row) => inWindow(row, m.window, hourMs) && !isCountOfNone(row))
}

/** Metrics that cover the window and are of something else would tell of no failover. */
function tellsOfStores(m: Material): boolean {
  return (['log', 'processes', 'alerts'] as const).some((kind) => m.covers(kind))
}

/** A metric that counts failovers and stands at 0 tells of none. */
function isCountOfNone({ value, message }: BundleRow): boolean {
  return message === undefined && value !== undefined && Number(value) === 0
}

/** Fewer connections than these are lost on any day. */
const massOfResets = 10

function droppedIn(resets: readonly BundleRow[]): number {
  return resets.reduce(
    (sum, row) => sum + row.weight * Number(/(\d+) conns? dropped/i.exec(textOf(row))?.[1] ?? 1),
    0,
  )
}

function failover(m: Material): Measured {
  const rows = failoverRows(m)
  const resets = m
    .said(resetPattern, 'log', 'processes', 'alerts')
    .filter((row) => inWindow(row, m.window, hourMs))
  const dropped = droppedIn(resets)
  const kinds: readonly SourceKind[] = ['log', 'processes', 'alerts', 'metrics']
  const found = [
    ...saidFound(m, rows, { pattern: failoverPattern, what: 'a failover' }),
    ...saidFound(m, resets, { pattern: resetPattern, what: 'connections that were reset' }),
  ]
  if (rows.length > 0 || dropped >= massOfResets)
    return {
      value: true,
      statement: `A store failed over or dropped its connections (${dropped} resets).`,
      found,
      numbers: { resets: dropped },
    }
  const isMeasured = m
    .rows('metrics')
    .some(({ name = '' }) => /failover|primary|replica|leader|reset/i.test(name))
  if (!isMeasured && !tellsOfStores(m)) return unknown('No source could tell of a failover.')
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
  const reset = m.said(resetPattern, 'log', 'processes', 'alerts')
  const resets = reset.flatMap(({ at }) => at ?? [])
  const all =
    times.length > 0 || droppedIn(reset) >= massOfResets
      ? [
          ...times,
          ...resets.filter((at) => times.length === 0 || times.some((one) => Math.abs(one - at) <= 600_000)),
        ]
      : []
  if (base === undefined || list.length < 3) return unknown('Fewer than three duplicate references.')
  if (all.length === 0 && !tellsOfStores(m)) return unknown('No source could tell of a failover.')
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
    ...m
      .rows('processes')
      .filter((row) => restartPattern.test(textOf(row)) && !meantPattern.test(textOf(row))),
    ...m.said(loggedRestart, 'log'),
  ].filter(({ at }) => at !== undefined)
  if (base === undefined || list.length < 3) return unknown('Fewer than three duplicate references.')
  if (m.of('processes', 'log').length === 0) return unknown('No source tells of restarts.')
  const timed = list.filter(({ rows: pair }) => pair[0]?.at !== undefined && pair[1]?.at !== undefined)
  const owners = new Set(list.flatMap(({ rows: [first] }) => namesOf(first)))
  // Where processes go by other names than the rows' workers, nobody can tell whose restart it was.
  const isNamed = rows.some((row) => namesOf(row).some((name) => owners.has(name)))
  const yes = timed.filter(({ rows: [first, second] }) =>
    rows.some((row) => {
      const isBetween = (row.at ?? 0) >= (first?.at ?? 0) - 5000 && (row.at ?? 0) <= (second?.at ?? 0)
      const own = namesOf(first)
      return isBetween && (!isNamed || own.length === 0 || namesOf(row).some((name) => own.includes(name)))
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

function namesOf(row: BundleRow | undefined): string[] {
  return [row?.worker, row?.host, row?.name].filter((name) => name !== undefined)
}
