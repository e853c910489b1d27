import { timestamp } from '../kernel/time.ts'

/** `1,842`: the same in every locale of the machine. */
export function whole(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Two digits that mean something: `0.02`, `4.2`, `41`. */
export function decimal(value: number): string {
  if (value === 0) return '0'
  return Math.abs(value) >= 10 ? whole(value) : String(Number(value.toPrecision(2)))
}

export function percent(share: number): string {
  const value = share * 100
  if (value > 0 && value < 1) return 'below 1 %'
  return value > 99 && value < 100 ? 'above 99 %' : `${Math.round(value)} %`
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const

/** `3 h 12 min`, `41 s`, `250 ms`: the two largest units. */
export function span(ms: number): string {
  if (Math.abs(ms) < 1000) return `${Math.round(ms)} ms`
  const largest = units.findIndex(([unitMs]) => ms >= unitMs)
  const smallestMs = units[largest + 1]?.[0] ?? 1000
  // Rounded to the smaller unit first, or 59 min 50 s of an hour would become 60 min.
  const rounded = Math.round(ms / smallestMs) * smallestMs
  const at = units.findIndex(([unitMs]) => rounded >= unitMs)
  const [firstMs, first] = units[at] ?? [1000, 's']
  const [secondMs, second] = units[at + 1] ?? [firstMs, '']
  const rest = Math.round((rounded % firstMs) / secondMs)
  return rest === 0
    ? `${Math.floor(rounded / firstMs)} ${first}`
    : `${Math.floor(rounded / firstMs)} ${first} ${rest} ${second}`
}

/** `2026-02-07 13:42 UTC`; with seconds where they are not zero. */
export function when(ms: number): string {
  const text = timestamp(ms)
  const seconds = text.slice(17, 19)
  return `${text.slice(0, 10)} ${text.slice(11, seconds === '00' ? 16 : 19)} UTC`
}

/** `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** A note that tells of duplicates or losses themselves, and not of something beside them. */
export const tellsOfHarm: RegExp = /\b(duplicates?|twice|double[ds]?|lost|missing|absent)\b/i

/** `unique-violations` in a sentence. */
export function seriesWords(name: string): string {
  return name.replaceAll('-', ' ')
}
