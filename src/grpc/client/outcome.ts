import { metadataNames } from '../status.ts'
import type { GrpcOutcome } from './decisions.ts'

const outcomes: readonly string[] = ['done', 'not-sent', 'refused', 'unknown'] satisfies GrpcOutcome[]

/**
 * What is known of the work behind an error of a client: a `ServiceError` of grpc-js or a `ConnectError`. `unknown` for
 * errors that did not come through an interceptor of this package.
 */
export function grpcOutcome(error: unknown): GrpcOutcome {
  const { metadata } = (error ?? {}) as { readonly metadata?: { get?(name: string): unknown } }
  const found: unknown = metadata?.get?.(metadataNames.outcome)
  const value: unknown = Array.isArray(found) ? found[0] : found
  return typeof value === 'string' && outcomes.includes(value) ? (value as GrpcOutcome) : 'unknown'
}
