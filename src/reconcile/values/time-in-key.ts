import { parseInstant } from './instant.ts'

const isoPattern = /\d{4}-\d\d-\d\d[T ]\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/
const compactPattern = /(?<!\d)(20\d\d)(\d\d)(\d\d)[T_-]?(\d\d)(\d\d)(\d\d)(?!\d)/
const millisecondsPattern = /(?<!\d)[1-9]\d{12}(?!\d)/
const secondsPattern = /(?<!\d)[1-9]\d{9}(?!\d)/
/** Whatever digits a UUID or ULID holds are no time that anybody wrote. */
const idPattern =
  /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<![0-9a-z])[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9a-z])/gi

/** The time that somebody has written into a key, in milliseconds. */
export function timeInKey(key: string): number | undefined {
  const text = key.replaceAll(idPattern, '#')
  const iso = isoPattern.exec(text)?.[0]
  if (iso !== undefined) {
    const instant = parseInstant(iso.replace(/(\d\d:\d\d):$/, '$1'), 'iso')
    if (instant !== undefined) return instant.ms
  }
  const [, year, month, day, hour, minute, second] = compactPattern.exec(text) ?? []
  if (year !== undefined)
    return parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`, 'iso')?.ms
  const ms = millisecondsPattern.exec(text)?.[0]
  if (ms !== undefined) return Number(ms)
  const seconds = secondsPattern.exec(text)?.[0]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

const dayMs = 86_400_000

/**
 * True where every key holds a time of its own and those times go with the times of the effects: each within a day of
 * its effect, where that is known, and as far apart as the effects are.
 */
export function keysHoldTimes(
  keys: readonly (string | null)[],
  atMs: readonly (number | undefined)[],
): boolean {
  const times = keys.map((key) => (key === null ? undefined : timeInKey(key)))
  if (times.includes(undefined) || new Set(times).size !== times.length) return false
  return (times as number[]).every((time, index) => {
    const at = atMs[index]
    return at === undefined || Math.abs(time - at) <= dayMs
  })
}
