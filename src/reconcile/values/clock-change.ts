/*
 * In autumn a clock that is set back runs through one hour twice, and a job that is due in it runs twice. The zones' own
 * rules say when: nothing is assumed of a country.
 */

const hourMs = 3_600_000

/** The zones whose clocks were set back by an hour between two instants, the second one included. */
export function zonesSetBack(fromMs: number, toMs: number): readonly string[] {
  const from = Math.floor(fromMs / 60_000)
  const to = Math.floor(toMs / 60_000)
  const key = `${from} ${to}`
  const known = cache.get(key)
  if (known !== undefined) return known
  const zones = formats().flatMap(({ zone, format }) => {
    const change = offsetMs(format, from * 60_000) - offsetMs(format, to * 60_000)
    return change === hourMs ? [zone] : []
  })
  if (cache.size > 10_000) cache.clear()
  cache.set(key, zones)
  return zones
}

const cache = new Map<string, readonly string[]>()

/** Enough of the world: one zone for each rule that is in force somewhere people run jobs by local time. */
const zones = [
  'Europe/London',
  'Europe/Berlin',
  'Europe/Helsinki',
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'America/Anchorage',
  'America/Halifax',
  'America/St_Johns',
  'America/Santiago',
  'America/Havana',
  'Australia/Sydney',
  'Australia/Adelaide',
  'Pacific/Auckland',
  'Asia/Jerusalem',
  'Africa/Cairo',
]

let loaded: readonly { zone: string; format: Intl.DateTimeFormat }[] | undefined

function formats(): readonly { zone: string; format: Intl.DateTimeFormat }[] {
  loaded ??= zones.map((zone) => ({
    zone,
    format: new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    }),
  }))
  return loaded
}

function offsetMs(format: Intl.DateTimeFormat, ms: number): number {
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute) - ms
}
