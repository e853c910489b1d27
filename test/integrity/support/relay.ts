import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  createServer,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** What becomes of a message on its way: `undefined` leaves it as it is. */
export type Tamper = (message: Buffer) => Buffer | undefined

/**
 * A relay between a gRPC client and a server that understands gRPC and rewrites messages, length prefix and all, as only
 * something that speaks the protocol can: nothing below it would make a message that is shorter than it says.
 */
export async function relay(
  port: number,
  tamper: { readonly requests?: Tamper; readonly replies?: Tamper },
): Promise<number> {
  const server = createServer()
  const sessions: ClientHttp2Session[] = []
  server.on('session', (session) => session.on('error', () => undefined))
  server.on('stream', (stream, headers) => {
    const session = connect(`http://127.0.0.1:${port}`)
    sessions.push(session)
    session.on('error', () => stream.close())
    const upstream = session.request({ ...headers, ':authority': `127.0.0.1:${port}` }, { endStream: false })
    pass(stream, upstream, tamper.requests)
    upstream.on('response', (answer, flags) => {
      // Trailers only: the answer is over with its headers.
      const isOver = (flags & 1) !== 0
      stream.respond(answer, { endStream: isOver, waitForTrailers: !isOver })
      if (isOver) return
      let trailers = {}
      upstream.on('trailers', (received) => (trailers = received))
      stream.on('wantTrailers', () => stream.sendTrailers(withoutPseudo(trailers)))
      pass(upstream, stream, tamper.replies)
    })
    upstream.on('error', () => stream.close())
    stream.on('error', () => upstream.close())
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function withoutPseudo(headers: object): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':'))) as Record<
    string,
    string
  >
}

type Stream = ServerHttp2Stream | ClientHttp2Stream

function pass(from: Stream, to: Stream, tamper: Tamper = () => undefined): void {
  let pieces: Buffer[] = []
  let bytes = 0
  let needed = 5
  from.on('data', (chunk: Buffer) => {
    pieces.push(chunk)
    bytes += chunk.length
    while (bytes >= needed) {
      const held = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
      pieces = [held]
      needed = 5 + held.readUInt32BE(1)
      if (bytes < needed) return
      const message = held.subarray(5, needed)
      const changed = tamper(message) ?? message
      const prefix = Buffer.alloc(5)
      prefix.writeUInt32BE(changed.length, 1)
      to.write(Buffer.concat([prefix, changed]))
      pieces = [held.subarray(needed)]
      bytes -= needed
      needed = 5
    }
  })
  from.on('end', () => to.end())
}

/** The last end of a field of a message, frame or not, that is not behind `limit`: where a cut goes unnoticed. */
export function cutAtField(message: Buffer, limit: number): Buffer {
  let at = 0
  for (let end = 0; end <= Math.min(limit, message.length); end = fieldEnd(message, end)) at = end
  return message.subarray(0, at)
}

function fieldEnd(message: Buffer, start: number): number {
  const [tag, afterTag] = varint(message, start)
  if ((tag & 7) === 0) return varint(message, afterTag)[1]
  const [length, afterLength] = varint(message, afterTag)
  return Math.max(afterLength + length, start + 1)
}

function varint(bytes: Buffer, start: number): readonly [number, number] {
  let value = 0
  for (let at = start, shift = 1; ; at += 1, shift *= 128) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * shift
    if (byte < 0x80) return [value, at + 1]
  }
}
