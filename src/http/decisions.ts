import { hash } from 'node:crypto'
import { utf8Bytes } from '../kernel/bytes.ts'
import { sha256Text } from '../kernel/ids.ts'
import { canonicalJson, type Json, withoutPointers } from '../kernel/json.ts'
import type { KeyPart } from '../ledger/intent.ts'
import { readKey } from './key-syntax.ts'
import type { Answer, HttpBody, HttpRequest } from './message.ts'
import { type ParsedHttpOptions, routeOf } from './options.ts'
import type { OutcomeClass } from './profiles.ts'

/*
 * Every decision of the engine, as pure functions. The engine calls them through `HttpRules`, so that a test can put
 * one broken decision in their place; nothing a user can set does.
 */
export interface HttpRules {
  readKey: typeof readKey
  operationOf: typeof operationOf
  keyOf: typeof keyOf
  fingerprintOf: typeof fingerprintOf
  classOf: typeof classOf
  naturalGeneration: typeof naturalGeneration
  isOutsideWindow: typeof isOutsideWindow
}

const maxOperationBytes = 100

/** Method and route: half of the scope of a key (the caller is the other, in `keyOf`). */
export function operationOf(request: Pick<HttpRequest, 'method' | 'template' | 'target'>): string {
  const operation = `${request.method} ${routeOf(request)}`
  // The common case without counting bytes: no UTF-16 unit takes more than three.
  if (operation.length * 3 <= maxOperationBytes || utf8Bytes(operation) <= maxOperationBytes) return operation
  return `${operation.slice(0, 16)}… ${sha256Text(operation)}`
}

const maxCallerLength = 64
const maxKeyBytes = 120

/** The caller's key within the operation. What is long stands there by its digest: the ledger's keys are bounded. */
export function keyOf(caller: string, kind: 'key' | 'natural', parts: readonly string[]): readonly string[] {
  const who = caller.length <= maxCallerLength ? caller : `sha256-${sha256Text(caller)}`
  const [only] = parts
  if (kind === 'key' && only !== undefined && utf8Bytes(only) <= maxKeyBytes) return [who, only]
  if (parts.reduce((bytes, part) => bytes + utf8Bytes(part) + 4, 0) <= maxKeyBytes)
    return [who, kind, ...parts]
  return [who, kind, `sha256-${sha256Text(...parts)}`]
}

/**
 * What makes two requests with one key the same: the path as it was sent, and the body. The path counts although the
 * operation has one, because a template stands for many.
 */
export function fingerprintOf<Native>(
  options: Pick<ParsedHttpOptions<Native>, 'fingerprint' | 'ignore'>,
  request: HttpRequest<Native>,
  body: HttpBody,
): string {
  const { fingerprint, ignore } = options
  if (typeof fingerprint === 'function') return `fn:${sha256Text(request.target, fingerprint(request, body))}`
  const { bytes } = body
  const isJson =
    fingerprint === 'json' || (fingerprint === undefined && (ignore.length > 0 || bytes === undefined))
  const meaning = isJson ? readJson(body) : undefined
  if (meaning !== undefined) {
    const json = canonicalJson(ignore.length === 0 ? meaning.value : withoutPointers(meaning.value, ignore))
    return `json:${sha256Text(request.target, json)}`
  }
  const digest = bytes === undefined || bytes.byteLength === 0 ? '' : hash('sha256', bytes, 'base64url')
  return `bytes:${request.target}:${digest}`
}

/** The body as JSON, where it is. What the framework has parsed is taken as it is. */
export function readJson(body: HttpBody): { readonly value: Json } | undefined {
  const { bytes, parsed } = body
  if (parsed !== undefined) return { value: parsed as Json }
  if (bytes === undefined || bytes.byteLength === 0) return undefined
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
    return { value: JSON.parse(text) as Json }
  } catch {
    return undefined
  }
}

/** What an answer of the handler says of the effect: the route's word, else the profile's. */
export function classOf<Native>(
  options: Pick<ParsedHttpOptions<Native>, 'outcome' | 'profile'>,
  answer: Answer,
): OutcomeClass {
  return options.outcome?.(answer) ?? options.profile.classOf(answer.status)
}

/** The newest entry under a natural key. */
export interface NaturalEntry {
  readonly generation: number
  readonly state: string
  readonly claimedAtMs: number
}

/**
 * Which entry a natural key names now. One that has ended longer ago than the window is followed by the next; one that
 * has not ended, or of which nobody knows how, stays the one, whatever its age.
 */
export function naturalGeneration(newest: NaturalEntry | undefined, windowMs: number, nowMs: number): number {
  if (newest === undefined) return 0
  const hasEnded = newest.state === 'succeeded' || newest.state === 'failed' || newest.state === 'tombstone'
  const isPast = nowMs - newest.claimedAtMs > windowMs
  return hasEnded && isPast ? newest.generation + 1 : newest.generation
}

/** OASIS: whether a request that was first sent then is older than what is remembered. */
export function isOutsideWindow(firstSentMs: number, nowMs: number, windowMs: number): boolean {
  return nowMs - firstSentMs > windowMs
}

/**
 * The parts of a natural key as text; `undefined` where one of them is missing. All requests that lack the same field
 * would else be one piece of work.
 */
export function naturalParts(parts: readonly KeyPart[] | undefined): readonly string[] | undefined {
  if (!Array.isArray(parts) || parts.length === 0) return undefined
  const isPart = (part: unknown): boolean =>
    (typeof part === 'string' && part !== '') ||
    (typeof part === 'number' && Number.isFinite(part)) ||
    typeof part === 'bigint' ||
    typeof part === 'boolean'
  return parts.every(isPart) ? parts.map(String) : undefined
}

export const httpRules: HttpRules = {
  readKey,
  operationOf,
  keyOf,
  fingerprintOf,
  classOf,
  naturalGeneration,
  isOutsideWindow,
}
