import { hash } from 'node:crypto'
import type { Runtime } from './runtime.ts'

/** Each part preceded by its length in UTF-16 units, so that ("ab", "c") and ("a", "bc") differ. */
function joined(parts: readonly string[]): string {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  return text
}

/** SHA-256 over the parts, as 64 hexadecimal digits. */
export function sha256Hex(...parts: readonly string[]): string {
  return hash('sha256', joined(parts), 'hex')
}

/** The same, as base64url: 43 characters. */
export function sha256Text(...parts: readonly string[]): string {
  return hash('sha256', joined(parts), 'base64url')
}

/** Crockford base32 in lower case: safe in a shell, a URL and a file name. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * The entry's short, opaque name and its primary key: 24 characters. The first four (20 bits) are of the key's stem,
 * the key less its last two characters, so that work that is numbered one after the other lies side by side in
 * the store's index; the other twenty are 100 bits of a digest over the whole identity.
 */
export function refOf(scope: string, operation: string, encodedKey: string): string {
  const stemLength = Math.max(encodedKey.length - (encodedKey.endsWith(',') ? 3 : 2), 0)
  // One character a byte: a Buffer costs more than the digest.
  const digest = hash('sha256', joined(['onceward.ref.1', scope, operation, encodedKey]), 'binary')
  const byte = (at: number): number => digest.charCodeAt(at)
  let ref = fourOf(scatter(`${scope}\n${operation}\n${encodedKey.slice(0, stemLength)}`))
  for (let at = 0; ; at += 5) {
    ref += fourOf((byte(at) << 12) | (byte(at + 1) << 4) | (byte(at + 2) >>> 4))
    if (at === 10) return ref
    ref += fourOf(((byte(at + 2) & 0xf) << 16) | (byte(at + 3) << 8) | byte(at + 4))
  }
}

/** FNV-1a folded to 20 bits: cheap, and only for where a row lies. */
function scatter(text: string): number {
  let hashed = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hashed = Math.imul(hashed ^ text.charCodeAt(at), 0x01000193)
  return ((hashed >>> 20) ^ hashed) & 0xfffff
}

/** All pairs of characters, by the ten bits they stand for. */
const pairs = Array.from(
  { length: 1024 },
  (_, bits) => alphabet.charAt(bits >>> 5) + alphabet.charAt(bits & 31),
)

/** 20 bits as four characters of base32. */
function fourOf(bits: number): string {
  return `${pairs[bits >>> 10]}${pairs[bits & 1023]}`
}

/** Rule 4: 16 random bytes, made by the client, new for each attempt. */
export function ownerToken(runtime: Runtime): string {
  return Buffer.from(runtime.randomBytes(16)).toString('base64url')
}

/** Names one worker (one instance) in events. */
export function workerId(runtime: Runtime): string {
  return `w-${Buffer.from(runtime.randomBytes(5)).toString('hex')}`
}

/** A digest, given in hexadecimal, in the form of a UUID (version 8): fits every provider's limit on idempotency keys. */
export function uuidOf(hex: string): string {
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
