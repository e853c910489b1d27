import { createHash, type Hash } from 'node:crypto'
import { fromUtf8, utf8 } from '../kernel/bytes.ts'
import { label, oneOf } from '../kernel/check.ts'
import { type DigestAlgorithm, digestAlgorithms, digestBytes, nodeNames, type Stated } from './statement.ts'

/**
 * The form for files and queues. Head: magic (8 bytes), version (1), algorithm (1), length of the content type (2),
 * content type (UTF-8). Then the content. Then the tail: length of the content (8), digest over everything before it. The
 * tail comes last, so that a file can be written in one pass; without it nothing is believed. Numbers are big endian.
 *
 * As in PNG, the magic does not survive a transfer as text: its first byte, its line end and its 0x1A see to that.
 */
const magic: Buffer = Buffer.from([0x89, 0x4f, 0x4e, 0x43, 0x45, 0x0d, 0x0a, 0x1a])
const version = 1
const fixedHeadBytes: number = magic.length + 4
const lengthBytes = 8
const maxContentTypeBytes = 255

/** The most that a head takes. */
export const maxHeadBytes: number = fixedHeadBytes + maxContentTypeBytes

export interface EnvelopeOptions {
  /** Default `application/octet-stream`. At most 255 bytes. */
  readonly contentType?: string
  /** Default `sha-256`. */
  readonly algorithm?: DigestAlgorithm
}

export interface EnvelopeHead {
  readonly contentType: string
  readonly algorithm: DigestAlgorithm
  readonly headBytes: number
  readonly tailBytes: number
}

/** Puts bytes into an envelope. Throws `OPTION_INVALID`. */
export function packEnvelope(content: Uint8Array, options: EnvelopeOptions = {}): Buffer {
  const packer = envelopePacker(options)
  packer.add(content)
  return Buffer.concat([packer.head, content, packer.tail()])
}

/** The same for what comes in pieces: yields the envelope's own pieces. Throws `OPTION_INVALID`. */
export async function* packEnvelopeStream(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: EnvelopeOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const packer = envelopePacker(options)
  yield packer.head
  for await (const piece of pieces) {
    packer.add(piece)
    yield piece
  }
  yield packer.tail()
}

interface Packer {
  readonly head: Buffer
  add(piece: Uint8Array): void
  tail(): Buffer
}

function envelopePacker(options: EnvelopeOptions): Packer {
  const algorithm = oneOf(options.algorithm ?? 'sha-256', digestAlgorithms, 'algorithm')
  const contentType = utf8(
    label(options.contentType ?? 'application/octet-stream', 'contentType', maxContentTypeBytes),
  )
  const head = Buffer.alloc(fixedHeadBytes)
  magic.copy(head)
  head[magic.length] = version
  head[magic.length + 1] = digestAlgorithms.indexOf(algorithm) + 1
  head.writeUInt16BE(contentType.byteLength, magic.length + 2)
  const whole = Buffer.concat([head, contentType])
  const hash = createHash(nodeNames[algorithm]).update(whole)
  let bytes = 0
  return {
    head: whole,
    add: (piece) => {
      hash.update(piece)
      bytes += piece.byteLength
    },
    tail: () => {
      const length = lengthOf(bytes)
      return Buffer.concat([length, hash.update(length).digest()])
    },
  }
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(lengthBytes)
  length.writeBigUInt64BE(BigInt(bytes))
  return length
}

/** Reads the head of an envelope; `undefined` where these bytes do not begin with a whole one. */
export function readEnvelopeHead(bytes: Uint8Array): EnvelopeHead | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < fixedHeadBytes || !buffer.subarray(0, magic.length).equals(magic)) return undefined
  const algorithm = digestAlgorithms[(buffer[magic.length + 1] ?? 0) - 1]
  if (buffer[magic.length] !== version || algorithm === undefined) return undefined
  const headBytes = fixedHeadBytes + buffer.readUInt16BE(magic.length + 2)
  if (headBytes > maxHeadBytes || buffer.length < headBytes) return undefined
  try {
    const contentType = fromUtf8(buffer.subarray(fixedHeadBytes, headBytes))
    return { contentType, algorithm, headBytes, tailBytes: lengthBytes + digestBytes[algorithm] }
  } catch {
    return undefined
  }
}

/** A digest over head, content and stated length, and that length. */
export interface EnvelopeTail {
  readonly bytes: number
  readonly digest: Uint8Array
}

export function readEnvelopeTail(tail: Uint8Array): EnvelopeTail {
  const buffer = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength)
  return { bytes: Number(buffer.readBigUInt64BE(0)), digest: buffer.subarray(lengthBytes) }
}

/** The digest that a tail must hold: `hash` has seen head and content. */
export function envelopeDigest(hash: Hash, statedBytes: number): Buffer {
  return hash.update(lengthOf(statedBytes)).digest()
}

export interface OpenedEnvelope {
  /** Over `covered`. */
  readonly stated: Stated
  /** Everything before the digest: head, content, length. */
  readonly covered: Uint8Array
  readonly content: Uint8Array
  readonly contentType: string
}

const nothing: Uint8Array = new Uint8Array(0)

/** Takes an envelope apart. Bytes that are none, or end too early to have a tail, are malformed. */
export function readEnvelope(bytes: Uint8Array): OpenedEnvelope {
  const head = readEnvelopeHead(bytes)
  if (head === undefined || bytes.byteLength < head.headBytes + head.tailBytes)
    return {
      stated: { kind: 'malformed', detail: 'no whole envelope' },
      covered: nothing,
      content: nothing,
      contentType: '',
    }
  const tailAt = bytes.byteLength - head.tailBytes
  const tail = readEnvelopeTail(bytes.subarray(tailAt))
  return {
    stated: {
      kind: 'stated',
      bytes: head.headBytes + tail.bytes + lengthBytes,
      digests: [{ algorithm: head.algorithm, digest: tail.digest }],
    },
    covered: bytes.subarray(0, tailAt + lengthBytes),
    content: bytes.subarray(head.headBytes, tailAt),
    contentType: head.contentType,
  }
}
