import type { errorCodes } from './error-codes.ts'

/** See `error-codes.ts`: the list itself is for tests and documents, and weighs nothing in the package's root. */
export type ErrorCode = (typeof errorCodes)[number]

/** What an error may carry beside its message. All of it is safe to log: no inputs, no results, no secrets. */
export interface ErrorDetails {
  /** The value that was refused, or the entry's ref. */
  readonly ref?: string
  readonly retryAfterMs?: number
  readonly [name: string]: unknown
}

const brand = 'onceward.error'

/**
 * The one error class. Recognise it by value, with `isOncewardError(e)` and `e.code`: two copies of the package in
 * one process make `instanceof` lie.
 */
export class OncewardError extends Error {
  override readonly name = 'OncewardError'
  readonly brand: string = brand
  readonly code: ErrorCode
  readonly details: ErrorDetails

  /** What the effect returned, where its outcome could not be recorded. Not enumerable: it must not reach a log. */
  declare readonly value?: unknown

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: ErrorDetails; cause?: unknown; value?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    Object.defineProperty(this, 'value', { value: options.value, enumerable: false })
  }
}

/** True for an `OncewardError` of any copy of the package; with `code`, only for that code. */
export function isOncewardError(error: unknown, code?: ErrorCode): error is OncewardError {
  if (memberOf(error, 'brand') !== brand) return false
  return code === undefined || memberOf(error, 'code') === code
}

/** A member of whatever was thrown. Looking at it may throw as well: then it has none. */
function memberOf(thrown: unknown, name: string): unknown {
  if (typeof thrown !== 'object' || thrown === null) return undefined
  try {
    return (thrown as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

const definiteBrand = 'onceward.definite-failure'

/**
 * Thrown by an effect to say: *this attempt did not do it, and never will* (rule 1). Nothing else says so; a
 * connection error does not, because the request may have been carried out before the connection broke.
 */
export class DefiniteFailure extends Error {
  override readonly name = 'DefiniteFailure'
  readonly brand: string = definiteBrand
  /** A short code of the caller's own, kept in the entry and replayed. */
  readonly code: string
  /** Kept with the failed entry and replayed in its receipt, as a result would be: the answer that said no, for one. */
  readonly value: unknown
  /** Overrides the operation's `retry` for this failure: true where nothing even began, false where trying is in vain. */
  readonly retryable: boolean | undefined

  constructor(
    message: string,
    options: { code?: string; value?: unknown; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code ?? 'DEFINITE_FAILURE'
    this.value = options.value
    this.retryable = options.retryable
  }
}

export function isDefiniteFailure(error: unknown): error is DefiniteFailure {
  return memberOf(error, 'brand') === definiteBrand
}

/** What an effect threw, read once and safely. */
export interface Thrown {
  /** Of the error, or of what it wraps as its cause (fetch wraps the socket's error). */
  readonly code: unknown
  readonly message: string
  readonly isDefinite: boolean
  /** Of a `DefiniteFailure`. */
  readonly value?: unknown
  readonly retryable?: boolean
}

export function readThrown(thrown: unknown): Thrown {
  const base = { code: codeOf(thrown), message: messageOf(thrown) }
  if (!isDefiniteFailure(thrown)) return { ...base, isDefinite: false }
  const [value, retryable] = [memberOf(thrown, 'value'), memberOf(thrown, 'retryable')]
  return { ...base, isDefinite: true, value, ...(typeof retryable === 'boolean' ? { retryable } : {}) }
}

const maxCauses = 5

function codeOf(thrown: unknown): unknown {
  let error = thrown
  for (let depth = 0; depth < maxCauses; depth += 1) {
    const code = memberOf(error, 'code')
    if (code !== undefined) return code
    error = memberOf(error, 'cause')
  }
  return undefined
}

/** A message for whatever was thrown, including what is not an error. Bounded, because it is stored. */
export function messageOf(thrown: unknown): string {
  const message = isError(thrown) ? memberOf(thrown, 'message') || memberOf(thrown, 'name') : undefined
  const text = typeof message === 'string' && message !== '' ? message : describe(thrown)
  return text.length > 1000 ? `${text.slice(0, 999)}…` : text
}

function isError(thrown: unknown): boolean {
  try {
    return thrown instanceof Error
  } catch {
    return false
  }
}

/** A short form of any value for an error message: the value is named, never dumped whole. */
export function describe(value: unknown): string {
  let text: string
  if (typeof value === 'string') text = JSON.stringify(value)
  else if (typeof value === 'bigint') text = `${value}n`
  else if (typeof value === 'function') text = `function ${value.name || '(anonymous)'}`
  else if (typeof value === 'object' && value !== null) text = describeObject(value)
  else text = String(value)
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}

function bigIntsAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

function describeObject(value: object): string {
  for (const read of [
    () => JSON.stringify(value, bigIntsAsText) as string | undefined,
    () => Object.prototype.toString.call(value),
  ]) {
    try {
      const text = read()
      if (text !== undefined) return text
    } catch {
      // The next way says less, and is more likely to work.
    }
  }
  return 'an object'
}

export function optionInvalid(name: string, expected: string, got: unknown): OncewardError {
  return new OncewardError('OPTION_INVALID', `${name} must be ${expected}, got ${describe(got)}.`)
}
