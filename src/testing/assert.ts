import { inspect, isDeepStrictEqual } from 'node:util'

/** A store did not keep its contract. Looks like an `AssertionError`, so that test runners show the difference. */
export class ContractBroken extends Error {
  override readonly name = 'AssertionError'
  readonly code = 'ERR_ASSERTION'
  readonly brand = 'onceward.contract-broken'
  readonly actual: unknown
  readonly expected: unknown

  constructor(message: string, comparison: { actual?: unknown; expected?: unknown } = {}) {
    super(message)
    this.actual = comparison.actual
    this.expected = comparison.expected
  }
}

export function isContractBroken(error: unknown): error is ContractBroken {
  return (
    typeof error === 'object' &&
    error !== null &&
    'brand' in error &&
    error.brand === 'onceward.contract-broken'
  )
}

/** Throws `ContractBroken` unless `holds`. `promise` says what should be so. */
export function check(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new ContractBroken(promise)
}

/** Throws `ContractBroken` unless both are deeply equal. Bytes are compared as bytes, absent and undefined are one. */
export function same(actual: unknown, expected: unknown, promise: string): void {
  const [left, right] = [plain(actual), plain(expected)]
  if (isDeepStrictEqual(left, right)) return
  const difference = `${promise}\n  expected ${show(right)}\n  got      ${show(left)}`
  throw new ContractBroken(difference, { actual: left, expected: right })
}

/** Throws `ContractBroken` unless `object` has each member of `members`, deeply equal; others are not looked at. */
export function has(object: object, members: object, promise: string): void {
  const found = Object.fromEntries(
    Object.keys(members).map((name) => [name, (object as Record<string, unknown>)[name]]),
  )
  same(found, members, promise)
}

/** Throws `ContractBroken` unless the tagged union has this `kind`; narrows it. */
export function isKind<R extends { readonly kind: string }, K extends R['kind']>(
  result: R,
  kind: K,
  promise: string,
): asserts result is Extract<R, { kind: K }> {
  if (result.kind !== kind)
    throw new ContractBroken(`${promise}: expected "${kind}", got ${show(plain(result))}`)
}

/** The members of `results` of one kind, counted. */
export function countKind(results: readonly { readonly kind: string }[], kind: string): number {
  return results.filter((result) => result.kind === kind).length
}

/** Bytes as a tagged text, members that are undefined left out: what two stores may answer differently and mean the same. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]))
}

function show(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 160, maxStringLength: 120, maxArrayLength: 12 })
}
