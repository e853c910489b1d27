import { durationText, shareText } from '../../reconcile/values/format.ts'
import type { BundleRow } from '../bundle/row.ts'
import { median } from './decisions.ts'
import type { Due } from './losses-of.ts'
import { type Material, type Measured, type Measures, columnOf, tableOf } from './material.ts'
import { countBy } from './places.ts'
import { evidenceOf, saidFound, unknown } from './saying.ts'

/** What never happened: how much, of what kind, and how it was answered. */
export const lossMeasures: Measures = {
  'loss.present': (m) => {
    const { due, lost, why } = m.losses
    if (why !== undefined) return unknown(`Nothing can be said of losses: ${why}.`)
    return ofLosses(m, {
      value: lost.length > 0,
      words: `${lost.length} of ${due.length} references that were due have no effect`,
      numbers: { lost: lost.length, due: due.length },
    })
  },
  'loss.total': total,
  'loss.acknowledged': (m) =>
    // That a request was taken is why it was due; who took it from a queue, or recorded it, acknowledged more.
    m.losses.dueSource?.kind === 'requests'
      ? unknown('Only requests say what was due, and all that count were taken.')
      : byLost(m, ({ rows }) => statusOf(rows, acknowledged), 'were acknowledged'),
  'loss.refused': (m) =>
    byLost(m, ({ rows }) => statusOf(rows, refused), 'were answered 4xx or refused at the edge'),
  'loss.server-errors': (m) => byLost(m, ({ rows }) => statusOf(rows, /^5\d\d$/), 'were answered 5xx'),
  'loss.undelivered': (m) =>
    byLost(m, ({ rows }) => statusOf(rows, undelivered), 'failed at their last attempt, as the sender notes'),
  'loss.crash-beside': crashBeside,
  'work.late': workLate,
  'loss.logged-duplicate': loggedDuplicate,
  'loss.by-type': (m) =>
    byField(m, {
      fields: ['event', 'kind', 'version', 'endpoint'],
      columns: /./,
      what: 'event type, version or route',
    }),
  'loss.by-endpoint': (m) =>
    byField(m, {
      fields: ['endpoint', 'host'],
      columns: /url|uri|endpoint|host|edge|region|zone|upstream|address|\bip\b|pop/i,
      what: 'endpoint or host',
    }),
  'receiver.slow': receiverSlow,
  'loss.older-than-limit': olderThanLimit,
  'loss.after-failover': afterFailover,
}

const acknowledged =
  /^(2\d\d|ok|ack\w*|success|succeeded|accepted|delivered|dequeued|committed|processed|received|sent)$/i
const refused =
  /^4(?!08|29)\d\d$|signature|unauthori|forbidden|rejected|(?<!conn(?:ection)? ?)refused|\btls\b|\bssl\b|certificate|invalid/i

const undelivered = new RegExp(
  `${refused.source}|econnrefused|^[45]\\d\\d$|timed?[ _-]?out|deadline|reset|unreachable|^(failed|failure|error|undelivered|dropped|0)$`,
  'i',
)

/** Of the last attempt, whose answer decided; undefined where no attempt has a status. */
function statusOf(rows: readonly BundleRow[], pattern: RegExp): boolean | undefined {
  const status = rows.findLast((row) => row.status !== undefined)?.status
  return status === undefined ? undefined : pattern.test(status)
}

interface Said {
  readonly value: Measured['value']
  /** The statement, but for its sources. */
  readonly words: string
  readonly numbers: Readonly<Record<string, number>>
}

function ofLosses(m: Material, { value, words, numbers }: Said): Measured {
  const { dueSource, effectSource } = m.losses
  if (dueSource === undefined || effectSource === undefined)
    return unknown(`Nothing can be said of losses: ${m.losses.why ?? 'no source lists what was due'}.`)
  const statement = `${words.charAt(0).toUpperCase()}${words.slice(1)} (${dueSource.id} against ${effectSource.id}).`
  const [due, done] = [columnOf(dueSource, 'ref'), columnOf(effectSource, 'ref')]
  const query = `SELECT * FROM ${tableOf(dueSource)} WHERE ${due} NOT IN (SELECT ${done} FROM ${tableOf(effectSource)} WHERE ${done} IS NOT NULL) ORDER BY ${due}`
  return { value, statement, found: [evidenceOf(dueSource, statement, query)], numbers }
}

function byLost(m: Material, test: (due: Due) => boolean | undefined, words: string): Measured {
  const answers = m.losses.lost.flatMap((due) => test(due) ?? [])
  if (m.losses.lost.length === 0)
    return unknown(
      m.losses.why === undefined ? 'Nothing is lost.' : `Nothing can be said of losses: ${m.losses.why}.`,
    )
  if (answers.length === 0) return unknown('Of the lost references nothing says how they were answered.')
  const yes = answers.filter(Boolean).length
  // As many of them as there are unreadable lines may be no losses at all.
  const sure = Math.max(yes, answers.length - (m.losses.effectSource?.rejectedRows ?? 0))
  return ofLosses(m, {
    value: m.decisions.byShare(yes, sure),
    words: `of ${answers.length} lost references ${yes} ${words}`,
    numbers: { share: yes / answers.length },
  })
}

/** From some time on nothing arrives: after the last that did, nearly all are lost, and they are many. */
function total(m: Material): Measured {
  const { due, lost } = m.losses
  if (due.length < 3 || lost.length < 3)
    return lost.length === 0 && due.length >= 3
      ? ofLosses(m, { value: false, words: 'nothing is lost', numbers: { share: 0 } })
      : unknown('Fewer than three references are lost.')
  const timed = due.toSorted((a, b) => (a.rows[0]?.at ?? 0) - (b.rows[0]?.at ?? 0))
  let best = { share: 0, count: 0 }
  const first = timed.findIndex(({ isLost }) => isLost)
  for (let from = first; from < timed.length - 2; from++) {
    if (timed[from]?.isLost !== true) continue
    const part = timed.slice(from)
    const share = part.filter(({ isLost }) => isLost).length / part.length
    if (share >= 0.98) {
      best = { share, count: part.length }
      break
    }
    best = { share: Math.max(best.share, lost.length / due.length), count: 0 }
    if (timed.length > 2000 && from - first > 2000) break
  }
  const isTotal = best.count >= Math.max(5, lost.length * 0.6)
  const words = isTotal
    ? `from some time on ${best.count} references are lost and nothing arrives`
    : `a part arrives all the time: ${lost.length} of ${due.length} are lost`
  return ofLosses(m, { value: isTotal, words, numbers: { share: lost.length / due.length } })
}

const turnedAway =
  /duplicate|already (processed|seen|handled|exists)|dedup|idempoten\w* (hit|replay)|\b409\b/i

function loggedDuplicate(m: Material): Measured {
  const { lost } = m.losses
  if (lost.length === 0) return unknown('Nothing is lost, or nothing can be said of losses.')
  const refs = new Set(lost.map(({ ref }) => ref))
  const rows = m
    .rows('log', 'requests', 'ledger', 'deliveries')
    .filter((row) => turnedAway.test(`${row.message ?? ''} ${row.status ?? ''} ${row.kind ?? ''}`))
  const away = new Set(
    rows.flatMap(({ ref, parameters = [] }) =>
      [ref, ...parameters].filter((one) => one !== undefined && refs.has(one)),
    ),
  )
  const measured = ofLosses(m, {
    value: m.decisions.byShare(away.size, lost.length),
    words: `${away.size} of ${lost.length} lost references were turned away as duplicates`,
    numbers: { share: away.size / lost.length },
  })
  return {
    ...measured,
    found: [
      ...(measured.found ?? []),
      ...saidFound(
        m,
        rows.filter(
          ({ ref = '', parameters = [] }) => refs.has(ref) || parameters.some((one) => refs.has(one)),
        ),
        { pattern: turnedAway, what: 'what was turned away as a duplicate' },
      ),
    ],
  }
}

interface ByField {
  readonly fields: readonly ('event' | 'kind' | 'version' | 'endpoint' | 'host')[]
  /** Columns that are mapped to nothing and are looked at too, by their names. */
  readonly columns: RegExp
  /** Completes "no column holds the …". */
  readonly what: string
}

interface Column {
  readonly name: string
  readonly valueOf: (due: Due) => string | undefined
}

const maxKinds = 30

/** Fields first, then what else the rows hold; an id, with another value in each row, is no kind of anything. */
function columnsToTry({ due }: Material['losses'], { fields, columns }: ByField): readonly Column[] {
  const byField = fields.map((field) => ({
    name: field,
    valueOf: ({ rows }: Due) => rows.findLast((row) => row[field] !== undefined)?.[field],
  }))
  const names = new Set(
    due.slice(0, 200).flatMap(({ rows }) => rows.flatMap(({ rest }) => Object.keys(rest ?? {}))),
  )
  const byColumn = [...names]
    .filter((name) => columns.test(name) && !/status|state|result|outcome|answer|error/i.test(name))
    .map((name) => ({
      name,
      valueOf: ({ rows }: Due) => rows.findLast(({ rest }) => rest?.[name] !== undefined)?.rest?.[name],
    }))
  return [...byField, ...byColumn]
}

/** 90 % of the losses in one kind, of which most are lost, while others arrive. */
function byField(m: Material, asked: ByField): Measured {
  const { due, lost } = m.losses
  if (lost.length < 3) return unknown('Fewer than three references are lost.')
  let spread: Measured | undefined
  for (const { name: column, valueOf } of columnsToTry(m.losses, asked)) {
    const values = lost.flatMap((one) => valueOf(one) ?? [])
    const all = due.flatMap((one) => valueOf(one) ?? [])
    const kinds = new Set(all).size
    if (values.length < 3 || kinds < 2 || kinds > maxKinds || kinds > Math.max(3, all.length * 0.5)) continue
    const [name = '', count = 0] = countBy(values)[0] ?? []
    const share = count / values.length
    const ofName = all.filter((value) => value === name).length
    const others = due.filter((one) => !one.isLost && valueOf(one) !== name).length
    const words = `${shareText(share)} of the losses lie in ${column} ${name}, of whose ${ofName} references ${count} are lost, while ${others} of others arrived`
    const isOne = share >= 0.9 && count >= lossesSince(m, (one) => valueOf(one) === name) * 0.6 && others > 0
    const usual = ofName / all.length
    const measured = ofLosses(m, {
      value: isOne ? true : Math.abs(share - usual) <= 0.25 ? false : 'unknown',
      words,
      numbers: { share },
    })
    if (isOne) return { ...measured, names: [name] }
    spread ??= measured
  }
  return spread ?? unknown(`No column holds the ${asked.what} of what was due, or there is only one.`)
}

/** How many of these were due from the first loss to the last: before it all was well, and says nothing. */
function lossesSince({ losses: { due, lost } }: Material, isOf: (due: Due) => boolean): number {
  const times = lost.flatMap(({ rows }) => rows[0]?.at ?? [])
  const first = times.reduce((least, at) => Math.min(least, at), Infinity)
  const last = times.reduce((most, at) => Math.max(most, at), -Infinity)
  return due.filter((one) => {
    const at = one.rows[0]?.at
    return isOf(one) && (at === undefined || times.length === 0 || (at >= first && at <= last))
  }).length
}

/** What was done at last, but long after it was due, most of what was due at the time with it: it stood still. */
function workLate(m: Material): Measured {
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
  const isLate = ({ lagMs }: { lagMs: number }): boolean => lagMs > Math.max(10 * usualMs, 300_000)
  const [first, last] = [timed.findIndex(isLate), timed.findLastIndex(isLate)]
  const late = timed.filter(isLate).length
  const share = late === 0 ? 0 : late / (last - first + 1)
  return ofLosses(m, {
    value: late === 0 ? false : late >= 5 && share >= 0.6 ? true : 'unknown',
    words: `${late} references were done more than ${durationText(Math.max(10 * usualMs, 300_000))} after they were due, usual is ${durationText(usualMs)}; of what was due in that time they are ${shareText(share)}`,
    numbers: { late, share, usualMs },
  })
}

function doneTimes({ losses: { effectSource } }: Material): ReadonlyMap<string, number> {
  const done = new Map<string, number>()
  for (const { ref, at } of effectSource?.rows ?? [])
    if (ref !== undefined && at !== undefined && !done.has(ref)) done.set(ref, at)
  return done
}

const crashed =
  /crash|killed|sigkill|sigterm|\boom\b|out of memory|restart|exit(ed)? (with )?(code|status|signal)|panic|segfault|segmentation fault|core dumped|shutting down|terminat(ed|ing)|\bstopp(ed|ing)\b/i

/** Within the time that work takes from being taken to being done, as that of others shows, and a minute at least. */
function crashBeside(m: Material): Measured {
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
  const lags = m.losses.due
    .flatMap(({ ref, rows }) => {
      const [from, to] = [rows.at(-1)?.at, doneAt.get(ref)]
      return from === undefined || to === undefined || to < from ? [] : [to - from]
    })
    .toSorted((a, b) => a - b)
  return Math.min(3_600_000, lags[Math.floor(lags.length * 0.95)] ?? 0)
}

const timeoutText = /timed?[ _-]?out|deadline|\b(408|499|504|524|598|599)\b/i

/** A sender that has given an endpoint up tries it no more: that says nothing of the receiver. */
const notSent = /disabled|skipp|not[ _-]?(sent|attempted|tried)|suspended|switched[ _-]?off|paused|muted/i

function receiverSlow(m: Material): Measured {
  const { lost, due } = m.losses
  const last = ({ rows }: Due): BundleRow | undefined =>
    rows.findLast(({ durationMs, status }) => durationMs !== undefined || status !== undefined)
  if (lost.length < 3) return unknown('Fewer than three references are lost.')
  const durations = lost.flatMap((one) => last(one)?.durationMs ?? [])
  const limits = [...m.known('senderTimeoutMs'), ...m.known('clientTimeoutMs')]
  const limitMs =
    limits.length > 0 ? Math.min(...limits) : stopOf(due.flatMap((one) => last(one)?.durationMs ?? []))
  const known = lost.filter((one) => {
    const row = last(one)
    return row !== undefined && !notSent.test(`${row.status ?? ''} ${row.message ?? ''}`)
  })
  if (
    known.length === 0 ||
    (durations.length === 0 &&
      !known.some((one) => timeoutText.test(`${last(one)?.status ?? ''} ${last(one)?.message ?? ''}`)))
  )
    return unknown('No delivery says how long it took.')
  const yes = known.filter((one) => {
    const row = last(one)
    return (
      timeoutText.test(`${row?.status ?? ''} ${row?.message ?? ''}`) ||
      (limitMs !== undefined && (row?.durationMs ?? 0) >= limitMs * 0.98)
    )
  }).length
  const medianMs = durations.length === 0 ? 0 : median(durations)
  const share = yes / known.length
  return ofLosses(m, {
    value: m.decisions.byShare(yes, known.length),
    words: `of ${known.length} lost references ${yes} took as long as the sender waits${limitMs === undefined ? '' : ` (${durationText(limitMs)})`} or are noted as timed out`,
    numbers: { medianMs, limitMs: limitMs ?? 0, share },
  })
}

/** Where durations pile up at their largest value, the sender gave up there. */
function stopOf(durations: readonly number[]): number | undefined {
  const top = durations.reduce((most, one) => Math.max(most, one), 0)
  const near = durations.filter((one) => one >= top * 0.98).length
  return top >= 1000 && near >= 3 ? top * 0.98 : undefined
}

function olderThanLimit(m: Material): Measured {
  const limits = [...m.known('retentionMs'), ...m.known('retryWindowMs')]
  if (limits.length === 0) return unknown('No retention or retry window is known.')
  const limitMs = Math.min(...limits)
  const end = m.losses.effectSource?.spec.covers?.toMs ?? m.window.toMs
  const ageOf = ({ rows }: Due): number | undefined => {
    const [first] = rows
    return first?.at === undefined ? undefined : end - first.at
  }
  const { lost, due } = m.losses
  if (lost.length < 3) return unknown('Fewer than three references are lost.')
  const ages = lost.flatMap((one) => ageOf(one) ?? [])
  const old = ages.filter((age) => age > limitMs).length
  const young = due.filter((one) => !one.isLost && (ageOf(one) ?? Infinity) <= limitMs).length
  const share = ages.length === 0 ? 0 : old / ages.length
  return ofLosses(m, {
    value: share >= 0.9 && young > 0 ? true : share < 0.5 ? false : 'unknown',
    words: `${shareText(share)} of the losses are older than the window of ${durationText(limitMs)}, while ${young} younger ones arrived`,
    numbers: { limitMs, share },
  })
}

/** A store that failed over, or that came up again and had to find out what it still has. */
const lostStore =
  /fail(ed)?[- ]?over|promot(ed|ion)|split[- ]?brain|new primary|switchover|leader (election|changed)|not (properly|cleanly) (shut ?down|unmounted)|unclean|(crash|automatic) recovery|recovery (in progress|ends)|redo (starts|done)|last known up|invalid record length|journal (replayed|recovery)|append[- ]?only file|ready to accept connections|rewound|rolled back to|truncated to/i
const mostLagMs = 3_600_000

/**
 * Acknowledged before a store failed over or came back from a crash, as the last of what was: how far the copy lagged
 * behind shows in how far back the losses reach, with most between there and the failover lost.
 */
function afterFailover(m: Material): Measured {
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
