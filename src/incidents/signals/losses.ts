import { durationText, shareText } from '../../reconcile/values/format.ts'
import type { BundleRow } from '../bundle/row.ts'
import { median } from './decisions.ts'
import { byField } from './losses-by-column.ts'
import { afterFailover, crashBeside, workLate } from './losses-in-time.ts'
import type { Due } from './losses-of.ts'
import type { Material, Measured, Measures } from './material.ts'
import { byLost, ofLosses } from './losses-said.ts'
import { saidFound, unknown } from './saying.ts'

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
  /^4(?!08|09|29)\d\d$|signature|unauthori|forbidden|rejected|(?<!conn(?:ection)? ?)refused|\btls\b|\bssl\b|certificate|invalid/i

const undelivered = new RegExp(
  `${refused.source}|econnrefused|^[45]\\d\\d$|timed?[ _-]?out|deadline|reset|unreachable|^(failed|failure|error|undelivered|dropped|0)$`,
  'i',
)

/** Of the last attempt, whose answer decided; undefined where no attempt has a status. */
function statusOf(rows: readonly BundleRow[], pattern: RegExp): boolean | undefined {
  const status = rows.findLast((row) => row.status !== undefined)?.status
  return status === undefined ? undefined : pattern.test(status)
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
