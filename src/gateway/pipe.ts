import type { ServerResponse } from 'node:http'
import type { HeaderPairs } from '../http/message.ts'
import type { SendFailure } from './decisions.ts'
import type { Flow, Receiver } from './sending.ts'

export interface PipeOptions {
  /** How long a client may take nothing of what is there for it. */
  readonly idleMs: number
  /** What becomes of the upstream's answer when the client leaves: broken off, or read to its end all the same. */
  readonly onLeave: 'stop' | 'drain'
  /** The whole answer has come; how many bytes. */
  readonly ended?: (bytes: number) => void
  /** It broke off. Where no head was sent, it is still to be answered. */
  readonly failed: (failure: SendFailure, error: Error) => void
}

/** Passes an answer on as it comes, as fast as the client takes it. */
export class Pipe implements Receiver {
  readonly #response: ServerResponse
  readonly #options: PipeOptions
  #flow: Flow | undefined
  #bytes = 0
  #isLeft = false
  #timer: NodeJS.Timeout | undefined

  constructor(response: ServerResponse, options: PipeOptions) {
    this.#response = response
    this.#options = options
  }

  head({ status, headers }: { readonly status: number; readonly headers: HeaderPairs }, flow: Flow): void {
    this.#flow = flow
    const response = this.#response
    if (response.destroyed || response.headersSent) return this.#leave()
    response.on('close', () => {
      if (!response.writableFinished) this.#leave()
    })
    response.writeHead(
      status,
      headers.flatMap((pair) => [...pair]),
    )
  }

  data(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    if (this.#isLeft || this.#response.write(chunk)) return
    this.#flow?.pause()
    this.#timer = setTimeout(() => this.#response.destroy(), this.#options.idleMs)
    this.#response.once('drain', () => this.#go())
  }

  end(): void {
    if (!this.#isLeft) this.#response.end()
    this.#options.ended?.(this.#bytes)
  }

  failed(failure: SendFailure, error: Error): void {
    // The client sees that the answer is not whole.
    if (this.#response.headersSent) this.#response.destroy()
    this.#options.failed(failure, error)
  }

  #go(): void {
    clearTimeout(this.#timer)
    this.#flow?.resume()
  }

  #leave(): void {
    if (this.#isLeft) return
    this.#isLeft = true
    if (this.#options.onLeave === 'stop') this.#flow?.stop()
    else this.#go()
  }
}
