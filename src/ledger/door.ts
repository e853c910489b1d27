import { utf8Bytes } from '../kernel/bytes.ts'
import { label, milliseconds, oneOf } from '../kernel/check.ts'
import { isOncewardError, messageOf, OncewardError, optionInvalid } from '../kernel/errors.ts'
import { refOf } from '../kernel/ids.ts'
import { canonicalJson, findJsonFlaw, fingerprintOf, type Json, withoutPointers } from '../kernel/json.ts'
import type { FrozenIdentity, Intent, Key } from './intent.ts'
import { encodeKey } from './key.ts'
import { lintKey } from './key-lint.ts'
import { defaultOperation, mergeOperation, type ParsedOperation, type ParsedOptions } from './options.ts'

/** An intent behind the door: everything checked, defaulted, copied. */
export interface Call {
  readonly identity: FrozenIdentity
  /** As the caller gave it, for the lint. */
  readonly key: Key
  readonly operation: ParsedOperation
  readonly onConcurrent: 'wait' | 'reject'
  readonly waitMs: number
}

const defaultWaitMs = 30_000

/** Checks an intent once. Throws `KEY_INVALID`, `KEY_UNSTABLE` (a Date), `INPUT_…` or `OPTION_INVALID`, each naming the value. */
export function parseIntent(options: ParsedOptions, intent: Intent): Call {
  if (typeof intent !== 'object' || intent === null) throw optionInvalid('intent', 'an object', intent)
  const operation = mergeOperation(options.operations.get(intent.operation) ?? defaultOperation, intent)
  const onConcurrent = oneOf(intent.onConcurrent ?? 'wait', ['wait', 'reject'], 'onConcurrent')
  const waitMs = milliseconds(intent.waitMs ?? defaultWaitMs, 'waitMs', 0)
  if (intent.subject !== undefined) label(intent.subject, 'subject', 255)
  const { whole, canonical } = parseInput(intent.input, operation, options)
  const { ref, scope, key } = parseIdentity(options, intent)
  const identity: FrozenIdentity = {
    ref,
    scope,
    operation: intent.operation,
    key,
    subject: intent.subject,
    fingerprint: canonical === undefined ? '' : fingerprintOf(canonical),
    canonicalInput: whole,
  }
  return { identity, key: intent.key, operation, onConcurrent, waitMs }
}

/** The part of an intent that finds its entry. */
export function parseIdentity(
  options: Pick<ParsedOptions, 'scope'>,
  intent: { readonly operation: string; readonly key: Key },
): Pick<FrozenIdentity, 'ref' | 'scope' | 'operation' | 'key'> {
  label(intent.operation, 'operation', 100)
  refuseDates(intent.key)
  const key = encodeKey(intent.key)
  const { scope } = options
  const { operation } = intent
  return { ref: refOf(scope, operation, key), scope, operation, key }
}

function refuseDates(key: unknown): void {
  const parts: readonly unknown[] = Array.isArray(key) ? key : [key]
  if (!parts.some((part) => part instanceof Date)) return
  const lint = lintKey(key as Key, 0)
  throw new OncewardError('KEY_UNSTABLE', lint.kind === 'fine' ? 'The key holds a Date.' : lint.message)
}

function canonicalInput(input: unknown): string {
  try {
    const flaw = findJsonFlaw(input)
    if (flaw === undefined) return canonicalJson(input as Json)
    throw new OncewardError('INPUT_INVALID', `input must be JSON; at "${flaw.pointer}" it is ${flaw.what}.`)
  } catch (error) {
    if (isOncewardError(error)) throw error
    throw new OncewardError('INPUT_INVALID', `input must be JSON; it cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function parseInput(
  input: unknown,
  operation: ParsedOperation,
  options: ParsedOptions,
): { whole?: string; canonical?: string } {
  if (input === undefined) return {}
  const whole = canonicalInput(input)
  const bytes = utf8Bytes(whole)
  if (bytes > options.maxInputBytes) {
    const message = `input must be at most ${options.maxInputBytes} bytes of JSON, got ${bytes}.`
    throw new OncewardError('INPUT_TOO_LARGE', message)
  }
  const { volatile } = operation
  if (volatile.length === 0) return { whole, canonical: whole }
  return { whole, canonical: canonicalJson(withoutPointers(JSON.parse(whole) as Json, volatile)) }
}
