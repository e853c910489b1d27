const maxCauses = 5

/**
 * Whether a request that failed may have reached the server. It cannot have where the socket itself says that it was
 * still looking up a name or connecting (`syscall`, which node sets), or where the server refused the stream unread
 * (RFC 9113, 8.7; node's words for the frame that it received). Everything else may have.
 */
export function mayHaveArrived(error: unknown): boolean {
  let cause: unknown = error
  for (let depth = 0; depth < maxCauses && cause instanceof Error; depth += 1) {
    const { syscall, code, message } = cause as NodeJS.ErrnoException
    if (syscall === 'connect' || syscall === 'getaddrinfo') return false
    if (code === 'ERR_HTTP2_STREAM_ERROR' && message.endsWith('NGHTTP2_REFUSED_STREAM')) return false
    // Several addresses were tried, and none of them answered.
    if (cause instanceof AggregateError && cause.errors.length > 0)
      return cause.errors.some((each) => mayHaveArrived(each))
    cause = cause.cause
  }
  return true
}

const unitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
}

/** The time a call has left, by the header in which its protocol says so; infinite without one. */
export function remainingMsOf(header: Headers, nowMs: number): () => number {
  const connect = /^\d{1,10}$/.exec(header.get('connect-timeout-ms') ?? '')
  const grpc = /^(\d{1,8})([HMSmun])$/.exec(header.get('grpc-timeout') ?? '')
  const timeoutMs = connect
    ? Number(connect[0])
    : grpc
      ? Number(grpc[1]) * (unitsMs[grpc[2] ?? ''] ?? 1)
      : Number.POSITIVE_INFINITY
  return () => nowMs + timeoutMs - Date.now()
}
