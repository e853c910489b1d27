/** RFC 3339 in UTC with milliseconds. Reads no clock. */
export function timestamp(ms: number): string {
  return new Date(Math.floor(ms)).toISOString()
}

/** Milliseconds since the epoch of an RFC 3339 text; `undefined` when it is none. */
export function parseTimestamp(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text)) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}
