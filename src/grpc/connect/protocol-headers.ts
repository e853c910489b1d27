import type { HeaderPairs } from '../../http/index.ts'
import type { ConnectRequest } from './types.ts'

interface ProtocolHeaders {
  readonly header: HeaderPairs
  readonly trailer: HeaderPairs
}

/**
 * What a response must say of itself in the protocol of its request. Connect puts this there before the handler runs,
 * and takes it away again where an interceptor responds with headers of its own, as a replay has to.
 */
export function protocolHeaders(request: ConnectRequest, compressions: readonly string[]): ProtocolHeaders {
  const { header, stream } = request
  const type = (header.get('content-type') ?? '').split(';')[0] ?? ''
  const contentType = ['content-type', type] as const
  const isGrpc = type.startsWith('application/grpc')
  // A unary response of the Connect protocol is given its encoding once it is encoded.
  if (!isGrpc && !stream) return { header: [contentType], trailer: [] }
  const [encodingName, acceptName] = isGrpc
    ? ['grpc-encoding', 'grpc-accept-encoding']
    : ['connect-content-encoding', 'connect-accept-encoding']
  const encoding = negotiated(header, { encodingName, acceptName, compressions })
  return {
    header: encoding === undefined ? [contentType] : [contentType, [encodingName, encoding]],
    trailer: isGrpc ? [['grpc-status', '0']] : [],
  }
}

/** As Connect negotiates: the first that the client accepts and the server has; else that of the request. */
function negotiated(
  header: Headers,
  names: {
    readonly encodingName: string
    readonly acceptName: string
    readonly compressions: readonly string[]
  },
): string | undefined {
  const accepted = header.get(names.acceptName) || header.get(names.encodingName) || ''
  return accepted
    .split(',')
    .map((name) => name.trim())
    .find((name) => names.compressions.includes(name))
}
