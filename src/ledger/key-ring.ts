import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { utf8 } from '../kernel/bytes.ts'
import { label } from '../kernel/check.ts'
import { OncewardError, optionInvalid } from '../kernel/errors.ts'
import type { Sealer } from './options.ts'

/** Keys by id. To rotate: add a key, make it `current`, and drop the old one once what it sealed is past retention. */
export interface KeyRingOptions {
  /** The id of the key that seals. The others only open. */
  readonly current: string
  /** 32 bytes each, or their base64 (also base64url). An id has 1 to 64 bytes and is stored beside the result. */
  readonly keys: Readonly<Record<string, Uint8Array | string>>
}

const algorithm = 'aes-256-gcm'
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const version = 1

/**
 * Encrypts kept results with AES-256-GCM under a random nonce. What is sealed is bound to its entry (and step), so
 * that results cannot be swapped between rows: version, key id and context are authenticated with it.
 *
 * The bytes: version (1) · length of the key id (1) · key id · nonce (12) · ciphertext · tag (16).
 *
 * Throws `OPTION_INVALID` for bad options; `open` throws `RESULT_INVALID` for what it cannot open.
 */
export function createKeyRing(options: KeyRingOptions, randomBytes: (length: number) => Uint8Array): Sealer {
  const keys = parseKeys(options)
  const current = label(options.current, 'current', 64)
  const sealing = keys.get(current)
  if (sealing === undefined) throw optionInvalid('current', `one of ${[...keys.keys()].join(', ')}`, current)
  const id = utf8(current)
  const header = Buffer.from([version, id.length, ...id])
  return {
    seal: (plain, context) => {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(algorithm, sealing, nonce, { authTagLength: tagBytes })
      cipher.setAAD(Buffer.concat([header, utf8(context)]))
      return Buffer.concat([header, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open: (sealed, context) => open(keys, Buffer.from(sealed), context),
  }
}

function parseKeys(options: KeyRingOptions): ReadonlyMap<string, KeyObject> {
  if (typeof options !== 'object' || options === null) throw optionInvalid('options', 'an object', options)
  const given: unknown = options.keys
  if (typeof given !== 'object' || given === null)
    throw optionInvalid('keys', 'an object of keys by id', given)
  return new Map(
    Object.entries(given).map(([id, key]) => [label(id, 'keys', 64), parseKey(key, `keys.${id}`)]),
  )
}

/** The message says how long it was, and never what it is: it is a secret. */
function parseKey(key: unknown, name: string): KeyObject {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key
  if (bytes instanceof Uint8Array && bytes.byteLength === keyBytes) return createSecretKey(bytes)
  const got = bytes instanceof Uint8Array ? `${bytes.byteLength} bytes` : typeof key
  throw new OncewardError('OPTION_INVALID', `${name} must be ${keyBytes} bytes or their base64, got ${got}.`)
}

function open(keys: ReadonlyMap<string, KeyObject>, sealed: Buffer, context: string): Uint8Array {
  const idEnd = 2 + (sealed[1] ?? 0)
  const cipherStart = idEnd + nonceBytes
  const cipherEnd = sealed.length - tagBytes
  if (sealed[0] !== version || cipherEnd < cipherStart) throw notOpened('it was not sealed by a key ring')
  const id = sealed.toString('utf8', 2, idEnd)
  const key = keys.get(id)
  if (key === undefined)
    throw notOpened(`it was sealed with the key ${JSON.stringify(id)}, which is not in the ring`)
  const nonce = sealed.subarray(idEnd, cipherStart)
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.concat([sealed.subarray(0, idEnd), utf8(context)]))
  decipher.setAuthTag(sealed.subarray(cipherEnd))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(cipherStart, cipherEnd)), decipher.final()])
  } catch {
    throw notOpened('it was changed, belongs to another entry, or was sealed with another key of the same id')
  }
}

function notOpened(why: string): OncewardError {
  return new OncewardError('RESULT_INVALID', `A sealed result cannot be opened: ${why}.`)
}
