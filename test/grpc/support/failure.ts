import { ConnectError } from '@connectrpc/connect'
import { Metadata } from '@grpc/grpc-js'
import type { GrpcBench } from './bench.ts'

/** What a handler throws to answer with a status. */
export function failure(bench: GrpcBench, code: number, details: string): never {
  const error = bench.library === 'grpc-js' ? new Error(details) : new ConnectError(details)
  throw Object.assign(error, { code, details: bench.library === 'grpc-js' ? details : [] })
}

/** The error of a call that the handler made itself, through a client with the interceptor to a guarded server. */
export function passedOn(bench: GrpcBench, code: number): never {
  const words = {
    'onceward-outcome': 'unknown',
    'onceward-problem': 'key-reused',
    'onceward-ref': 'of another',
  }
  const metadata = bench.library === 'grpc-js' ? new Metadata() : new Headers()
  for (const [name, value] of Object.entries(words)) metadata.set(name, value)
  const error = bench.library === 'grpc-js' ? new Error('behind') : new ConnectError('behind')
  throw Object.assign(error, { code, metadata, details: bench.library === 'grpc-js' ? 'behind' : [] })
}
