import { optionInvalid } from '../../kernel/errors.ts'
import { parseInstant, timeStyleOf } from '../../reconcile/values/instant.ts'

/** Reads the times of one source, and knows afterwards what had to be assumed. */
export interface Clock {
  read(this: void, text: string): number | undefined
  /** Whole sentences; none where every time said its zone. */
  notes(this: void): string[]
}

/** Throws `OPTION_INVALID` for a zone that does not exist. */
export function clockOf(sample: readonly string[], zone: string | undefined, name: string): Clock {
  const offsetAt = zone === undefined ? undefined : zoneOf(zone, name)
  const style = timeStyleOf(sample)
  let [withZone, without, unread] = [0, 0, 0]
  const read = (text: string): number | undefined => {
    const instant = style === undefined || style === 'ambiguous' ? undefined : parseInstant(text, style)
    if (instant === undefined) {
      unread++
      return undefined
    }
    if (instant.hasZone) {
      withZone++
      return instant.ms
    }
    without++
    return offsetAt === undefined ? instant.ms : toUtc(instant.ms, offsetAt)
  }
  const assumed = zone === undefined ? 'UTC, which nobody said: give the source a zone' : zone
  return {
    read,
    notes: () => [
      ...(style === 'ambiguous'
        ? ['its times do not tell day from month and were not read: write them as 2026-06-03']
        : []),
      ...(without > 0 && withZone > 0
        ? [`${without} of its times carry no zone while ${withZone} do: those were read as ${assumed}`]
        : []),
      ...(without > 0 && withZone === 0 ? [`its times carry no zone and were read as ${assumed}`] : []),
      ...(unread > 0 && style !== 'ambiguous' && style !== undefined
        ? [`${unread} of its times could not be read`]
        : []),
    ],
  }
}

type OffsetAt = (ms: number) => number

/** An IANA name, or an offset such as `+02:00`. */
export function zoneOf(zone: string, name: string): OffsetAt {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  if (sign !== undefined) {
    const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
    return () => offset
  }
  const format = formatOf(zone, name)
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000
  }
}

function formatOf(timeZone: string, name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    throw optionInvalid(name, 'a time zone such as Europe/Berlin or +02:00', timeZone)
  }
}

/** A wall time as UTC. In the hour that a clock repeats, the first of both is taken. */
export function toUtc(wallMs: number, offsetAt: OffsetAt): number {
  const early = wallMs - offsetAt(wallMs - 86_400_000)
  if (early + offsetAt(early) === wallMs) return early
  return wallMs - offsetAt(wallMs - offsetAt(wallMs))
}
