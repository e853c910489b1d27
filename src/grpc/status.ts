/** The status codes of gRPC (grpc.github.io/grpc/core/md_doc_statuscodes.html), which Connect shares. */
export const grpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

export type GrpcStatusName = keyof typeof grpcStatus

const names = new Map<number, GrpcStatusName>(
  Object.entries(grpcStatus).map(([name, code]) => [code, name as GrpcStatusName]),
)

/** `UNAVAILABLE` for 14; what no code stands for is `UNKNOWN`, as the protocol has it. */
export function statusName(code: number): GrpcStatusName {
  return names.get(code) ?? 'UNKNOWN'
}

/**
 * Statuses by which a server says what the request comes to: asked again, it would say the same. All others leave open
 * whether the work was done, UNAVAILABLE and ABORTED too: nothing in the protocol promises that nothing had begun.
 */
export const finalStatuses: ReadonlySet<number> = new Set([
  grpcStatus.OK,
  grpcStatus.INVALID_ARGUMENT,
  grpcStatus.NOT_FOUND,
  grpcStatus.ALREADY_EXISTS,
  grpcStatus.PERMISSION_DENIED,
  grpcStatus.FAILED_PRECONDITION,
  grpcStatus.OUT_OF_RANGE,
  grpcStatus.UNIMPLEMENTED,
  grpcStatus.UNAUTHENTICATED,
])

/** The metadata that both ends speak of. */
export const metadataNames = {
  key: 'idempotency-key',
  /** On replays, in the initial metadata and, where there is no message, in the trailers. */
  replayed: 'idempotency-replayed',
  /** Why the guard itself has refused: a `ProblemType`. */
  problem: 'onceward-problem',
  /** The entry, as `onceward show` and `onceward doubt resolve` take it. */
  ref: 'onceward-ref',
  /** gRFC A6: how long to wait before another try; anything but a number that is not negative means none. */
  pushback: 'grpc-retry-pushback-ms',
  /** Put on errors by the client: what is known of the work. */
  outcome: 'onceward-outcome',
  /** Put on errors by the client: how many tries there were. */
  attempts: 'onceward-attempts',
} as const
