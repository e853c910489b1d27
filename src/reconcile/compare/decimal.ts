/** A number as it is written, exactly: `units` of 10 to the minus `scale`. */
export interface Decimal {
  readonly units: bigint
  readonly scale: number
}

/** As JSON writes numbers, with a plus allowed: what has leading zeros is an id and no number. */
const pattern = /^([+-]?)(0|[1-9]\d{0,37})(?:\.(\d{1,38}))?$/

export function parseDecimal(text: string): Decimal | undefined {
  const match = pattern.exec(text.trim())
  if (match === null) return undefined
  const [, sign, whole = '', fraction = ''] = match
  const units = BigInt(whole + fraction)
  return { units: sign === '-' ? -units : units, scale: fraction.length }
}

/** The distance of two numbers, at most `limit`? Exact: 10.02 and 10.01 are 0.01 apart. */
export function within(a: Decimal, b: Decimal, limit: Decimal): boolean {
  const scale = Math.max(a.scale, b.scale, limit.scale)
  return absolute(at(a, scale) - at(b, scale)) <= at(limit, scale)
}

/** As `within`, where the limit is a share of the larger number: `percent` of 100. */
export function withinShare(a: Decimal, b: Decimal, percent: Decimal): boolean {
  const scale = Math.max(a.scale, b.scale)
  const [left, right] = [at(a, scale), at(b, scale)]
  const larger = absolute(left) > absolute(right) ? absolute(left) : absolute(right)
  return absolute(left - right) * 100n * 10n ** BigInt(percent.scale) <= larger * percent.units
}

function at({ units, scale }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale)
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value
}
