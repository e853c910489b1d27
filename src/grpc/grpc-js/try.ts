import type { AttemptEnd } from '../client/decisions.ts'
import { finalStatuses, grpcStatus, metadataNames } from '../status.ts'
import { pairsOf, textOf } from './metadata.ts'
import type { ClientCall, GrpcJsStatus, GrpcMetadata } from './types.ts'

export interface TryEnd extends AttemptEnd {
  readonly status: GrpcJsStatus
  readonly header: GrpcMetadata | undefined
  readonly message: unknown
}

/** Statuses that grpc-js makes neither of a cut reply nor of a reset. */
const neverMadeUp: ReadonlySet<number> = new Set(
  [...finalStatuses].filter(
    (code) =>
      code !== grpcStatus.OK && code !== grpcStatus.UNIMPLEMENTED && code !== grpcStatus.PERMISSION_DENIED,
  ),
)

/** One call of the library's: sent once. */
export class Try {
  readonly #call: ClientCall
  /** Before anything is connected: the target of the channel, not the address of a server. */
  readonly #target: string
  isUsed = false
  isOpen = false

  constructor(call: ClientCall) {
    this.#call = call
    this.#target = call.getPeer()
  }

  get peer(): string {
    return this.#call.getPeer()
  }

  authContext(): unknown {
    return this.#call.getAuthContext()
  }

  cancel(code: number, details: string): void {
    this.#call.cancelWithStatus(code, details)
  }

  send(metadata: GrpcMetadata, message: unknown): Promise<TryEnd> {
    this.isUsed = true
    this.isOpen = true
    return new Promise((resolve) => {
      let header: GrpcMetadata | undefined
      let received: unknown
      this.#call.start(metadata, {
        onReceiveMetadata: (initial) => (header = initial),
        onReceiveMessage: (reply) => (received = reply ?? undefined),
        onReceiveStatus: (status) => {
          this.isOpen = false
          resolve(this.#endOf({ status, header, message: received }))
        },
      })
      this.#call.sendMessage(message)
      this.#call.halfClose()
    })
  }

  #endOf(end: Pick<TryEnd, 'status' | 'header' | 'message'>): TryEnd {
    const { status, header, message } = end
    const { metadata } = status
    // Statuses that the library makes up have no metadata; a server's without a response has at least a content-type.
    const isBare = header === undefined && pairsOf(metadata).length === 0
    return {
      ...end,
      code: status.code,
      hasMessage: message !== undefined,
      mayHaveArrived: this.#wasOpened(metadata) && !(isBare && isRefusedStream(status)),
      isAnswered: (header === undefined && !isBare) || neverMadeUp.has(status.code),
      problem: metadata ? textOf(metadata, metadataNames.problem) : undefined,
      pushback: metadata ? metadata.get(metadataNames.pushback).map(String) : [],
    }
  }

  /**
   * The peer is the channel's target until a stream is opened on a connection, and the server's address from then on. A
   * channel that retries by itself says how often: its earlier tries were on other streams.
   */
  #wasOpened(metadata: GrpcMetadata | null | undefined): boolean {
    const earlier = metadata?.get('grpc-previous-rpc-attempts') ?? []
    return earlier.length > 0 || this.#call.getPeer() !== this.#target
  }
}

/** RFC 9113, 8.7: a stream that is refused was not processed. The library says so by these words, and by no metadata. */
function isRefusedStream({ code, details }: GrpcJsStatus): boolean {
  return code === grpcStatus.UNAVAILABLE && details === 'Stream refused by server'
}
