import { ConnectError } from '@connectrpc/connect'
import type { GrpcBench } from './bench.ts'

/** What a handler throws to answer with a status. */
export function failure(bench: GrpcBench, code: number, details: string): never {
  const error = bench.library === 'grpc-js' ? new Error(details) : new ConnectError(details)
  throw Object.assign(error, { code, details: bench.library === 'grpc-js' ? details : [] })
}
