const units: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]

/** `3 min`, `2 h`: the largest unit that it has one of. */
export function duration(ms: number): string {
  for (const [unit, size] of units) if (ms >= size) return `${Math.floor(ms / size)} ${unit}`
  return `${Math.max(0, Math.round(ms))} ms`
}

export function ago(at: string, nowMs: number): string {
  const ms = nowMs - Date.parse(at)
  return ms < 1000 ? 'now' : `${duration(ms)} ago`
}

/** `2026-11-27 02:15:07 UTC`. People of several places look at the same page: the zone is always said. */
export function instant(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`
}

/** With milliseconds: what followed what within a second. */
export function moment(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 23)}`
}

export function clock(at: string): string {
  return at.slice(11, 19)
}

/** Parts are shown with a bar between, as nothing else is. */
export function keyText(key: string | readonly string[]): string {
  return typeof key === 'string' ? key : key.join(' | ')
}

const large = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const whole = new Intl.NumberFormat('en')

export function number(value: number): string {
  return value >= 100_000 ? large.format(value) : whole.format(value)
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`
}

export function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2) ?? ''
}

/** `in_doubt` → `in doubt`, `auditTrail` stays. */
export function words(name: string): string {
  return name.replaceAll('_', ' ')
}

/** What was typed into a field of a form. */
export function fieldOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`
