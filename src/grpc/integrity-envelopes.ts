/** One message on the wire of gRPC, gRPC-web or a Connect stream: flags (1), length (4, big endian), bytes. */
const prefixBytes = 5

/** Bits of the flags: gzip or the like; the end of a Connect stream; the trailers of gRPC-web. */
export const flags = { compressed: 0x01, endOfStream: 0x02, trailers: 0x80 } as const

export interface EnvelopeMap {
  readonly maxMessageBytes: number
  /** Gives the bytes in place of a message, or throws. Not called for ends of streams and trailers. */
  readonly message: (bytes: Buffer, isCompressed: boolean) => Uint8Array
  /** What is thrown for a message that is announced larger than allowed. */
  readonly tooLarge: (bytes: number) => Error
}

/**
 * Passes a body on message by message, each one whole. What is left when the body ends in the middle of one is passed on
 * as it is: whoever reads it sees a message shorter than announced, and refuses it.
 */
export async function* mapEnvelopes(
  body: AsyncIterable<Uint8Array>,
  map: EnvelopeMap,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pieces: Uint8Array[] = []
  let held = 0
  let needed = prefixBytes
  for await (const piece of body) {
    pieces.push(piece)
    held += piece.byteLength
    while (held >= needed) {
      const whole = pieces.length === 1 ? asBuffer(pieces[0] as Uint8Array) : Buffer.concat(pieces)
      const end = prefixBytes + whole.readUInt32BE(1)
      if (end - prefixBytes > map.maxMessageBytes) throw map.tooLarge(end - prefixBytes)
      pieces = [whole]
      needed = end
      if (held < end) break
      yield mapped(whole.subarray(0, end), map)
      pieces = [whole.subarray(end)]
      held -= end
      needed = prefixBytes
    }
  }
  if (held > 0) yield Buffer.concat(pieces)
}

function mapped(envelope: Buffer, map: EnvelopeMap): Uint8Array {
  const flag = envelope[0] ?? 0
  if ((flag & (flags.endOfStream | flags.trailers)) !== 0) return envelope
  const message = map.message(envelope.subarray(prefixBytes), (flag & flags.compressed) !== 0)
  const prefix = Buffer.alloc(prefixBytes)
  prefix[0] = flag
  prefix.writeUInt32BE(message.byteLength, 1)
  return Buffer.concat([prefix, message])
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
