import { optionInvalid } from '../../kernel/errors.ts'
import { type ClientCore, type Tried } from '../client/tries.ts'
import { callUnary, type LedgerCall, type Told } from '../client/unary.ts'
import type { GrpcAnswer } from '../message.ts'
import { asReplay } from '../server/engine.ts'
import { grpcStatus, metadataNames } from '../status.ts'
import { metadataOf, pairsOf, textOf } from './metadata.ts'
import { Try, type TryEnd } from './try.ts'
import type {
  ClientCall,
  ClientCallOptions,
  ClientListener,
  GrpcMetadata,
  MethodDefinition,
} from './types.ts'

export interface UnaryClientCallOptions {
  readonly core: ClientCore
  readonly options: ClientCallOptions
  readonly next: (options: ClientCallOptions) => ClientCall
  /** Of the service definitions; needed where the answer is kept. */
  readonly method: MethodDefinition | undefined
}

/** What the application holds: one call, whatever is behind it. */
export class UnaryClientCall implements ClientCall {
  readonly #given: UnaryClientCallOptions
  readonly #deadlineAtMs: number
  readonly #cancelled = new AbortController()
  #metadata: GrpcMetadata | undefined
  #listener: Partial<ClientListener> | undefined
  #message: unknown
  #try: Try | undefined
  #timer: { cancel(): void } | undefined
  #mayHaveArrived = false
  #isTold = false

  constructor(given: UnaryClientCallOptions) {
    this.#given = given
    const { deadline } = given.options
    this.#deadlineAtMs = deadline === undefined ? Number.POSITIVE_INFINITY : Number(deadline)
  }

  start(metadata: GrpcMetadata, listener: Partial<ClientListener> = {}): void {
    this.#metadata = metadata
    this.#listener = listener
  }

  sendMessageWithContext(_context: object, message: unknown): void {
    this.#message = message
  }

  sendMessage(message: unknown): void {
    this.#message = message
  }

  startRead(): void {
    // A unary call is read to its end without being asked.
  }

  halfClose(): void {
    const { core } = this.#given
    if (this.#cancelled.signal.aborted)
      return this.#stop(grpcStatus.CANCELLED, 'Cancelled before it was sent')
    if (core.options.once !== undefined && Number.isFinite(this.#deadlineAtMs)) this.#watchDeadline()
    void callUnary(core, this.#call()).then((told) => this.#tell(told))
  }

  cancelWithStatus(code: number, details: string): void {
    this.#cancelled.abort()
    if (this.#try?.isOpen === true) this.#try.cancel(code, details)
    // Not started yet: it will be told when it is.
    else if (this.#metadata !== undefined) this.#stop(code, details)
  }

  getPeer(): string {
    return this.#firstTry().peer
  }

  getAuthContext(): unknown {
    return this.#try?.authContext() ?? null
  }

  #call(): LedgerCall<TryEnd> {
    const { core, options } = this.#given
    const { path, requestSerialize } = options.method_definition
    const metadata = this.#metadata as GrpcMetadata
    return {
      path,
      destination: () => this.getPeer(),
      isSafe: core.options.safe.has(path),
      remainingMs: () => this.#deadlineAtMs - Date.now(),
      signal: this.#cancelled.signal,
      send: (key, timeoutMs) => this.#send(key, timeoutMs),
      seen: { path, message: this.#message, metadata: (name) => textOf(metadata, name) },
      bytes: () => requestSerialize(this.#message),
      answerOf: (end) => this.#kept(end),
    }
  }

  #firstTry(): Try {
    this.#try ??= this.#newTry(this.#given.core.options.timeoutMs)
    return this.#try
  }

  #newTry(timeoutMs: number): Try {
    const { next, options } = this.#given
    const deadline = Math.min(this.#deadlineAtMs, Date.now() + timeoutMs)
    return new Try(next(Number.isFinite(deadline) ? { ...options, deadline } : options))
  }

  async #send(key: string | undefined, timeoutMs: number): Promise<TryEnd> {
    const isFirst = this.#try !== undefined && !this.#try.isUsed
    const next = isFirst ? this.#firstTry() : this.#newTry(timeoutMs)
    this.#try = next
    const metadata = (this.#metadata as GrpcMetadata).clone()
    if (key !== undefined) metadata.set(this.#given.core.options.header, key)
    const end = await next.send(metadata, this.#message)
    this.#mayHaveArrived ||= end.mayHaveArrived
    return end
  }

  #kept(end: TryEnd): GrpcAnswer {
    const { method, options } = this.#given
    const { code, details, metadata } = end.status
    const { path } = options.method_definition
    const isOk = code === grpcStatus.OK
    if (isOk && method === undefined)
      throw optionInvalid('services', `to hold the method ${path}, whose answers are kept`, path)
    return {
      code,
      details,
      header: [],
      trailer: pairsOf(metadata).filter(([name]) => name === 'grpc-status-details-bin'),
      message: isOk ? method?.responseSerialize(end.message as never) : undefined,
    }
  }

  /** Where the ledger is waited for, no call of the library's watches the deadline. */
  #watchDeadline(): void {
    const { runtime } = this.#given.core
    const waitMs = Math.min(Math.max(0, this.#deadlineAtMs - Date.now()), 2 ** 31 - 1)
    this.#timer = runtime.setTimer(waitMs, () => {
      if (this.#try?.isOpen !== true) this.#stop(grpcStatus.DEADLINE_EXCEEDED, 'Deadline exceeded')
    })
  }

  /** Tells the application now, while nothing is on the wire. */
  #stop(code: number, details: string): void {
    const outcome =
      this.#mayHaveArrived || this.#given.core.options.once !== undefined ? 'unknown' : 'not-sent'
    this.#cancelled.abort()
    this.#tellAnswer({ code, details, header: [], trailer: [[metadataNames.outcome, outcome]] })
  }

  #tell(told: Told<TryEnd>): void {
    if (told.kind === 'tried') return this.#tellTried(told.tried)
    const { answer, outcome, isReplay } = told
    const shown = isReplay ? asReplay(answer) : answer
    if (shown.code === grpcStatus.OK) return this.#tellAnswer(shown)
    this.#tellAnswer({ ...shown, trailer: [...shown.trailer, [metadataNames.outcome, outcome]] })
  }

  #tellTried({ end, outcome, attempts }: Tried<TryEnd>): void {
    if (this.#isTold) return
    const { header, message, status } = end
    if (outcome === 'done' && status.code === grpcStatus.OK) {
      this.#end()
      if (header !== undefined) this.#listener?.onReceiveMetadata?.(header)
      this.#listener?.onReceiveMessage?.(message)
      this.#listener?.onReceiveStatus?.(status)
      return
    }
    const isCut = status.code === grpcStatus.OK
    this.#tellAnswer(
      {
        code: isCut ? grpcStatus.UNKNOWN : status.code,
        details: isCut
          ? 'The reply ended with status OK and without a message: it was cut short.'
          : status.details,
        header: [],
        trailer: [
          ...pairsOf(status.metadata),
          [metadataNames.outcome, outcome],
          [metadataNames.attempts, String(attempts)],
        ],
      },
      header,
    )
  }

  #tellAnswer({ code, details, header, trailer, message }: GrpcAnswer, received?: GrpcMetadata): void {
    if (this.#isTold) return
    this.#end()
    const like = this.#metadata as GrpcMetadata
    const { responseDeserialize } = this.#given.options.method_definition
    if (received !== undefined || header.length > 0)
      this.#listener?.onReceiveMetadata?.(received ?? metadataOf(header, like))
    if (message !== undefined) this.#listener?.onReceiveMessage?.(responseDeserialize(message as Buffer))
    this.#listener?.onReceiveStatus?.({ code, details, metadata: metadataOf(trailer, like) })
  }

  #end(): void {
    this.#isTold = true
    this.#timer?.cancel()
  }
}
