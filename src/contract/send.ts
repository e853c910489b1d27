import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import type { Answer, Answered, Unanswered } from './answer.ts'

/** Names and values in order; one name may come twice. */
export type HeaderList = readonly (readonly [name: string, value: string])[]

export interface Sending {
  readonly url: URL
  readonly method: string
  readonly headers: HeaderList
  readonly body: Buffer
}

export interface Bounds {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** An open connection, and the TCP socket beneath it, which alone can be reset. */
export interface Line {
  readonly stream: Socket
  readonly raw: Socket
}

const maxBodyBytes = 1024 * 1024

/** Sends one request on a connection of its own. Resolves in any case, `timeoutMs` after it was called at the latest. */
export async function send(sending: Sending, bounds: Bounds): Promise<Answer> {
  try {
    return await sendOn(await open(sending.url, bounds), sending, bounds)
  } catch (error) {
    return unanswered(error, bounds)
  }
}

/** Sends them all at the same moment: the connections are opened before. */
export async function sendTogether(sendings: readonly Sending[], bounds: Bounds): Promise<Answer[]> {
  const lines = await Promise.allSettled(sendings.map(({ url }) => open(url, bounds)))
  return Promise.all(
    sendings.map(async (sending, index) => {
      const line = lines[index]
      if (line?.status !== 'fulfilled') return unanswered(line?.reason, bounds)
      try {
        return await sendOn(line.value, sending, bounds)
      } catch (error) {
        return unanswered(error, bounds)
      }
    }),
  )
}

/** Resolves with an open connection; rejects where there is none within the time. */
export async function open(url: URL, { timeoutMs, signal }: Bounds): Promise<Line> {
  const isSecure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  const raw = connectPlain({ host, port, noDelay: true })
  const stream = isSecure
    ? connectSecure({ socket: raw, servername: host, ALPNProtocols: ['http/1.1'] })
    : raw
  // Between two waits nobody listens, and a reset then would end the process.
  for (const socket of [raw, stream]) socket.on('error', () => undefined)
  const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  try {
    await once(stream, isSecure ? 'secureConnect' : 'connect', { signal: within })
  } catch (error) {
    raw.destroy()
    throw within.aborted ? (within.reason as unknown) : error
  }
  const onAbort = (): void => void raw.destroy()
  signal.addEventListener('abort', onAbort, { once: true })
  raw.once('close', () => signal.removeEventListener('abort', onAbort))
  return { stream, raw }
}

async function sendOn({ stream, raw }: Line, sending: Sending, bounds: Bounds): Promise<Answered> {
  const { url, method, body } = sending
  const within = AbortSignal.any([bounds.signal, AbortSignal.timeout(bounds.timeoutMs)])
  try {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method,
      headers: flat(sending),
      createConnection: () => stream,
      signal: within,
    })
    request.end(body)
    const [message] = (await once(request, 'response')) as [IncomingMessage]
    return await readAnswer(message)
  } catch (error) {
    throw within.aborted ? (within.reason as unknown) : error
  } finally {
    raw.destroy()
  }
}

async function readAnswer(message: IncomingMessage): Promise<Answered> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxBodyBytes) break
  }
  const headers = Object.entries(message.headers).map(([name, value]) => [name, String(value)] as const)
  return {
    kind: 'answered',
    status: message.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks),
    isWhole: bytes <= maxBodyBytes,
  }
}

/** The header lines as they go out: what was given, and what HTTP/1.1 needs. */
export function headerLines({ url, headers, body }: Sending): HeaderList {
  const names = new Set(headers.map(([name]) => name.toLowerCase()))
  const own: HeaderList = [
    ['Host', url.host],
    ['Connection', 'close'],
    ['Content-Length', String(body.length)],
  ]
  return [...own.filter(([name]) => !names.has(name.toLowerCase())), ...headers]
}

function flat(sending: Sending): string[] {
  return headerLines(sending).flatMap(([name, value]) => [name, value])
}

function unanswered(error: unknown, { timeoutMs, signal }: Bounds): Unanswered {
  // The run itself was ended: that is no finding about the target.
  signal.throwIfAborted()
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return { kind: 'unanswered', why: `no answer within ${timeoutMs} ms` }
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  const message = error instanceof Error ? error.message : String(error)
  return {
    kind: 'unanswered',
    why: `no answer (${code ?? message})`,
    ...(code === undefined ? {} : { code }),
  }
}
