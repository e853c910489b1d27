import { once } from 'node:events'
import { type Bounds, headerLines, type Line, open, type Sending } from './send.ts'

/** Where the connection is reset: in the middle of the request, when all of it was sent, or when the reply begins. */
export type CutAt = 'half-request' | 'sent' | 'reply'

/** How long a reply is waited for before the connection is reset without one: the effect is then still at work. */
const replyWithinMs = 1_000

/**
 * Sends a request and resets its connection (RST, not FIN), so that the client knows nothing of its outcome. Rejects
 * only where no connection could be opened.
 */
export async function sendAndCut(sending: Sending, at: CutAt, bounds: Bounds): Promise<void> {
  const line = await open(sending.url, bounds)
  const { head, body } = bytesOf(sending)
  try {
    if (at === 'half-request') {
      await write(line, Buffer.concat([head, body.subarray(0, Math.floor(body.length / 2))]))
    } else {
      await write(line, Buffer.concat([head, body]))
      if (at === 'reply') await firstByte(line, bounds)
    }
  } finally {
    line.raw.resetAndDestroy()
  }
}

function bytesOf(sending: Sending): { head: Buffer; body: Buffer } {
  const { url, method, body } = sending
  const lines = headerLines(sending).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`
  return { head: Buffer.from(head, 'latin1'), body }
}

/** Resolves when the system has taken all of it. */
function write({ stream }: Line, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => stream.write(bytes, () => resolve()))
}

async function firstByte({ stream }: Line, { signal }: Bounds): Promise<void> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(replyWithinMs)])
  await Promise.race([
    once(stream, 'data', { signal: within }),
    once(stream, 'close', { signal: within }),
  ]).catch(() => undefined)
  signal.throwIfAborted()
}
