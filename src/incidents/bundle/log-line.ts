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

const isoTime = String.raw`\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?`
/** Before it the priority and version of RFC 5424 may stand. */
const iso = new RegExp(String.raw`^(?:<\d{1,3}>\d )?\[?(${isoTime})\]?[ \t|:,-]*`)
const logfmt = new RegExp(
  String.raw`(?:^|\s)(?:time|ts|timestamp|t|at)=(?:"(${isoTime})"|(${isoTime.replace('[T ]', 'T')})|(\d{10}(?:\.\d{1,9})?|\d{13}))(?=\s|$)`,
)
/** As Kubernetes' own programs write it: the level's letter, month and day. */
const klog = /^([IWEF])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{3})\d*\s+\d+ /
const ctime =
  /^\[?[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))? (\d{4})\]?\s+/
const timeOnly = /^\[?(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?\]?[ \t|-]+/
const syslog = /^(?:<\d{1,3}>)?([A-Z][a-z]{2})\s+(\d{1,2}) (\d\d):(\d\d):(\d\d)\s+/
const access = /\[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\]/
const epoch = /^\[?(\d{10}(?:\.\d{1,6})?|\d{13})\]?\s+/
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const levels = 'TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ALERT|CRIT|CRITICAL|FATAL|EMERG|SEVERE|PANIC'
const levelWord = new RegExp(String.raw`^[[(]?(${levels})[\])]?[:\s|-]+`, 'i')
/** Behind a name or a process id it counts in capitals only: there it may be a word of the message. */
const laterLevel = new RegExp(String.raw`^(?:\S+ +(?:- +)?){1,3}?[[(]?(${levels})[\])]?(?=[:\s|]|$)`)
const klogLevels: Readonly<Record<string, string>> = { I: 'INFO', W: 'WARN', E: 'ERROR', F: 'FATAL' }

/** Undefined for a line that begins with no time: it belongs to the one before. */
export function readLogLine(line: string): LogLine | undefined {
  const found = forms.reduce<Found>((read, form) => read ?? form(line), undefined)
  return found === undefined || found.level !== undefined ? found : withLevel(found)
}

function withLevel(found: LogLine): LogLine {
  const level = levelWord.exec(found.rest)
  if (level !== null)
    return { ...found, level: (level[1] ?? '').toUpperCase(), rest: found.rest.slice(level[0].length) }
  const later =
    laterLevel.exec(found.rest)?.[1] ?? /(?:^|\s)(?:level|lvl|severity)="?(\w+)/.exec(found.rest)?.[1]
  return later === undefined ? found : { ...found, level: later.toUpperCase() }
}

type Found = LogLine | undefined

const forms: readonly ((line: string) => Found)[] = [
  isoLine,
  timeOfDay,
  syslogLine,
  accessLine,
  epochLine,
  klogLine,
  ctimeLine,
  logfmtLine,
]

function isoLine(line: string): Found {
  const match = iso.exec(line)
  return match === null ? undefined : dated(match[1] ?? '', line.slice(match[0].length))
}

function dated(time: string, rest: string): Found {
  const instant = parseInstant(time.replaceAll('/', '-').replace(/(\d)\s(Z|UTC|GMT|[+-])/, '$1$2'), 'iso')
  if (instant === undefined) return undefined
  return { ms: instant.ms, hasZone: instant.hasZone, isTimeOnly: false, hasNoYear: false, rest }
}

/** The line stays whole but for its time, because the message is one of its pairs. */
function logfmtLine(line: string): Found {
  const match = logfmt.exec(line)
  if (match === null) return undefined
  const rest = `${line.slice(0, match.index)}${line.slice(match.index + match[0].length)}`.trim()
  const [, quoted, bare, seconds] = match
  return seconds === undefined ? dated(quoted ?? bare ?? '', rest) : epochLine(`${seconds} ${rest}`)
}

function klogLine(line: string): Found {
  const match = klog.exec(line)
  if (match === null) return undefined
  const [all, letter = '', month, ...parts] = match
  const ms = Date.UTC(1970, Number(month) - 1, ...parts.map(Number))
  const level = klogLevels[letter] ?? 'INFO'
  return { ms, hasZone: false, isTimeOnly: false, hasNoYear: true, level, rest: line.slice(all.length) }
}

/** As Apache writes errors: `[Wed Jun 03 02:14:52.123456 2026]`. */
function ctimeLine(line: string): Found {
  const match = ctime.exec(line)
  const month = months.indexOf(match?.[1] ?? '')
  if (match === null || month === -1) return undefined
  const [all, , day, hour, minute, second, fraction = '', year] = match
  const millis = Number(fraction.padEnd(3, '0').slice(0, 3))
  const ms = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second), millis)
  return { ms, hasZone: false, isTimeOnly: false, hasNoYear: false, rest: line.slice(all.length) }
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

/** `42`, `ord_5000`, a UUID; not `v1`. */
const idSegment = /^(?!v\d{1,2}$)(?=.*\d)[\w.:-]{1,80}$/
const request = /"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\S+)[^"]*" (\d{3}) (\d+|-)/

interface AccessedRequest {
  readonly endpoint: string
  readonly status: string
  readonly ref?: string
  readonly bytes?: number
}

/** Of an access log: what was asked and answered. The last id in the path is what it was about, unless it only reads. */
export function requestIn(message: string): AccessedRequest | undefined {
  const match = request.exec(message)
  if (match === null) return undefined
  const bytes = Number(match[4])
  const segments = ((match[2] ?? '').split('?')[0] ?? '').split('/')
  const isRead = match[1] === 'GET' || match[1] === 'HEAD' || match[1] === 'OPTIONS'
  const ref = isRead ? undefined : segments.findLast((segment) => idSegment.test(segment))
  const path = segments.map((segment) => (idSegment.test(segment) ? '*' : segment)).join('/')
  return {
    endpoint: `${match[1] ?? ''} ${path}`,
    status: match[3] ?? '',
    ...(ref === undefined ? {} : { ref }),
    ...(Number.isFinite(bytes) ? { bytes } : {}),
  }
}
