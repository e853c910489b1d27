import { optionInvalid } from './errors.ts'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `500ms`, `30s`, `5m`, `24h`, `7d`; fractions such as `1.5h` are allowed. Whole milliseconds. */
export function parseDuration(text: string, name: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(text)
  const ms =
    match === null ? Number.NaN : Math.round(Number(match[1]) * (unitMs[match[2] ?? ''] ?? Number.NaN))
  if (!Number.isSafeInteger(ms))
    throw optionInvalid(name, 'a duration such as 500ms, 30s, 5m, 24h or 7d', text)
  return ms
}
