import type { Captured, Head, HttpAttempt } from '../../http/index.ts'
import { fromHttp, type GrpcAnswer, toHttp, withoutGuardsWords } from '../message.ts'
import { inAttempt } from '../server/attempt.ts'
import { asReplay, type GrpcEngine } from '../server/engine.ts'
import type { GrpcServerCall } from '../server/options.ts'
import { grpcStatus } from '../status.ts'
import { AnswerCapture } from './answer-capture.ts'
import { bytesOf, ExactBytes } from './exact-bytes.ts'
import { metadataOf, textOf } from './metadata.ts'
import type { GrpcMetadata, ServerCall, ServerListener, ServerMethod } from './types.ts'

/** Bytes that a message of a stream counts for beside its own: thousands of empty ones are no small request. */
const perMessageBytes = 4

/**
 * One call between the wire (`#wire`) and its handler. A guarded one is read whole before anything is claimed, because
 * the claim needs the digest of the request; until then nothing has begun, and who leaves has lost nothing.
 */
export class GuardedCall {
  readonly #engine: GrpcEngine
  readonly #method: ServerMethod
  readonly #wire: ServerCall
  #handler: ServerListener | undefined
  #head: Head<GrpcServerCall> | undefined
  #metadata: GrpcMetadata | undefined
  readonly #requests: { readonly message: unknown; readonly bytes: Uint8Array }[] = []
  #requestBytes = 0
  #capture: AnswerCapture | undefined
  #reads = 0
  #nextRead = 0
  #isOver = false

  constructor(engine: GrpcEngine, method: ServerMethod, wire: ServerCall) {
    this.#engine = engine
    this.#method = method
    this.#wire = wire
  }

  /** What stands in the place of the call for the handler; everything not named here goes to the wire. */
  asCall(): ServerCall {
    return new Proxy(this.#wire, {
      get: (wire, name) => {
        const own = this.#own[name as keyof ServerCall]
        if (own !== undefined) return own
        const value: unknown = Reflect.get(wire, name, wire)
        return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(wire) : value
      },
    })
  }

  readonly #own: ServerCall = {
    start: (listener) => this.#start(listener),
    startRead: () => (this.#head === undefined ? this.#wire.startRead() : this.#read()),
    sendMetadata: (metadata) =>
      this.#capture === undefined ? this.#wire.sendMetadata(metadata) : this.#capture.metadata(metadata),
    sendMessage: (message, callback) =>
      this.#capture === undefined
        ? this.#wire.sendMessage(message, callback)
        : this.#capture.message(message, callback),
    sendStatus: (status) =>
      this.#capture === undefined ? this.#wire.sendStatus(status) : this.#capture.status(status),
  }

  #start(handler: ServerListener): void {
    this.#handler = handler
    this.#wire.start({
      onReceiveMetadata: (metadata) => this.#admit(metadata),
      onReceiveMessage: (message) =>
        this.#head === undefined ? handler.onReceiveMessage(message) : this.#collect(message),
      onReceiveHalfClose: () =>
        this.#head === undefined ? handler.onReceiveHalfClose() : void this.#ended(this.#head),
      onCancel: () => {
        // The handler of a guarded call runs on: its answer is what the retry will get.
        if (this.#head === undefined) handler.onCancel()
        this.#isOver = true
      },
    })
  }

  #admit(metadata: GrpcMetadata): void {
    this.#metadata = metadata
    const { path, responseStream } = this.#method
    const hasKey = metadata.get(this.#engine.header).length > 0
    if (responseStream) {
      if (!hasKey) return this.#pass(metadata)
      const detail = 'Methods that answer with a stream are not guarded: call this one without a key.'
      return this.#send(this.#engine.refusal('key-malformed', detail))
    }
    const call = { path, metadata: (name: string) => textOf(metadata, name), native: this.#wire }
    const admission = this.#engine.admit(call)
    if (admission.kind === 'pass') return this.#pass(metadata)
    if (admission.kind === 'refuse') return this.#send(fromHttp(admission.answer))
    this.#head = admission.head
    this.#wire.startRead()
  }

  #pass(metadata: GrpcMetadata): void {
    this.#handler?.onReceiveMetadata(metadata)
  }

  #collect(message: unknown): void {
    const bytes = bytesOf(message)
    if (bytes === undefined) return this.#misused()
    this.#requests.push({ message, bytes })
    this.#requestBytes += bytes.byteLength + perMessageBytes
    const { maxBodyBytes } = this.#engine.http
    if (this.#requestBytes <= maxBodyBytes + perMessageBytes) return this.#wire.startRead()
    return this.#send(
      this.#engine.refusal('body-too-large', `The request has more than ${maxBodyBytes} bytes.`),
    )
  }

  #misused(): void {
    this.#engine.http.onError(
      new Error(
        `${this.#method.path} got a key: add its service by withExactBytes(definition), so that it is guarded.`,
      ),
    )
    this.#send(internal('This service does not guard the method.'))
  }

  async #ended(head: Head<GrpcServerCall>): Promise<void> {
    await this.#engine.rules.afterClose()
    if (!this.#isOver) await this.#answer(head)
  }

  async #answer(head: Head<GrpcServerCall>): Promise<void> {
    const bytes = this.#requests.map((request) => request.bytes)
    const [only] = bytes
    const body = this.#method.requestStream || only === undefined ? this.#engine.rules.framed(bytes) : only
    try {
      const reply = await this.#engine.http.answer(head, { bytes: body }, (attempt) => this.#perform(attempt))
      if (reply.kind !== 'answer') throw new Error(`A reply of kind ${reply.kind} is not expected.`)
      const answer = fromHttp(reply.answer)
      if (reply.source === 'handler') this.#send(withoutGuardsWords(answer))
      else this.#send(reply.source === 'replay' ? asReplay(answer) : answer)
    } catch (error) {
      this.#engine.http.onError(error)
      this.#send(internal('The request could not be guarded.'))
    }
  }

  /** Lets the handler have the request, and waits for its status. */
  #perform(attempt: HttpAttempt): Promise<Captured> {
    const { path, responseSerialize } = this.#method
    return new Promise((resolve) => {
      this.#capture = new AnswerCapture(responseSerialize, (answer) =>
        resolve({ kind: 'answer', answer: toHttp(answer, path) }),
      )
      inAttempt(attempt, responseSerialize, () => this.#pass(this.#metadata as GrpcMetadata))
    })
  }

  /** The handler asks for its next message; one that asks while it is given one is not answered in between. */
  #read(): void {
    this.#reads += 1
    if (this.#reads > 1) return
    while (this.#reads > 0) {
      const request = this.#requests[this.#nextRead]
      this.#nextRead += 1
      if (request !== undefined) this.#handler?.onReceiveMessage(request.message)
      else if (this.#nextRead === this.#requests.length + 1) this.#handler?.onReceiveHalfClose()
      this.#reads -= 1
    }
  }

  #send({ code, details, header, trailer, message }: GrpcAnswer): void {
    if (this.#isOver) return
    this.#isOver = true
    const like = this.#metadata as GrpcMetadata
    const status = { code, details, metadata: metadataOf(trailer, like) }
    if (header.length > 0) this.#wire.sendMetadata(metadataOf(header, like))
    if (message === undefined) return this.#wire.sendStatus(status)
    return this.#wire.sendMessage(new ExactBytes(message as Buffer), () => this.#wire.sendStatus(status))
  }
}

function internal(details: string): GrpcAnswer {
  return { code: grpcStatus.INTERNAL, details, header: [], trailer: [] }
}
