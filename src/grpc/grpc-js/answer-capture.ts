import type { HeaderPairs } from '../../http/index.ts'
import { messageOf } from '../../kernel/errors.ts'
import type { GrpcAnswer } from '../message.ts'
import { grpcStatus } from '../status.ts'
import { pairsOf } from './metadata.ts'
import type { GrpcJsStatus, GrpcMetadata } from './types.ts'

/** Takes what a handler sends, until its status says that this is all. */
export class AnswerCapture {
  readonly #serialize: (message: unknown) => Buffer
  readonly #done: (answer: GrpcAnswer) => void
  #header: HeaderPairs = []
  #message: Buffer | undefined
  #failure: string | undefined

  constructor(serialize: (message: unknown) => Buffer, done: (answer: GrpcAnswer) => void) {
    this.#serialize = serialize
    this.#done = done
  }

  metadata(metadata: GrpcMetadata): void {
    this.#header = pairsOf(metadata)
  }

  message(message: unknown, sent: () => void): void {
    try {
      this.#message = this.#serialize(message)
    } catch (error) {
      this.#failure = messageOf(error)
    }
    sent()
  }

  status({ code, details, metadata }: GrpcJsStatus): void {
    const header = this.#header
    // As grpc-js answers what it cannot serialise; the handler has done its work all the same.
    if (this.#failure !== undefined)
      this.#done({
        code: grpcStatus.INTERNAL,
        details: `Error serializing response: ${this.#failure}`,
        header,
        trailer: [],
      })
    else
      this.#done({
        code,
        details,
        header,
        trailer: pairsOf(metadata),
        message: code === grpcStatus.OK ? this.#message : undefined,
      })
  }
}
