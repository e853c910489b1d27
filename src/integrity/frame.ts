import { digestOf, type Stated } from './statement.ts'

/**
 * The statement as the first field of a protobuf message: number 19530, length-delimited. Numbers 19000 to 19999 are
 * reserved by protobuf itself, so no schema has it, and who does not know it passes over it as an unknown field. It comes
 * first, because a message that was cut still has its beginning.
 *
 * Behind tag and length: version (1), algorithm (1, SHA-256), length of the message behind the frame in bytes (8, big
 * endian), its digest (32).
 */
const fieldNumber = 19_530
const version = 1
const sha256 = 1
const contentBytes = 42
const tag = (fieldNumber << 3) | 2
const head: Buffer = Buffer.from([(tag & 0x7f) | 0x80, ((tag >> 7) & 0x7f) | 0x80, tag >> 14, contentBytes])

/** What a frame adds to a message. */
export const frameBytes: number = head.length + contentBytes

/** `message` behind a frame that states its length and digest. */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameBytes + message.byteLength)
  head.copy(bytes)
  bytes[head.length] = version
  bytes[head.length + 1] = sha256
  bytes.writeBigUInt64BE(BigInt(message.byteLength), head.length + 2)
  bytes.set(digestOf(message, 'sha-256'), head.length + 10)
  bytes.set(message, frameBytes)
  return bytes
}

export interface Unframed {
  readonly stated: Stated
  /** What lies behind the frame; without one, everything. */
  readonly message: Buffer
}

/** A message that ends within its own frame, or has one that cannot be read, is malformed, not unframed. */
export function readFrame(bytes: Uint8Array): Unframed {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const begin = buffer.subarray(0, head.length)
  if (begin.length === 0 || !begin.equals(head.subarray(0, begin.length)))
    return { stated: { kind: 'none' }, message: buffer }
  if (buffer.length < frameBytes) return malformed('it ends within its frame')
  if (buffer[head.length] !== version || buffer[head.length + 1] !== sha256)
    return malformed(`a frame of version ${buffer[head.length]}, algorithm ${buffer[head.length + 1]}`)
  const digest = buffer.subarray(head.length + 10, frameBytes)
  const stated = {
    kind: 'stated',
    bytes: Number(buffer.readBigUInt64BE(head.length + 2)),
    digests: [{ algorithm: 'sha-256', digest }],
  } as const
  return { stated, message: buffer.subarray(frameBytes) }
}

function malformed(detail: string): Unframed {
  return { stated: { kind: 'malformed', detail }, message: Buffer.alloc(0) }
}
