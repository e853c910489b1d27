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
  'loss.acknowledged': (m) => byLost(m, ({ rows }) => statusOf(rows, acknowledged), 'were acknowledged'),
  'loss.refused': (m) =>
    byLost(m, ({ rows }) => statusOf(rows, refused), 'were answered 4xx or refused at the edge'),
  'loss.server-errors': (m) => byLost(m, ({ rows }) => statusOf(rows, /^5\d\d$/), 'were answered 5xx'),
  'loss.undelivered': (m) =>
    byLost(m, ({ rows }) => statusOf(rows, undelivered), 'failed at their last attempt, as the sender notes'),
  'loss.crash-beside': (m) => {
    const crashes = m
      .said(
        /crash|killed|sigkill|\boom\b|out of memory|restart|exit(ed)? (with )?(code|status|signal)|panic/i,
        'processes',
        'log',
      )
      .flatMap(({ at }) => at ?? [])
    if (m.of('processes', 'log').length === 0) return unknown('No source tells of crashes.')
    return byLost(
      m,
      ({ rows }) => {
        const last = rows.at(-1)?.at
        return last === undefined ? undefined : crashes.some((at) => at >= last - 5000 && at <= last + 60_000)
      },
      'lie within a minute before a crash or restart',
    )
  },
  'loss.logged-duplicate': loggedDuplicate,
  'loss.by-type': (m) => byField(m, ['event', 'kind', 'version'], 'event type, version or route'),
  'loss.by-endpoint': (m) => byField(m, ['endpoint', 'host'], 'endpoint or host'),
  'receiver.slow': receiverSlow,
  'loss.older-than-limit': olderThanLimit,
  'loss.after-failover': afterFailover,
}

const acknowledged =
  /^(2\d\d|ok|ack\w*|success|succeeded|accepted|delivered|dequeued|committed|processed|received|sent)$/i
const refused =
  /^4\d\d$|signature|unauthori|forbidden|rejected|refused|tls|ssl|certificate|econnrefused|invalid/i

const undelivered = new RegExp(
  `${refused.source}|^5\\d\\d$|timed?[ _-]?out|deadline|reset|unreachable|^(failed|failure|error|undelivered|dropped|0)$`,
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
  return ofLosses(m, {
    value: m.decisions.byShare(yes, answers.length),
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

/** 90 % of the losses in one, of which most are lost, while others arrive. */
function byField(
  m: Material,
  fields: readonly ('event' | 'kind' | 'version' | 'endpoint' | 'host')[],
  what: string,
): Measured {
  const { due, lost } = m.losses
  if (lost.length < 3) return unknown('Fewer than three references are lost.')
  let spread: Measured | undefined
  for (const field of fields) {
    const valueOf = ({ rows }: Due): string | undefined =>
      rows.findLast((row) => row[field] !== undefined)?.[field]
    const values = lost.flatMap((one) => valueOf(one) ?? [])
    const all = due.flatMap((one) => valueOf(one) ?? [])
    // A column with another value in every row is an id, no type.
    if (values.length < 3 || new Set(all).size > Math.max(3, all.length * 0.5) || new Set(all).size < 2)
      continue
    const [name = '', count = 0] = countBy(values)[0] ?? []
    const share = count / values.length
    const ofName = all.filter((value) => value === name).length
    const others = due.filter((one) => !one.isLost && valueOf(one) !== name).length
    const words = `${shareText(share)} of the losses lie in ${field} ${name}, of whose ${ofName} references ${count} are lost, while ${others} of others arrived`
    const isOne = share >= 0.9 && count >= ofName * 0.6 && others > 0
    const usual = ofName / all.length
    const measured = ofLosses(m, {
      value: isOne ? true : Math.abs(share - usual) <= 0.25 ? false : 'unknown',
      words,
      numbers: {
        share,
      },
    })
    if (isOne) return { ...measured, names: [name] }
    spread ??= measured
  }
  return spread ?? unknown(`No column holds the ${what} of what was due, or there is only one.`)
}

const timeoutText = /timed?[ _-]?out|deadline|\b(408|499|504|524|598|599)\b/i

function receiverSlow(m: Material): Measured {
  const { lost, due } = m.losses
  const last = ({ rows }: Due): BundleRow | undefined =>
    rows.findLast(({ durationMs, status }) => durationMs !== undefined || status !== undefined)
  if (lost.length < 3) return unknown('Fewer than three references are lost.')
  const durations = lost.flatMap((one) => last(one)?.durationMs ?? [])
  const limits = [...m.known('senderTimeoutMs'), ...m.known('clientTimeoutMs')]
  const limitMs =
    limits.length > 0 ? Math.min(...limits) : stopOf(due.flatMap((one) => last(one)?.durationMs ?? []))
  const known = lost.filter((one) => last(one) !== undefined)
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

function afterFailover(m: Material): Measured {
  const pattern = /fail(ed)?[- ]?over|promot(ed|ion)|split[- ]?brain|new primary|switchover/i
  const times = m.said(pattern, 'log', 'processes', 'alerts').flatMap(({ at }) => at ?? [])
  if (m.of('log', 'processes', 'alerts').length === 0) return unknown('No source tells of failovers.')
  return byLost(
    m,
    ({ rows }) => {
      const at = rows.at(-1)?.at
      return at === undefined ? undefined : times.some((one) => at >= one - 120_000 && at <= one + 5000)
    },
    'were acknowledged in the two minutes before a failover',
  )
}
