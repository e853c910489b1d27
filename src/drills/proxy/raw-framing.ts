import type { Framing } from './framing.ts'

/** For any protocol: each piece that arrives from the client is a request, the next one from the server its reply. */
export function rawFraming(): Framing {
  return {
    protocol: 'raw',
    fromClient: (bytes) => [{ bytes, request: { protocol: 'raw', bytes } }],
    fromServer: (bytes) => [{ bytes, isReply: true, endsReply: true }],
  }
}
