import type { Random } from './random.ts'

/** How the times of one source are written. */
export interface TimeStyle {
  /** Where the times carry no zone. */
  readonly zone?: string
  readonly write: (ms: number) => string | number
}

const hourMs = 3_600_000

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function local(hours: number): TimeStyle {
  const sign = hours < 0 ? '-' : '+'
  const zone = hours === 0 ? 'UTC' : `${sign}${String(Math.abs(hours)).padStart(2, '0')}:00`
  return {
    zone,
    write: (ms) =>
      iso(ms + hours * hourMs)
        .slice(0, 23)
        .replace('T', ' '),
  }
}

function offset(hours: number): TimeStyle {
  const zone = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`
  return { write: (ms) => `${iso(ms + hours * hourMs).slice(0, 23)}${zone}` }
}

const zulu: TimeStyle = { write: iso }
const epochMs: TimeStyle = { write: (ms) => ms }
const epochSeconds: TimeStyle = { write: (ms) => Number((ms / 1000).toFixed(3)) }
/** Whole seconds, as many logs have. */
const seconds: TimeStyle = { write: (ms) => `${iso(ms).slice(0, 19)}Z` }
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const syslog: TimeStyle = {
  zone: 'UTC',
  write: (ms) => {
    const date = new Date(ms)
    return `${months[date.getUTCMonth()] ?? ''} ${String(date.getUTCDate()).padStart(2)} ${iso(ms).slice(11, 19)}`
  },
}

export function tableTimes(random: Random): TimeStyle {
  const hours = random.pick([-5, 0, 0, 1, 2])
  return random.pick([zulu, zulu, zulu, zulu, offset(hours), epochMs, epochSeconds, local(hours)])
}

export function logTimes(random: Random, isText: boolean): TimeStyle {
  const hours = random.pick([-5, 0, 0, 1, 2])
  return random.pick([zulu, zulu, zulu, local(hours), offset(hours), seconds, isText ? syslog : epochMs])
}
