import { hash } from 'node:crypto'
import { canonicalJson, type Json } from '../../kernel/json.ts'
import { refOf } from '../../kernel/ids.ts'
import { parseTimestamp, timestamp } from '../../kernel/time.ts'
import { decodeKey, encodeKey } from '../../ledger/key.ts'
import type { Key } from '../../ledger/intent.ts'
import type { Schema } from '../schema/json-schema.ts'
import { text, time } from '../schema/parts.ts'

/** An effect that is wanted: `POST /v1/effects`. */
export interface EffectWish {
  readonly key: Key
  readonly operation?: string
  readonly subject?: string
  readonly target: {
    readonly url: string
    /** Default POST. */
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
  }
  readonly body?: unknown
  /** Default `blind`. */
  readonly safety?: 'blind' | 'keyed'
  /** Of a keyed target: where it takes the key. Default `Idempotency-Key`. */
  readonly keyHeader?: string
  /** Of a keyed target. Default 23 hours. */
  readonly keyLifetimeMs?: number
  /** For one send and its answer. Default 30,000. */
  readonly timeoutMs?: number
  readonly retries?: { readonly delaysMs: readonly number[] }
  /** Not before this. */
  readonly dueAt?: string
  /** How long the answer may wait for the outcome. Default 10,000. */
  readonly waitMs?: number
}

const hourMs = 3_600_000

/** How long to wait before each further try of what was not done, or may safely be sent again. */
export const usualDelaysMs: readonly number[] = [1000, 5000, 30_000, 5 * 60_000, hourMs]

const ms = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum })

export const wishSchema: Schema = {
  type: 'object',
  properties: {
    key: {
      oneOf: [text(255), { type: 'array', maxItems: 20, items: { oneOf: [text(255), { type: 'integer' }] } }],
      description: 'Names the work, never the attempt or the time.',
    },
    operation: text(100, 'Default: the method and the host of the target.'),
    subject: text(255, 'The business thing it is about: `order:42`.'),
    target: {
      type: 'object',
      properties: {
        url: { type: 'string', format: 'uri', pattern: '^https?://[^/?#@]+([/?][^#]*)?$', maxLength: 2000 },
        method: { type: 'string', enum: ['POST', 'PUT', 'PATCH', 'DELETE'] },
        headers: {
          type: 'object',
          maxProperties: 50,
          additionalProperties: { type: 'string', maxLength: 8000, pattern: '^[\\t\\x20-\\x7e]*$' },
        },
      },
      required: ['url'],
      additionalProperties: false,
    },
    body: { description: 'Text is sent as it is, anything else as JSON.' },
    safety: {
      type: 'string',
      enum: ['blind', 'keyed'],
      description:
        '`keyed` only where the target deduplicates by the key. Default `blind`: never sent twice.',
    },
    keyHeader: { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z\\x2d]{1,100}$" },
    keyLifetimeMs: ms(1000, 366 * 24 * hourMs),
    timeoutMs: ms(10, 10 * 60_000),
    retries: {
      type: 'object',
      properties: { delaysMs: { type: 'array', maxItems: 50, items: ms(0, 30 * 24 * hourMs) } },
      required: ['delaysMs'],
      additionalProperties: false,
    },
    dueAt: { ...time, description: 'Not before this time; it is `scheduled` until then.' },
    waitMs: {
      ...ms(0, 60_000),
      description: 'How long the answer may wait for the outcome. Default 10,000.',
    },
  },
  required: ['key', 'target'],
  additionalProperties: false,
}

/** A wish with what is worked out of it once. */
export interface NamedWish {
  readonly scope: string
  readonly ref: string
  readonly operation: string
  /** Encoded. */
  readonly key: string
  readonly wish: EffectWish
  /** Over target and body: another wish under the same key is refused. */
  readonly digest: string
}

/** Throws `KEY_INVALID`. */
export function nameWish(scope: string, wish: EffectWish): NamedWish {
  const { target, body } = wish
  const operation = wish.operation ?? `${target.method ?? 'POST'} ${new URL(target.url).host}`.slice(0, 100)
  const key = encodeKey(wish.key)
  const input = canonicalJson(inputOf(wish, body) as Json)
  return {
    scope,
    ref: refOf(scope, operation, key),
    operation,
    key,
    wish,
    digest: hash('sha256', input, 'hex'),
  }
}

/** What the ledger fingerprints: headers are left out, since credentials change. */
export function inputOf({ target }: EffectWish, body: unknown): Readonly<Record<string, unknown>> {
  return { method: target.method ?? 'POST', url: target.url, ...(body === undefined ? {} : { body }) }
}

/** Milliseconds since the epoch; 0 where it may be done at once. */
export function dueMsOf({ dueAt }: EffectWish): number {
  return dueAt === undefined ? 0 : (parseTimestamp(dueAt) ?? 0)
}

/** The receipt of what is not in the ledger yet. */
export function scheduledReceipt(
  { scope, operation, key, ref, wish }: NamedWish,
  { dueMs, passes, error }: { readonly dueMs: number; readonly passes: number; readonly error?: unknown },
): Readonly<Record<string, unknown>> {
  const { subject } = wish
  return {
    scope,
    operation,
    key: decodeKey(key),
    ...(subject === undefined ? {} : { subject }),
    ref,
    state: 'scheduled',
    replayed: false,
    attempts: passes,
    dueAt: timestamp(dueMs),
    ...(error === undefined ? {} : { error }),
  }
}
