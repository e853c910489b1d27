import { ConnectError } from '@connectrpc/connect'
import type { GrpcBench } from './bench.ts'

/** What a handler throws to answer with a status. */
export function failure(bench: GrpcBench, code: number, details: string): never {
  if (bench.library !== 'grpc-js') throw new ConnectError(details, code)
  throw Object.assign(new Error(details), { code, details })
}
