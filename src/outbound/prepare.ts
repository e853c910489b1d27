import { Readable } from 'node:stream'
import { utf8Bytes } from '../kernel/bytes.ts'
import { label, members } from '../kernel/check.ts'
import { OncewardError, optionInvalid } from '../kernel/errors.ts'
import { effectKeyOf } from '../ledger/effect-key.ts'
import { encodeKey } from '../ledger/key.ts'
import { lintKey } from '../ledger/key-lint.ts'
import type { KeyedSafety, Safety, SafetyKind } from '../ledger/safety.ts'
import { isJsonObject, writeBody } from './body.ts'
import type { ClientRequest, RequestHeaders } from './message.ts'
import type { ParsedClientOptions } from './options.ts'
import type { Sending } from './send.ts'
import type { TargetCall, TargetProfile } from './target.ts'

/** A logical call, ready to be sent as often as it takes: the same bytes and the same key every time. */
export interface PreparedCall {
  readonly sending: Sending
  /** For messages: the method and the URL without its query. */
  readonly name: string
  readonly isSafe: boolean
  /** The target deduplicates it by the key it carries. */
  readonly isKeyed: boolean
  /** How long the target remembers that key. */
  readonly keyLifetimeMs: number
  readonly isStream: boolean
  readonly deadlineMs: number
  readonly signals: readonly AbortSignal[]
}

const safeMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE']

export function isSafeMethod(method: string): boolean {
  return safeMethods.includes(method)
}

type Checked = Pick<ParsedClientOptions, 'target' | 'headers' | 'basePath' | 'origin' | 'deadlineMs'>

/** What the caller gave, checked. Throws `OPTION_INVALID`. */
export function targetCallOf(options: Checked, request: ClientRequest): TargetCall {
  members(request, 'request')
  const method = label(request.method, 'request.method', 20).toUpperCase()
  if (typeof request.path !== 'string' || !request.path.startsWith('/'))
    throw optionInvalid('request.path', 'a path that begins with /', request.path)
  const headers = lowerCased(options.headers, {})
  if (request.headers !== undefined) lowerCased(members(request.headers, 'request.headers'), headers)
  return { method, path: request.path, headers, body: request.body }
}

function lowerCased(headers: RequestHeaders, into: Record<string, string>): Record<string, string> {
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) into[name.toLowerCase()] = String(value)
  }
  return into
}

/** Puts the key in its place, writes the body out, and gives what is sent on every attempt. */
export function prepare(
  options: Checked,
  call: TargetCall,
  about: {
    readonly key: string | undefined
    /** What the caller says of the target goes before what the profile says: a blind effect is not sent twice. */
    readonly safety: Safety | SafetyKind | undefined
    readonly deadlineMs?: number | undefined
    readonly signals: readonly AbortSignal[]
  },
): PreparedCall {
  const { target } = options
  const hasKey = honours(target, call) && about.key !== undefined
  const placed = hasKey && about.key !== undefined ? placeKey(target, call, about.key) : call
  const safety = asObject(about.safety)
  const { body, contentType } = writeBody(placed.body)
  const headers: string[] = []
  for (const name in placed.headers) headers.push(name, placed.headers[name] ?? '')
  if (contentType !== undefined && placed.headers['content-type'] === undefined)
    headers.push('content-type', contentType)
  const { deadlineMs } = about
  const path = placed.path
  const query = path.indexOf('?')
  const shown = query < 0 ? path : path.slice(0, query)
  return {
    sending: { method: placed.method, path: options.basePath + path, headers, body },
    name: `${placed.method} ${options.origin}${options.basePath}${shown}`,
    isSafe: isSafeMethod(placed.method),
    isKeyed: hasKey && (safety === undefined || safety.kind === 'keyed'),
    keyLifetimeMs: (safety?.kind === 'keyed' ? safety.keyLifetimeMs : undefined) ?? target.keyLifetimeMs ?? 0,
    isStream: body instanceof Readable,
    deadlineMs: deadlineMs ?? options.deadlineMs,
    signals: about.signals,
  }
}

export type GivenSafety = KeyedSafety | { readonly kind: Exclude<SafetyKind, 'keyed'> }

export function asObject(safety: Safety | SafetyKind | undefined): GivenSafety | undefined {
  return typeof safety === 'string' ? { kind: safety } : safety
}

export function honours(target: TargetProfile, call: TargetCall): boolean {
  if (target.key === undefined) return false
  return target.honours === undefined ? !isSafeMethod(call.method) : target.honours(call)
}

function placeKey(target: TargetProfile, call: TargetCall, key: string): TargetCall {
  const { key: placement } = target
  if (placement === undefined) return call
  const maxKeyBytes = target.maxKeyBytes ?? 255
  if (key === '' || utf8Bytes(key) > maxKeyBytes)
    throw keyInvalid(`${target.name} takes keys of 1 to ${maxKeyBytes} bytes, this one has ${utf8Bytes(key)}`)
  switch (placement.in) {
    case 'header': {
      const value = placement.form === 'sf-string' ? sfString(key) : key
      return { ...call, headers: { ...call.headers, [placement.name.toLowerCase()]: value } }
    }
    case 'body':
      if (!isJsonObject(call.body))
        throw optionInvalid('body', `a JSON object, for ${target.name} takes the key in it`, call.body)
      return { ...call, body: { ...call.body, [placement.name]: key } }
    case 'custom':
      return placement.place(call, key)
  }
}

/** RFC 8941 section 3.3.3. */
function sfString(key: string): string {
  if (!/^[\x20-\x7e]*$/.test(key)) throw keyInvalid('a structured-field string holds printable ASCII only')
  return `"${key.replaceAll(/["\\]/g, '\\$&')}"`
}

function keyInvalid(why: string): OncewardError {
  return new OncewardError('KEY_INVALID', `idempotencyKey: ${why}.`)
}

/** The key the caller gave, as an option or already in its place: then that is the one, on every attempt. */
export function givenKey(
  target: TargetProfile,
  request: Pick<ClientRequest, 'idempotencyKey'>,
  call: TargetCall,
): string | undefined {
  if (request.idempotencyKey !== undefined) return label(request.idempotencyKey, 'idempotencyKey', 1000)
  const { key: placement } = target
  if (placement?.in === 'header') return unquoted(call.headers[placement.name.toLowerCase()], placement.form)
  if (placement?.in !== 'body' || !isJsonObject(call.body)) return undefined
  const value = call.body[placement.name]
  return typeof value === 'string' ? value : undefined
}

function unquoted(value: string | undefined, form: 'bare' | 'sf-string' | undefined): string | undefined {
  const match = form === 'sf-string' ? /^"(.*)"$/.exec(value ?? '') : null
  return match === null ? value : match[1]?.replaceAll(/\\(["\\])/g, '$1')
}

/** The key of a call without a ledger: the given one, or the one the ledger's first round would send. */
export function keyOf(
  target: TargetProfile,
  request: ClientRequest,
  about: { readonly call: TargetCall; readonly nowMs: number },
): string | undefined {
  const given = givenKey(target, request, about.call)
  const { intent } = request
  if (given === undefined && intent === undefined) return undefined
  const lint = lintKey(given ?? intent?.key ?? '', about.nowMs)
  if (lint.kind === 'unstable') throw new OncewardError('KEY_UNSTABLE', lint.message)
  if (given !== undefined || intent === undefined) return given
  const operation = label(intent.operation, 'intent.operation', 100)
  return effectKeyOf({ scope: 'default', operation, key: encodeKey(intent.key), round: 0 })
}
