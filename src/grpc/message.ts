import type { Answer, HeaderPairs } from '../http/index.ts'
import { grpcStatus, metadataNames } from './status.ts'

/** How a unary call was answered, in no library's words. Values of `-bin` names stand as base64, as on the wire. */
export interface GrpcAnswer {
  readonly code: number
  readonly details: string
  /** Initial metadata. */
  readonly header: HeaderPairs
  readonly trailer: HeaderPairs
  /** Exactly as it goes over the wire; there is one with status OK only. */
  readonly message?: Uint8Array | undefined
}

const [statusHeader, messageHeader, pathHeader] = ['grpc-status', 'grpc-message', ':path']
const [initial, trailing] = ['initial:', 'trailing:']

/** The form in which the engine of `onceward/http` keeps it: the names of gRPC over HTTP/2, and the message as body. */
export function toHttp(answer: GrpcAnswer, path?: string): Answer {
  const { code, details, header, trailer, message } = answer
  return {
    status: 200,
    headers: [
      [statusHeader, String(code)],
      ...(details === '' ? [] : [[messageHeader, details] as const]),
      ...(path === undefined ? [] : [[pathHeader, path] as const]),
      ...header.map(([name, value]) => [`${initial}${name}`, value] as const),
      ...trailer.map(([name, value]) => [`${trailing}${name}`, value] as const),
    ],
    body: message ?? '',
  }
}

/** The answer again. What a person gave as a value (`onceward doubt resolve`) may lack a status: it is OK then. */
export function fromHttp({ headers, body }: Answer): GrpcAnswer {
  const code = Number(valueOf(headers, statusHeader) ?? grpcStatus.OK)
  return {
    code,
    details: valueOf(headers, messageHeader) ?? '',
    header: namedBy(headers, initial),
    trailer: namedBy(headers, trailing),
    message: code === grpcStatus.OK ? bytesOf(body) : undefined,
  }
}

/** Where the details of a Connect error are kept. */
export const detailsName = 'connect-details'

/** What of it is kept: its status, and the metadata of these names. */
export function keptHeaders(names: readonly string[]): readonly string[] {
  return [
    `${trailing}${detailsName}`,
    statusHeader,
    messageHeader,
    ...names.flatMap((name) => [`${initial}${name}`, `${trailing}${name}`]),
  ]
}

/** The path of the method it answers; it is there while the handler's answer is looked at, and is not kept. */
export function pathOf({ headers }: Answer): string {
  return valueOf(headers, pathHeader) ?? ''
}

export function valueOf(headers: HeaderPairs, wanted: string): string | undefined {
  return headers.find(([name]) => name === wanted)?.[1]
}

function namedBy(headers: HeaderPairs, prefix: string): HeaderPairs {
  return headers
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value] as const)
}

/**
 * A handler's answer as it is sent: without what only a guard may say. A handler that passes on the error of a call of
 * its own would else pass on what another guard said of another key.
 */
export function withoutGuardsWords(answer: GrpcAnswer): GrpcAnswer {
  const isOwn = ([name]: HeaderPairs[number]): boolean => !isGuardsWord(name)
  return { ...answer, header: answer.header.filter(isOwn), trailer: answer.trailer.filter(isOwn) }
}

export function isGuardsWord(name: string): boolean {
  return name === metadataNames.replayed || name.startsWith('onceward-')
}

/** A buffer: that is what serialisers of grpc-js must give. */
function bytesOf(body: string | Uint8Array): Buffer {
  return typeof body === 'string'
    ? Buffer.from(body, 'utf8')
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
