import { parseInstant } from '../../reconcile/values/instant.ts'

/** The beginning of a line of text: when, how bad, and what is said. */
export interface LogLine {
  /** As wall time where `hasZone` is false. */
  readonly ms: number
  readonly hasZone: boolean
  /** The line has no date: `ms` is only the time of day. */
  readonly isTimeOnly: boolean
  readonly hasNoYear: boolean
  readonly level?: string
  readonly rest: string
}

const iso = /^\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?)\]?[ \t|:,-]*/
const timeOnly = /^\[?(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?\]?[ \t|-]+/
const syslog = /^(?:<\d{1,3}>)?([A-Z][a-z]{2})\s+(\d{1,2}) (\d\d):(\d\d):(\d\d)\s+/
const access = /\[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\]/
const epoch = /^\[?(\d{10}(?:\.\d{1,6})?|\d{13})\]?\s+/
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const levelWord =
  /^[[(]?(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ALERT|CRIT|CRITICAL|FATAL|EMERG|SEVERE)[\])]?[:\s|-]+/i

/** Undefined for a line that begins with no time: it belongs to the one before. */
export function readLogLine(line: string): LogLine | undefined {
  const found = isoLine(line) ?? timeOfDay(line) ?? syslogLine(line) ?? accessLine(line) ?? epochLine(line)
  if (found === undefined) return undefined
  const level = levelWord.exec(found.rest)
  if (level === null) return found
  return { ...found, level: (level[1] ?? '').toUpperCase(), rest: found.rest.slice(level[0].length) }
}

type Found = LogLine | undefined

function isoLine(line: string): Found {
  const match = iso.exec(line)
  const instant =
    match === null ? undefined : parseInstant((match[1] ?? '').replace(/(\d)\s(Z|UTC|[+-])/, '$1$2'), 'iso')
  if (match === null || instant === undefined) return undefined
  return {
    ms: instant.ms,
    hasZone: instant.hasZone,
    isTimeOnly: false,
    hasNoYear: false,
    rest: line.slice(match[0].length),
  }
}

function timeOfDay(line: string): Found {
  const match = timeOnly.exec(line)
  if (match === null) return undefined
  const [, hour, minute, second, fraction = ''] = match
  const ms =
    (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000 +
    Number(fraction.padEnd(3, '0').slice(0, 3))
  return { ms, hasZone: false, isTimeOnly: true, hasNoYear: true, rest: line.slice(match[0].length) }
}

function syslogLine(line: string): Found {
  const match = syslog.exec(line)
  const month = months.indexOf(match?.[1] ?? '')
  if (match === null || month === -1) return undefined
  const [, , day, hour, minute, second] = match
  const ms = Date.UTC(1970, month, Number(day), Number(hour), Number(minute), Number(second))
  return { ms, hasZone: false, isTimeOnly: false, hasNoYear: true, rest: line.slice(match[0].length) }
}

/** The common log format: its line stays whole, because the request stands around the time. */
function accessLine(line: string): Found {
  const match = access.exec(line)
  const month = months.indexOf(match?.[2] ?? '')
  if (match === null || month === -1) return undefined
  const [, day, , year, hour, minute, second, zone = '+0000'] = match
  const text = `${year}-${String(month + 1).padStart(2, '0')}-${day}T${hour}:${minute}:${second}${zone}`
  const instant = parseInstant(text, 'iso')
  if (instant === undefined) return undefined
  return { ms: instant.ms, hasZone: true, isTimeOnly: false, hasNoYear: false, rest: line }
}

function epochLine(line: string): Found {
  const match = epoch.exec(line)
  if (match === null) return undefined
  const [all, digits = ''] = match
  const ms = digits.length === 13 ? Number(digits) : Math.round(Number(digits) * 1000)
  return { ms, hasZone: true, isTimeOnly: false, hasNoYear: false, rest: line.slice(all.length) }
}

/** What a message says in pairs: `stage=invoice-generation attempt=2`, at most 40 of them. */
export function pairsIn(message: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>()
  for (const match of message.matchAll(
    /(?:^|[\s,;([{])([A-Za-z_][\w.-]{0,60})=(?:"([^"]*)"|'([^']*)'|([^\s,;)\]}]+))/g,
  )) {
    const name = match[1]
    if (name !== undefined && !pairs.has(name)) pairs.set(name, match[2] ?? match[3] ?? match[4] ?? '')
    if (pairs.size >= 40) break
  }
  return pairs
}

const request = /"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\S+)[^"]*" (\d{3}) (\d+|-)/

/** Of an access log: what was asked and answered. */
export function requestIn(message: string): { endpoint: string; status: string; bytes?: number } | undefined {
  const match = request.exec(message)
  if (match === null) return undefined
  const bytes = Number(match[4])
  return {
    endpoint: `${match[1] ?? ''} ${(match[2] ?? '').split('?')[0] ?? ''}`,
    status: match[3] ?? '',
    ...(Number.isFinite(bytes) ? { bytes } : {}),
  }
}
