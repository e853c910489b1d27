const units = [
  { ms: 86_400_000, name: 'day', iso: (n: number) => `P${n}D` },
  { ms: 3_600_000, name: 'hour', iso: (n: number) => `PT${n}H` },
  { ms: 60_000, name: 'minute', iso: (n: number) => `PT${n}M` },
  { ms: 1000, name: 'second', iso: (n: number) => `PT${n}S` },
]

/** The largest unit that leaves no rest, but days only from two on: `24 hours`, `30 days`. */
function unitOf(ms: number): {
  readonly n: number
  readonly name: string
  readonly iso: (n: number) => string
} {
  const unit = units.find((one) => ms % one.ms === 0 && (one.name !== 'day' || ms >= 2 * one.ms)) ?? units[3]
  if (unit === undefined) throw new Error('there is no unit')
  return { n: ms / unit.ms, name: unit.name, iso: unit.iso }
}

/** For people. */
export function durationText(ms: number): string {
  const { n, name } = unitOf(ms)
  return `${n} ${name}${n === 1 ? '' : 's'}`
}

/** ISO 8601, as in `PT24H`. */
export function isoDuration(ms: number): string {
  const { n, iso } = unitOf(ms)
  return iso(n)
}
