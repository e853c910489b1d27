import type { GrpcEngine } from '../server/engine.ts'
import type { ConnectPackages } from './packages.ts'
import type { ConnectRequest, ConnectResponse, ConnectStreamResponse } from './types.ts'

/** A request that was read whole. */
export interface ReadRequest {
  /** Its messages in the binary form of protobuf, unknown fields included. */
  readonly bytes: Uint8Array
  /** The request, to be read once more. */
  again(): ConnectRequest
}

export class TooLarge extends Error {}

/** Bytes that a message of a stream counts for beside its own: thousands of empty ones are no small request. */
const perMessageBytes = 4

/** Reads a request, a client stream to its end. Throws `TooLarge`. */
export async function readRequest(
  engine: GrpcEngine,
  request: ConnectRequest,
  packages: ConnectPackages,
): Promise<ReadRequest> {
  const { input } = request.method
  const { maxBodyBytes } = engine.http
  const mustFit = (bytes: number): void => {
    if (bytes > maxBodyBytes) throw new TooLarge(`The request has more than ${maxBodyBytes} bytes.`)
  }
  if (!request.stream) {
    const bytes = packages.toBinary(input, request.message)
    mustFit(bytes.byteLength)
    return { bytes, again: () => request }
  }
  const messages: object[] = []
  const all: Uint8Array[] = []
  let total = 0
  for await (const message of request.message) {
    const bytes = packages.toBinary(input, message)
    total += bytes.byteLength + perMessageBytes
    mustFit(total)
    messages.push(message)
    all.push(bytes)
  }
  return { bytes: engine.rules.framed(all), again: () => ({ ...request, message: each(messages) }) }
}

// oxlint-disable-next-line require-await -- an async iterable of what is at hand
async function* each(messages: readonly object[]): AsyncIterable<object> {
  yield* messages
}

/** The one message of a response, and the response to send it by. */
export async function responseOf(
  response: ConnectResponse,
): Promise<{ readonly message: object; readonly response: ConnectResponse }> {
  if (!response.stream) return { message: response.message, response }
  return streamed(response)
}

async function streamed(
  response: ConnectStreamResponse,
): Promise<{ readonly message: object; readonly response: ConnectResponse }> {
  const messages: object[] = []
  for await (const message of response.message) messages.push(message)
  return { message: messages[0] ?? {}, response: { ...response, message: each(messages) } }
}
