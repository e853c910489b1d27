import type { Framing, Piece } from './framing.ts'
import type { HttpRequest } from './requests.ts'

const headEnd = '\r\n\r\n'
/** A head that is longer is passed on unread. */
const maxHeadBytes = 64 * 1024

/**
 * HTTP/1.1, one request at a time on a connection, as all common clients do it. Replies need no framing then: what
 * comes behind a request belongs to it, but for interim answers (100 Continue). Where a reply begins, it is done.
 */
export function httpFraming(): Framing {
  let held: Buffer = Buffer.alloc(0)
  let isOpaque = false
  const next = (): Piece | undefined => {
    const end = held.indexOf(headEnd)
    if (end < 0) {
      if (held.length < maxHeadBytes) return undefined
      isOpaque = true
      return take(held.length)
    }
    const head = parseHead(held.subarray(0, end).toString('latin1'))
    const bodyAt = end + headEnd.length
    const bodyBytes = bodyLength(head.headers, held.subarray(bodyAt))
    if (bodyBytes === undefined) return undefined
    // What follows is another protocol.
    if (head.headers['upgrade'] !== undefined) isOpaque = true
    const { bytes } = take(bodyAt + bodyBytes)
    return { bytes, request: { protocol: 'http', ...head, body: bytes.subarray(bodyAt).toString(), bytes } }
  }
  const take = (length: number): Piece => {
    const bytes = held.subarray(0, length)
    held = held.subarray(length)
    return { bytes }
  }
  return {
    protocol: 'http',
    fromClient: (chunk) => {
      held = Buffer.concat([held, chunk])
      const pieces: Piece[] = []
      while (held.length > 0) {
        const piece = isOpaque ? take(held.length) : next()
        if (piece === undefined) break
        pieces.push(piece)
      }
      return pieces
    },
    fromServer: (bytes) => {
      const isReply = !/^HTTP\/1\.\d 1(?!01)/.test(bytes.subarray(0, 16).toString('latin1'))
      return [{ bytes, isReply, endsReply: isReply }]
    },
  }
}

type Head = Pick<HttpRequest, 'method' | 'path' | 'headers'>

function parseHead(text: string): Head {
  const [start = '', ...lines] = text.split('\r\n')
  const [method = '', path = ''] = start.split(' ')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  return { method, path, headers: Object.fromEntries(headers) }
}

/** Bytes of the body at the beginning of `rest`; `undefined` while some are missing. */
function bodyLength(headers: Head['headers'], rest: Buffer): number | undefined {
  if (/\bchunked\b/i.test(headers['transfer-encoding'] ?? '')) return chunkedLength(rest)
  const length = Number(headers['content-length'] ?? 0)
  return rest.length < length ? undefined : length
}

/** RFC 9112 section 7.1: chunks up to one of length 0, and the lines behind it up to an empty one. */
function chunkedLength(rest: Buffer): number | undefined {
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16)
    if (!(size > 0)) {
      const end = rest.indexOf(headEnd, lineEnd)
      return end < 0 ? undefined : end + headEnd.length
    }
    at = lineEnd + 2 + size + 2
    if (at > rest.length) return undefined
  }
}
