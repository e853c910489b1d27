import { once as event } from 'node:events'
import {
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
  type ServerResponse,
} from 'node:http'
import type { RunningService } from '../adapter.ts'
import { listen } from '../listen.ts'

export interface WireRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
  /** The client left before its body was whole. */
  readonly isCut: boolean
}

export interface WireResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/** What is done to what goes over a wire. */
export interface Wire {
  /** `undefined`: it goes no further. Default: what is whole goes on. */
  readonly ask?: (request: WireRequest) => WireRequest | undefined
  readonly answer?: (response: WireResponse, request: WireRequest) => WireResponse
  /** A request waits until those before it have been answered. Default: all at once. */
  readonly isInOrder?: boolean
  /** The client has left before it was answered. */
  readonly left?: (request: WireRequest) => void
}

/** A service behind a wire that reads whole messages and passes them on, changed. */
export async function wired(service: RunningService, wire: Wire): Promise<RunningService> {
  let before: Promise<unknown> = Promise.resolve()
  const front = await listen((request, response) => {
    const passed = (): Promise<unknown> =>
      pass(service.url, wire, { request, response }).catch(() => response.destroy())
    before = wire.isInOrder === true ? before.then(passed) : passed()
  })
  return {
    url: front.url,
    close: async () => {
      await front.close()
      await service.close()
    },
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function pass(url: string, wire: Wire, { request, response }: Exchange): Promise<void> {
  const { chunks, isCut } = await read(request)
  const asked: WireRequest = {
    path: request.url ?? '/',
    headers: distinct(request),
    body: Buffer.concat(chunks),
    isCut,
  }
  const sent = wire.ask === undefined ? (isCut ? undefined : asked) : wire.ask(asked)
  if (sent === undefined) return
  response.once('close', () => {
    if (!response.writableFinished) wire.left?.(asked)
  })
  const answered = await ask(new URL(sent.path, url), request.method ?? 'GET', sent)
  const { status, headers, body } = wire.answer?.(answered, asked) ?? answered
  response.writeHead(status, linesOf(headers)).end(body)
}

async function ask(url: URL, method: string, { headers, body }: WireRequest): Promise<WireResponse> {
  const length = body.byteLength === 0 ? {} : { 'content-length': String(body.byteLength) }
  const sent = httpRequest(url, { method, headers: { ...linesOf(headers), ...length }, agent: false })
  sent.on('error', () => undefined)
  sent.end(body)
  const [response] = (await event(sent, 'response')) as [IncomingMessage]
  const { chunks, isCut } = await read(response)
  if (isCut) throw new Error('the answer broke off')
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }
}

/** Less what belongs to one connection. */
function linesOf(headers: WireRequest['headers']): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => value !== undefined && name !== 'transfer-encoding' && name !== 'connection',
    ),
  ) as OutgoingHttpHeaders
}

/** With each line of a header that came twice. */
function distinct(request: IncomingMessage): WireRequest['headers'] {
  const { 'idempotency-key': keys } = request.headersDistinct
  return keys === undefined ? request.headers : { ...request.headers, 'idempotency-key': keys }
}

/** Ends with the message, whole or not. */
function read(
  message: IncomingMessage,
): Promise<{ readonly chunks: readonly Buffer[]; readonly isCut: boolean }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const end = (): void => resolve({ chunks, isCut: !message.complete })
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('error', () => undefined)
    message.on('end', end)
    message.on('close', end)
  })
}
