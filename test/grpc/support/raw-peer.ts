import { constants, createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { toBinary } from '@bufbuild/protobuf'
import { sessionsOf } from './connect-shop.ts'
import { OrderReplySchema, replyOf } from './shop.ts'

/** A peer that speaks HTTP/2 and answers as it is told, frame by frame. */
export interface RawPeer {
  readonly port: number
  /** When each call arrived, by the monotonic clock, and the key it brought. */
  readonly calls: readonly { readonly atMs: number; readonly key: string | undefined }[]
}

/** Answers call `number` (from 1). The request has been read to its end. */
export type RawAnswer = (stream: ServerHttp2Stream, number: number) => void

export async function rawPeer(answer: RawAnswer): Promise<RawPeer> {
  const calls: { atMs: number; key: string | undefined }[] = []
  const server = createServer()
  const sessions = sessionsOf(server)
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    calls.push({ atMs: performance.now(), key: headers['idempotency-key'] as string | undefined })
    const number = calls.length
    stream.on('end', () => answer(stream, number)).resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const session of sessions) session.destroy()
  })
  return { port: (server.address() as AddressInfo).port, calls }
}

const head = { ':status': 200, 'content-type': 'application/grpc+proto' }

/** An error without a response: one block of headers, as gRPC servers send it. */
export function trailersOnly(
  stream: ServerHttp2Stream,
  code: number,
  more: Readonly<Record<string, string | string[]>> = {},
): void {
  stream.respond(
    { ...head, 'grpc-status': String(code), 'grpc-message': 'told', ...more },
    { endStream: true },
  )
}

/** A whole reply; or, with `cutAfterBytes`, the first bytes of one, followed by trailers that say OK. */
export function reply(stream: ServerHttp2Stream, { cutAfterBytes }: { cutAfterBytes?: number } = {}): void {
  const message = toBinary(OrderReplySchema, replyOf('from the raw peer'))
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.byteLength]), message])
  stream.respond(head, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(cutAfterBytes === undefined ? frame : frame.subarray(0, cutAfterBytes))
}

export function refuse(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_REFUSED_STREAM)
}
