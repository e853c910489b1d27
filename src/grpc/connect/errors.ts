import type { HeaderPairs } from '../../http/index.ts'
import { detailsName, type GrpcAnswer } from '../message.ts'
import type { ConnectPackages } from './packages.ts'
import type { ConnectErrorLike } from './types.ts'

interface OutgoingDetail {
  readonly desc: { readonly typeName: string }
  readonly value: object
}

interface IncomingDetail {
  readonly type: string
  readonly value: Uint8Array
}

/** Of any copy of the package; as `ConnectError` itself tells its own. */
export function isConnectError(error: unknown): error is ConnectErrorLike {
  return (
    error instanceof Error &&
    error.name === 'ConnectError' &&
    typeof (error as Partial<ConnectErrorLike>).code === 'number' &&
    typeof (error as Partial<ConnectErrorLike>).rawMessage === 'string'
  )
}

export function pairsOf(headers: Headers): HeaderPairs {
  return [...headers.entries()]
}

export function headersOf(pairs: HeaderPairs): Headers {
  const headers = new Headers()
  for (const [name, value] of pairs) headers.append(name, value)
  return headers
}

/** An error as an answer. Its details, which Connect holds apart from the metadata, go into one entry of it. */
export function answerOfError(error: ConnectErrorLike, packages: ConnectPackages): GrpcAnswer {
  const details = error.details.map((detail) => {
    if ('type' in (detail as object)) {
      const { type, value } = detail as IncomingDetail
      return [type, Buffer.from(value).toString('base64')]
    }
    const { desc, value } = detail as OutgoingDetail
    const bytes = packages.toBinary(desc, packages.create(desc, value))
    return [desc.typeName, Buffer.from(bytes).toString('base64')]
  })
  return {
    code: error.code,
    details: error.rawMessage,
    header: [],
    trailer: [
      ...pairsOf(error.metadata),
      ...(details.length === 0 ? [] : [[detailsName, JSON.stringify(details)] as const]),
    ],
  }
}

export function errorOfAnswer(
  { code, details, header, trailer }: GrpcAnswer,
  { ConnectError }: ConnectPackages,
): ConnectErrorLike {
  const metadata = headersOf([...header, ...trailer].filter(([name]) => name !== detailsName))
  const error = new ConnectError(details, code, metadata)
  const kept = trailer.find(([name]) => name === detailsName)?.[1]
  if (kept === undefined) return error
  for (const [type, value] of JSON.parse(kept) as [string, string][])
    error.details.push({ type, value: new Uint8Array(Buffer.from(value, 'base64')) })
  return error
}
