/*
 * Times as they stand in exports. A column has one style, decided from its sample, and every value is read in that
 * style or counted as unreadable: a value is never tried in another.
 */

export type TimeStyle = 'iso' | 'epoch-s' | 'epoch-ms' | 'dmy' | 'mdy'

export interface Instant {
  /** Milliseconds since the epoch; of a time without a zone, as if it were UTC. */
  readonly ms: number
  readonly hasZone: boolean
  /** It has digits behind the second. */
  readonly isFine: boolean
}

const isoPattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/
const slashPattern =
  /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ ,T]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?$/
/** From 2001 to 2286: what else has so many digits is an id. */
const epochPatterns = { 'epoch-s': /^[1-9]\d{9}(?:\.(\d{1,6}))?$/, 'epoch-ms': /^[1-9]\d{12}$/ } as const

/** The style of a column, from some of its values; `undefined` where most are no times, or day and month cannot be told apart. */
export function timeStyleOf(values: readonly string[]): TimeStyle | 'ambiguous' | undefined {
  const filled = values.filter((value) => value.trim() !== '')
  if (filled.length === 0) return undefined
  const most = (fits: (value: string) => boolean): boolean =>
    filled.filter(fits).length >= filled.length * 0.8
  if (most((value) => parseInstant(value, 'iso') !== undefined)) return 'iso'
  if (most((value) => parseInstant(value, 'epoch-ms') !== undefined)) return 'epoch-ms'
  if (most((value) => parseInstant(value, 'epoch-s') !== undefined)) return 'epoch-s'
  if (!most((value) => slashPattern.test(value.trim()))) return undefined
  const parts = filled.map((value) => slashPattern.exec(value.trim()))
  const above = (at: 1 | 2): boolean => parts.some((match) => Number(match?.[at]) > 12)
  if (above(1) === above(2)) return 'ambiguous'
  return above(1) ? 'dmy' : 'mdy'
}

export function parseInstant(text: string, style: TimeStyle): Instant | undefined {
  const value = text.trim()
  if (style === 'iso') return parseIso(value)
  if (style === 'dmy' || style === 'mdy') return parseSlashes(value, style)
  const match = epochPatterns[style].exec(value)
  if (match === null) return undefined
  const ms = style === 'epoch-ms' ? Number(value) : Math.round(Number(value) * 1000)
  return { ms, hasZone: true, isFine: style === 'epoch-ms' || match[1] !== undefined }
}

/** Most exports have one form and few days, and each row has a time: that form is read without a pattern. */
function parseIso(value: string): Instant | undefined {
  return parseUsualIso(value) ?? parseAnyIso(value)
}

let knownDay = ''
let knownDayMs = 0

/** `2026-06-03T02:14:52`, with `T` or a space, a fraction or none, and `Z`, `+00`, `+00:00` or nothing behind it. */
function parseUsualIso(value: string): Instant | undefined {
  const between = value.charCodeAt(10)
  const isUsual =
    value.charCodeAt(13) === colon && value.charCodeAt(16) === colon && (between === 84 || between === 32)
  if (!isUsual) return undefined
  const day = value.slice(0, 10)
  if (day !== knownDay) {
    const parsed = /^\d{4}-\d\d-\d\d$/.test(day) ? parseAnyIso(day) : undefined
    if (parsed === undefined) return undefined
    knownDay = day
    knownDayMs = parsed.ms
  }
  const [hour, minute, second] = [twoDigits(value, 11), twoDigits(value, 14), twoDigits(value, 17)]
  // Also where one of them is no number.
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return undefined
  const isFine = value.charCodeAt(19) === dot
  const end = isFine ? endOfDigits(value, 20) : 19
  if (isFine && (end === 20 || end > 29)) return undefined
  const zone = value.slice(end)
  if (zone !== '' && zone !== 'Z' && zone !== '+00' && zone !== '+00:00') return undefined
  const millis = isFine ? Number(value.slice(20, Math.min(end, 23)).padEnd(3, '0')) : 0
  const ms = knownDayMs + hour * 3_600_000 + minute * 60_000 + second * 1000 + millis
  return { ms, hasZone: zone !== '', isFine }
}

const colon = 58
const dot = 46

function twoDigits(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48]
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function endOfDigits(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++
  return at
}

function parseAnyIso(value: string): Instant | undefined {
  const match = isoPattern.exec(value)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction, zone] = match
  const ms = utc([year, month, day, hour, minute, second].map(Number), fraction)
  if (ms === undefined) return undefined
  return { ms: ms - offsetMs(zone), hasZone: zone !== undefined, isFine: fraction !== undefined }
}

function parseSlashes(value: string, style: 'dmy' | 'mdy'): Instant | undefined {
  const match = slashPattern.exec(value)
  if (match === null) return undefined
  const [, first = '', second = '', year = '', hour = '0', minute = '0', seconds = '0', fraction] = match
  const [day, month] = style === 'dmy' ? [first, second] : [second, first]
  const ms = utc([year, month, day, hour, minute, seconds].map(Number), fraction)
  return ms === undefined ? undefined : { ms, hasZone: false, isFine: fraction !== undefined }
}

/** A 31st of June is no time, and neither is a 25th hour. */
function utc(parts: readonly number[], fraction: string | undefined): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const date = Date.UTC(year, month - 1, day)
  const back = new Date(date)
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day) return undefined
  const millis = fraction === undefined ? 0 : Number(fraction.padEnd(3, '0').slice(0, 3))
  return date + hour * 3_600_000 + minute * 60_000 + second * 1000 + millis
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}
