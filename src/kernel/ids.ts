import { hash } from 'node:crypto'
import type { Runtime } from './runtime.ts'

/** SHA-256 over the parts, each preceded by its length in UTF-16 units, so that ("ab", "c") and ("a", "bc") differ. */
export function sha256(...parts: readonly string[]): Buffer {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  // A detour, and yet a third of the time that asking for a Buffer takes.
  return Buffer.from(hash('sha256', text, 'binary'), 'latin1')
}

/** The same, as base64url: 43 characters. */
export function sha256Text(...parts: readonly string[]): string {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  return hash('sha256', text, 'base64url')
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Lower-case Crockford base32 of `bytes` (5 bytes give 8 characters): safe in a shell, a URL and a file name. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let buffer = 0
  let bits = 0
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet.charAt((buffer >>> bits) & 31)
    }
    buffer &= (1 << bits) - 1
  }
  return bits > 0 ? text + alphabet.charAt((buffer << (5 - bits)) & 31) : text
}

/**
 * The entry's short, opaque name and its primary key: 24 characters. The first four (20 bits) are of the key's stem,
 * the key less its last two characters, so that work that is numbered one after the other lies side by side in
 * the store's index; the other twenty are 100 bits of a digest over the whole identity.
 */
export function refOf(scope: string, operation: string, encodedKey: string): string {
  const stemLength = Math.max(encodedKey.length - (encodedKey.endsWith(',') ? 3 : 2), 0)
  const place = scatter(`${scope}\n${operation}\n${encodedKey.slice(0, stemLength)}`)
  return place + base32(sha256('onceward.ref.1', scope, operation, encodedKey).subarray(0, 13)).slice(0, 20)
}

/** FNV-1a folded to 20 bits, as four characters: cheap, and only for where a row lies. */
function scatter(text: string): string {
  let hashed = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hashed = Math.imul(hashed ^ text.charCodeAt(at), 0x01000193)
  const folded = ((hashed >>> 20) ^ hashed) & 0xfffff
  return [15, 10, 5, 0].map((shift) => alphabet.charAt((folded >>> shift) & 31)).join('')
}

/** Rule 4: 16 random bytes, made by the client, new for each attempt. */
export function ownerToken(runtime: Runtime): string {
  return Buffer.from(runtime.randomBytes(16)).toString('base64url')
}

/** Names one worker (one instance) in events. */
export function workerId(runtime: Runtime): string {
  return `w-${base32(runtime.randomBytes(5))}`
}

/** A digest in the form of a UUID (version 8): fits every provider's limit on idempotency keys. */
export function uuidOf(digest: Uint8Array): string {
  const hex = Buffer.from(digest.subarray(0, 16)).toString('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
