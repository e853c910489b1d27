import { isUtf8 } from 'node:buffer'
import type { Answer, Captured } from '../http/message.ts'
import type { SendFailure } from './decisions.ts'
import type { Pipe } from './pipe.ts'
import type { Flow, Receiver } from './sending.ts'

/** An answer of the upstream, or one of the gateway's own in its place. */
export interface SentAnswer extends Answer {
  /** Of which attempt it is. */
  readonly attempt: number
  /** There was none: how the send ended. It is worded once the entry is known. */
  readonly failure?: SendFailure
}

export interface CollectOptions {
  readonly attempt: number
  readonly maxBytes: number
  /** Takes over where an answer is larger than is kept. */
  readonly pipe: (ended: (bytes: number) => void, failed: (error: Error) => void) => Pipe
  readonly settle: (captured: Captured) => void
}

/** Reads an answer whole, so that it is recorded before it is sent; one over the bound is passed on from there. */
export class Collect implements Receiver {
  readonly #options: CollectOptions
  readonly #chunks: Uint8Array[] = []
  #bytes = 0
  #head: { readonly status: number; readonly headers: Answer['headers'] } = { status: 502, headers: [] }
  #flow: Flow | undefined
  #pipe: Pipe | undefined

  constructor(options: CollectOptions) {
    this.#options = options
  }

  head(
    { status, headers }: { readonly status: number; readonly headers: Answer['headers'] },
    flow: Flow,
  ): void {
    this.#head = { status, headers: headers.filter(([name]) => name !== 'idempotency-replayed') }
    this.#flow = flow
  }

  data(chunk: Uint8Array): void {
    if (this.#pipe !== undefined) return this.#pipe.data(chunk)
    this.#chunks.push(chunk)
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#options.maxBytes) this.#goLive()
  }

  end(): void {
    if (this.#pipe !== undefined) return this.#pipe.end()
    const [only] = this.#chunks
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks)
    const headers = this.#head.headers.filter(([name]) => name !== 'content-length')
    // Text goes to the socket in one piece with the head, and into the ledger as it is.
    const kept = isUtf8(body)
      ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
      : body
    this.#settle({ status: this.#head.status, headers, body: kept, attempt: this.#options.attempt })
  }

  failed(failure: SendFailure, error: Error): void {
    if (this.#pipe !== undefined) return this.#pipe.failed(failure, error)
    this.#settle({ status: 502, headers: [], body: '', attempt: this.#options.attempt, failure })
  }

  #settle(answer: SentAnswer): void {
    this.#options.settle({ kind: 'answer', answer })
  }

  #goLive(): void {
    const { settle, attempt, pipe } = this.#options
    const way = Promise.withResolvers<number>()
    // Its rejection is looked at once the reply has been given; until then it is nobody's.
    way.promise.catch(() => undefined)
    this.#pipe = pipe(way.resolve, way.reject)
    this.#pipe.head(this.#head, this.#flow as Flow)
    for (const chunk of this.#chunks.splice(0)) this.#pipe.data(chunk)
    settle({ kind: 'live', head: { ...this.#head, attempt } as SentAnswer, done: way.promise })
  }
}
