import { durationText, shareText } from '../../reconcile/values/format.ts'
import { median, percentile } from './decisions.ts'
import type { Material, Measured } from './material.ts'
import { byLost, ofLosses } from './losses-said.ts'
import { diedWords } from './process-words.ts'
import { unknown } from './saying.ts'

/* Losses and delays beside what else happened at the time: crashes, failovers, standstills. */

/** What was done at last, but long after it was due, most of what was due at the time with it: it stood still. */
export function workLate(m: Material): Measured {
  const { due, effectSource } = m.losses
  const doneAt = doneTimes(m)
  const timed = due
    .flatMap(({ ref, rows }) => {
      const [from, to] = [rows[0]?.at, doneAt.get(ref)]
      return from === undefined || to === undefined ? [] : [{ from, lagMs: to - from }]
    })
    .toSorted((a, b) => a.from - b.from)
  if (effectSource === undefined || timed.length < 20)
    return unknown('Nothing says when what was due was done.')
  const usualMs = Math.max(0, median(timed.map(({ lagMs }) => lagMs)))
  const lateMs = Math.max(10 * usualMs, 300_000)
  const isLate = ({ lagMs }: { lagMs: number }): boolean => lagMs > lateMs
  const [first, last] = [timed.findIndex(isLate), timed.findLastIndex(isLate)]
  const late = timed.filter(isLate).length
  const share = late === 0 ? 0 : late / (last - first + 1)
  return ofLosses(m, {
    value: late === 0 ? false : late >= 5 && share >= 0.6 ? true : 'unknown',
    words: `${late} references were done more than ${durationText(lateMs)} after they were due, usual is ${durationText(usualMs)}; of what was due in that time they are ${shareText(share)}`,
    numbers: { late, share, usualMs },
  })
}

function doneTimes({ losses: { effectSource } }: Material): ReadonlyMap<string, number> {
  const done = new Map<string, number>()
  for (const { ref, at } of effectSource?.rows ?? [])
    if (ref !== undefined && at !== undefined && !done.has(ref)) done.set(ref, at)
  return done
}

const crashed = new RegExp(
  String.raw`${diedWords}|\boom\b|panic|shutting down|terminat(ed|ing)|\bstopp(ed|ing)\b`,
  'i',
)

/** Within the time that work takes from being taken to being done, as that of others shows, and a minute at least. */
export function crashBeside(m: Material): Measured {
  const rows = m.said(crashed, 'processes', 'log').filter(({ at }) => at !== undefined)
  if (m.of('processes', 'log').length === 0) return unknown('No source tells of crashes.')
  const withinMs = Math.max(60_000, 1.5 * usualLagMs(m))
  const workers = new Set(
    rows.flatMap((row) => [row.worker, row.name, row.host].filter((name) => name !== undefined)),
  )
  return byLost(
    m,
    ({ rows: own }) => {
      const last = own.at(-1)
      if (last?.at === undefined) return undefined
      const from = last.at
      const isNamed = [last.worker, last.host].some((name) => name !== undefined && workers.has(name))
      return rows.some(
        (row) =>
          (row.at ?? 0) >= from - 5000 &&
          (row.at ?? 0) <= from + withinMs &&
          (!isNamed ||
            [row.worker, row.name, row.host].some(
              (name) => name !== undefined && [last.worker, last.host].includes(name),
            )),
      )
    },
    `lie within ${durationText(withinMs)} before a crash or restart`,
  )
}

/** From the last row of what was due to its effect: longer than that of 95 in 100. */
function usualLagMs(m: Material): number {
  const doneAt = doneTimes(m)
  const lags = m.losses.due.flatMap(({ ref, rows }) => {
    const [from, to] = [rows.at(-1)?.at, doneAt.get(ref)]
    return from === undefined || to === undefined || to < from ? [] : [to - from]
  })
  return lags.length === 0 ? 0 : Math.min(3_600_000, percentile(lags, 0.95))
}

/** A store that failed over, or that came up again and had to find out what it still has. */
const lostStore =
  /fail(ed)?[- ]?over|promot(ed|ion)|split[- ]?brain|new primary|switchover|leader (election|changed)|not (properly|cleanly) (shut ?down|unmounted)|unclean|(crash|automatic) recovery|recovery (in progress|ends)|redo (starts|done)|last known up|invalid record length|journal (replayed|recovery)|append[- ]?only file|ready to accept connections|rewound|rolled back to|truncated to/i
const mostLagMs = 3_600_000

/**
 * Acknowledged before a store failed over or came back from a crash, as the last of what was: how far the copy lagged
 * behind shows in how far back the losses reach, with most between there and the failover lost.
 */
export function afterFailover(m: Material): Measured {
  const times = m.said(lostStore, 'log', 'processes', 'alerts').flatMap(({ at }) => at ?? [])
  if (m.of('log', 'processes', 'alerts').length === 0) return unknown('No source tells of failovers.')
  const stretches = times.map((at) => ({ to: at + 5000, from: lagBefore(m, at) }))
  return byLost(
    m,
    ({ rows }) => {
      const at = rows.at(-1)?.at
      return at === undefined ? undefined : stretches.some(({ from, to }) => at >= from && at <= to)
    },
    'were the last to be acknowledged before a failover',
  )
}

/** The earliest loss from which on at least half of what was due until the failover is lost. */
function lagBefore({ losses: { due } }: Material, failoverAt: number): number {
  const before = due
    .flatMap(({ rows, isLost }) => {
      const at = rows.at(-1)?.at
      return at === undefined || at > failoverAt + 5000 || at < failoverAt - mostLagMs ? [] : [{ at, isLost }]
    })
    .toSorted((a, b) => b.at - a.at)
  let [all, lost, from] = [0, 0, failoverAt]
  for (const one of before) {
    all++
    if (!one.isLost) continue
    lost++
    if (lost >= all * 0.5) from = one.at
  }
  return from
}
