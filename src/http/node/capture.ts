import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { utf8Bytes } from '../../kernel/bytes.ts'
import type { Answer, Captured } from '../message.ts'
import { replayedHeader } from '../replayed.ts'
import {
  type Callback,
  type Captor,
  capture,
  captureBody,
  type Chunk,
  type Encoding,
  type Head,
  OwnMethods,
} from './captive.ts'
import { checkedHeaders, detachHead, pairsOf, setHeaders } from './head.ts'

/**
 * What is written to a response is held back until it is whole and may be sent. Whoever writes sees a response that
 * takes everything at once, and is not told that the client has left before its answer is whole: whatever pipes would stop
 * at that, and the retry would find nothing. An answer larger than `maxBytes` is let through from there on.
 *
 * holding → held → sent, or holding → live → sent.
 */
export class NodeCapture implements Captor {
  /** What was answered. Rejects when its writer destroys the response, or with what `fail` is told. */
  readonly captured: Promise<Captured>
  readonly #response: ServerResponse
  readonly #maxBytes: number
  readonly #own: OwnMethods
  /** Of whoever came before: it is not the handler's. */
  readonly #statusBefore: number
  readonly #headersBefore: OutgoingHttpHeaders
  readonly #chunks: Chunk[] = []
  #onSent: Callback | undefined
  #bytes = 0
  /** What `writeHead` was given, where nothing else has set a header: it is handed on as it came. */
  #given: OutgoingHttpHeaders | undefined
  /** The writer takes the head for sent. */
  #hasBegun = false
  #state: 'holding' | 'held' | 'live' | 'sent' = 'holding'
  #isReplaced = false
  /** The client has left, and the writer does not know yet. */
  #isCloseHidden = false
  #answer: Answer | undefined
  #resolve!: (captured: Captured) => void
  #reject!: (error: unknown) => void
  #live: { end(bytes: number): void; fail(error: unknown): void } | undefined

  constructor(response: ServerResponse, maxBytes: number) {
    this.#response = response
    this.#maxBytes = maxBytes
    this.#statusBefore = response.statusCode
    this.#headersBefore = response.getHeaders()
    this.#own = new OwnMethods(response)
    this.captured = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    capture(response, this)
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Whether this is the very answer that is held back. */
  holds(answer: Answer): boolean {
    return this.#state === 'held' && this.#answer === answer
  }

  /** The handler threw: what it has written is no answer. A live answer is broken off. */
  fail(error: unknown): void {
    if (this.#live === undefined) return this.#reject(error)
    this.#live.fail(error)
    if (this.#state === 'live') this.#own.destroy.call(this.#response)
  }

  /** Sends what was held back, as it was written. */
  sendHeld(): void {
    this.#restore()
    const response = this.#response
    if (this.#given !== undefined) this.#own.writeHead.call(response, response.statusCode, this.#given)
    this.#own.end.call(response, this.#body(), this.#onSent)
  }

  /**
   * Sends another answer in place of what was, or may still be, written. A handler that is still at work goes on
   * writing to a response that is never sent, and its answer is still captured.
   */
  sendInstead(write: () => void): void {
    const isOpen = this.#state === 'holding'
    const late = isOpen ? this.#head() : undefined
    const { statusCode, socket } = this.#response
    this.#restore()
    this.#resetHead()
    write()
    this.#isReplaced = true
    // Frameworks do not write to what has ended. A response that still waits for its socket has to know that it has.
    if (isOpen && socket !== null) Reflect.set(this.#response, 'finished', false)
    this.#response.statusCode = statusCode
    detachHead(this.#response, late?.headers ?? [])
    this.#state = isOpen ? 'holding' : 'held'
    capture(this.#response, this)
  }

  /** Gives the response back as it was before the handler had it. */
  release(): void {
    this.#restore()
    this.#resetHead()
  }

  #restore(): void {
    this.#state = 'sent'
    const response = this.#response
    this.#hasBegun = false
    this.#own.restore(response)
    Reflect.set(response, 'finished', false)
    if (this.#isCloseHidden) this.#tellClosed()
  }

  #resetHead(): void {
    const response = this.#response
    this.#given = undefined
    response.statusCode = this.#statusBefore
    response.statusMessage = ''
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    for (const [name, value] of Object.entries(this.#headersBefore)) {
      if (value !== undefined) response.setHeader(name, value)
    }
  }

  #body(): Chunk {
    const [only] = this.#chunks
    if (only === undefined) return ''
    if (this.#chunks.length === 1) return only
    return Buffer.concat(
      this.#chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)),
    )
  }

  write(chunk: Chunk, encoding?: Encoding, callback?: Callback | null): boolean {
    const piece = pieceOf(chunk, encoding)
    const done = (typeof encoding === 'function' ? encoding : callback) ?? undefined
    if (this.#state === 'live') {
      this.#bytes += bytesIn(piece)
      return this.#own.write.call(this.#response, piece, done)
    }
    if (this.#state === 'holding') {
      this.beginHead()
      this.#keep(piece)
    }
    if (done !== undefined) process.nextTick(done)
    return true
  }

  end(chunk?: Chunk | Callback | null, encoding?: Encoding, callback?: Callback | null): ServerResponse {
    const hasChunk = typeof chunk !== 'function' && chunk !== undefined && chunk !== null
    const given = typeof chunk === 'function' ? chunk : typeof encoding === 'function' ? encoding : callback
    // Fastify says null where it has none.
    const done = given ?? undefined
    if (hasChunk && this.#state === 'holding') this.#keep(pieceOf(chunk, encoding))
    else if (hasChunk && this.#state === 'live') this.write(chunk, encoding)
    if (this.#state === 'live') {
      this.#state = 'sent'
      this.#own.end.call(this.#response, undefined, done)
      this.#live?.end(this.#bytes)
    } else if (this.#state === 'holding') this.#hold(done)
    return this.#response
  }

  #hold(done: Callback | undefined): void {
    this.#state = 'held'
    this.#onSent = done
    // What `writableEnded` reads.
    Reflect.set(this.#response, 'finished', true)
    this.#answer = { ...this.#head(), body: this.#body() }
    this.#resolve({ kind: 'answer', answer: this.#answer })
  }

  #keep(piece: Chunk): void {
    if (piece.length === 0) return
    this.#chunks.push(piece)
    this.#bytes += bytesIn(piece)
    if (this.#bytes <= this.#maxBytes) return
    if (this.#isReplaced) this.#reject(new Error('a late answer is too large to be kept'))
    else this.#goLive()
  }

  #goLive(): void {
    const head = this.#head()
    const body = this.#body()
    if (this.#given !== undefined) this.#mergeHead()
    this.#restore()
    this.#state = 'live'
    const response = this.#response
    captureBody(response)
    const done = new Promise<number>((resolve, reject) => {
      this.#live = { end: resolve, fail: reject }
    })
    response.once('close', () => this.#live?.fail(new Error('the client left before the answer was whole')))
    this.#own.write.call(response, body)
    this.#resolve({ kind: 'live', head, done })
  }

  writeHead(status: number, reason?: string | Head, headers?: Head): ServerResponse {
    if (this.#state !== 'holding') return this.#response
    this.#response.statusCode = status
    if (typeof reason === 'string') this.#response.statusMessage = reason
    const given = typeof reason === 'string' ? headers : reason
    if (this.#given !== undefined) this.#mergeHead()
    if (this.#mayKeep(given)) this.#given = checkedHeaders(given)
    else setHeaders(this.#response, given)
    this.beginHead()
    return this.#response
  }

  /**
   * Headers that stand alone, and say how long the body is, are sent as they are: to set each of them would be most of the
   * work of an answer.
   */
  #mayKeep(given: Head | undefined): given is OutgoingHttpHeaders {
    if (given === undefined || Array.isArray(given) || this.#isReplaced) return false
    return given['content-length'] !== undefined && this.#response.req.httpVersionMajor < 2
  }

  /** Sets what `writeHead` was given. */
  #mergeHead(): void {
    const given = this.#given
    this.#given = undefined
    setHeaders(this.#response, given)
  }

  /** From here on the writer takes the head for sent; error handlers look at that. */
  beginHead(): void {
    if (this.#state === 'holding') this.#hasBegun = true
  }

  emit(event: string | symbol, ...values: unknown[]): boolean {
    if (this.#state === 'holding') {
      if (event === 'close') return this.#hideClosed()
      if (event === 'pipe') this.#watch(values[0] as Readable)
    }
    return this.#own.emit.call(this.#response, event, ...values)
  }

  #hideClosed(): boolean {
    this.#isCloseHidden = true
    setClosed(this.#response, false)
    return true
  }

  #tellClosed(): void {
    this.#isCloseHidden = false
    setClosed(this.#response, true)
    process.nextTick(() => this.#own.emit.call(this.#response, 'close'))
  }

  /** Some close what they pipe with the connection, and end nothing: `send`, Koa. */
  #watch(source: Readable): void {
    source.once('close', () => {
      if (!source.readableEnded) this.fail(new Error('the stream of the answer was closed before its end'))
    })
  }

  /** What is still held back can be taken back, and the client gets another answer; what is on its way is broken off. */
  destroy(error?: Error): ServerResponse {
    const isHeldBack = this.#state === 'holding' || this.#state === 'held'
    this.fail(error ?? new Error('the handler destroyed its response'))
    if (!isHeldBack) this.#own.destroy.call(this.#response, error)
    return this.#response
  }

  #head(): Omit<Answer, 'body'> {
    const response = this.#response
    if (this.#given !== undefined && response.getHeaderNames().length > 0) this.#mergeHead()
    if (this.#given !== undefined) return { status: response.statusCode, headers: pairsOf(this.#given) }
    response.removeHeader(replayedHeader)
    return { status: response.statusCode, headers: pairsOf(response.getHeaders()) }
  }
}

/** What node sets when the connection is closed, and what pipes look at. */
function setClosed(response: ServerResponse, isClosed: boolean): void {
  Reflect.set(response, 'destroyed', isClosed)
  Reflect.set(response, '_closed', isClosed)
}

/** Text stays text where it is UTF-8. */
function pieceOf(chunk: Chunk, encoding: Encoding): Chunk {
  if (typeof chunk !== 'string' || typeof encoding !== 'string') return chunk
  return /^utf-?8$/i.test(encoding) ? chunk : Buffer.from(chunk, encoding)
}

function bytesIn(piece: Chunk): number {
  return typeof piece === 'string' ? utf8Bytes(piece) : piece.byteLength
}
