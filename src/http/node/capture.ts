import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { utf8Bytes } from '../../kernel/bytes.ts'
import type { Answer, Captured, HeaderPairs } from '../message.ts'
import { replayedHeader } from '../replayed.ts'

type Callback = (error?: Error | null) => void
type Chunk = string | Uint8Array
type Encoding = BufferEncoding | Callback | null | undefined
/** The response's own methods, in the one form in which they are called here. */
interface Own {
  readonly write: (this: ServerResponse, chunk: Chunk, done?: Callback) => boolean
  readonly end: (this: ServerResponse, chunk?: Chunk, done?: () => void) => unknown
  readonly destroy: (this: ServerResponse, error?: Error) => unknown
  readonly emit: (this: ServerResponse, event: string | symbol, ...values: unknown[]) => boolean
  readonly writeHead: unknown
  readonly flushHeaders: unknown
}

/**
 * What is written to a response is held back until it is whole and may be sent. Whoever writes sees a response that
 * takes everything at once, and is not told that the client has left before its answer is whole: whatever pipes would stop
 * at that, and the retry would find nothing. An answer larger than `maxBytes` is let through from there on.
 *
 * holding → held → sent, or holding → live → sent.
 */
export class NodeCapture {
  /** What was answered. Rejects when its writer destroys the response, or with what `fail` is told. */
  readonly captured: Promise<Captured>
  readonly #response: ServerResponse
  readonly #maxBytes: number
  readonly #own: Own
  /** Headers of whoever came before: they are not the handler's. */
  readonly #before: { readonly status: number; readonly headers: OutgoingHttpHeaders }
  readonly #chunks: Chunk[] = []
  readonly #callbacks: Callback[] = []
  #bytes = 0
  #state: 'holding' | 'held' | 'live' | 'sent' = 'holding'
  #isReplaced = false
  /** The client has left, and the writer does not know yet. */
  #isCloseHidden = false
  #answer: Answer | undefined
  #settle!: { resolve(captured: Captured): void; reject(error: unknown): void }
  #live: { end(bytes: number): void; fail(error: unknown): void } | undefined

  constructor(response: ServerResponse, maxBytes: number) {
    this.#response = response
    this.#maxBytes = maxBytes
    this.#before = { status: response.statusCode, headers: response.getHeaders() }
    const { write, end, writeHead, flushHeaders, destroy, emit } = response as unknown as Own
    this.#own = { write, end, writeHead, flushHeaders, destroy, emit }
    this.captured = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.#attach()
  }

  #attach(): void {
    const response = this.#response
    response.write = this.#write.bind(this) as ServerResponse['write']
    response.end = this.#end.bind(this) as ServerResponse['end']
    response.writeHead = this.#writeHead.bind(this)
    response.flushHeaders = () => this.#beginHead()
    response.destroy = (error?: Error) => this.#destroy(error)
    response.emit = (event: string | symbol, ...values: unknown[]) => this.#emit(event, values)
  }

  /** Whether this is the very answer that is held back. */
  holds(answer: Answer): boolean {
    return this.#state === 'held' && this.#answer === answer
  }

  /** The handler threw: what it has written is no answer. A live answer is broken off. */
  fail(error: unknown): void {
    if (this.#live === undefined) return this.#settle.reject(error)
    this.#live.fail(error)
    if (this.#state === 'live') this.#own.destroy.call(this.#response)
  }

  /** Sends what was held back, as it was written. */
  sendHeld(): void {
    this.#restore()
    this.#own.end.call(this.#response, this.#body(), () => {
      for (const callback of this.#callbacks) callback()
    })
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
    this.#attach()
  }

  /** Gives the response back as it was before the handler had it. */
  release(): void {
    this.#restore()
    this.#resetHead()
  }

  #restore(): void {
    this.#state = 'sent'
    const response = this.#response
    Object.assign(response, this.#own)
    if (Object.hasOwn(response, 'headersSent')) Reflect.deleteProperty(response, 'headersSent')
    Reflect.set(response, 'finished', false)
    if (this.#isCloseHidden) this.#tellClosed()
  }

  #resetHead(): void {
    const response = this.#response
    response.statusCode = this.#before.status
    response.statusMessage = ''
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    for (const [name, value] of Object.entries(this.#before.headers)) {
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

  #write(chunk: Chunk, encoding?: Encoding, callback?: Callback | null): boolean {
    const piece = pieceOf(chunk, encoding)
    const done = (typeof encoding === 'function' ? encoding : callback) ?? undefined
    if (this.#state === 'live') {
      this.#bytes += bytesIn(piece)
      return this.#own.write.call(this.#response, piece, done)
    }
    if (this.#state === 'holding') {
      this.#beginHead()
      this.#keep(piece)
    }
    if (done !== undefined) process.nextTick(done)
    return true
  }

  #end(chunk?: Chunk | Callback | null, encoding?: Encoding, callback?: Callback | null): ServerResponse {
    const hasChunk = typeof chunk !== 'function' && chunk !== undefined && chunk !== null
    const given = typeof chunk === 'function' ? chunk : typeof encoding === 'function' ? encoding : callback
    // Fastify says null where it has none.
    const done = given ?? undefined
    if (hasChunk && this.#state === 'holding') this.#keep(pieceOf(chunk, encoding))
    else if (hasChunk && this.#state === 'live') this.#write(chunk, encoding)
    if (this.#state === 'live') {
      this.#state = 'sent'
      this.#own.end.call(this.#response, undefined, done)
      this.#live?.end(this.#bytes)
    } else if (this.#state === 'holding') this.#hold(done)
    return this.#response
  }

  #hold(done: Callback | undefined): void {
    this.#state = 'held'
    if (done !== undefined) this.#callbacks.push(done)
    // What `writableEnded` reads.
    Reflect.set(this.#response, 'finished', true)
    this.#answer = { ...this.#head(), body: this.#body() }
    this.#settle.resolve({ kind: 'answer', answer: this.#answer })
  }

  #keep(piece: Chunk): void {
    if (piece.length === 0) return
    this.#chunks.push(piece)
    this.#bytes += bytesIn(piece)
    if (this.#bytes <= this.#maxBytes) return
    if (this.#isReplaced) this.#settle.reject(new Error('a late answer is too large to be kept'))
    else this.#goLive()
  }

  #goLive(): void {
    const head = this.#head()
    const body = this.#body()
    this.#restore()
    this.#state = 'live'
    const response = this.#response
    response.write = this.#write.bind(this) as ServerResponse['write']
    response.end = this.#end.bind(this) as ServerResponse['end']
    response.destroy = (error?: Error) => this.#destroy(error)
    const done = new Promise<number>((resolve, reject) => {
      this.#live = { end: resolve, fail: reject }
    })
    response.once('close', () => this.#live?.fail(new Error('the client left before the answer was whole')))
    this.#own.write.call(response, body)
    this.#settle.resolve({ kind: 'live', head, done })
  }

  #writeHead(
    status: number,
    reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): ServerResponse {
    if (this.#state !== 'holding') return this.#response
    this.#response.statusCode = status
    if (typeof reason === 'string') this.#response.statusMessage = reason
    setHeaders(this.#response, typeof reason === 'string' ? headers : reason)
    this.#beginHead()
    return this.#response
  }

  /** From here on the writer takes the head for sent; error handlers look at that. */
  #beginHead(): void {
    if (this.#state !== 'holding') return
    Object.defineProperty(this.#response, 'headersSent', { value: true, configurable: true })
  }

  #emit(event: string | symbol, values: readonly unknown[]): boolean {
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
  #destroy(error?: Error): ServerResponse {
    const isHeldBack = this.#state === 'holding' || this.#state === 'held'
    this.fail(error ?? new Error('the handler destroyed its response'))
    if (!isHeldBack) this.#own.destroy.call(this.#response, error)
    return this.#response
  }

  #head(): Omit<Answer, 'body'> {
    this.#response.removeHeader(replayedHeader)
    return { status: this.#response.statusCode, headers: pairsOf(this.#response.getHeaders()) }
  }
}

/** What node sets when the connection is closed, and what pipes look at. */
function setClosed(response: ServerResponse, isClosed: boolean): void {
  Reflect.set(response, 'destroyed', isClosed)
  Reflect.set(response, '_closed', isClosed)
}

/** Gives the response a head of its own that is never sent: the real one is, and would throw at whoever still sets it. */
function detachHead(response: ServerResponse, headers: HeaderPairs): void {
  const unsent = new ServerResponse(response.req)
  for (const [name, value] of headers) unsent.appendHeader(name, value)
  for (const name of headMethods) {
    const method = unsent[name] as (...args: unknown[]) => unknown
    const value = (...args: unknown[]): unknown => {
      const result = method.apply(unsent, args)
      return result === unsent ? response : result
    }
    Object.defineProperty(response, name, { value, configurable: true, writable: true })
  }
  Object.defineProperty(response, 'headersSent', { value: false, configurable: true })
}

const headMethods = [
  'setHeader',
  'setHeaders',
  'appendHeader',
  'removeHeader',
  'getHeader',
  'getHeaders',
  'getHeaderNames',
  'hasHeader',
] as const

/** Text stays text where it is UTF-8. */
function pieceOf(chunk: Chunk, encoding: Encoding): Chunk {
  if (typeof chunk !== 'string' || typeof encoding !== 'string') return chunk
  return /^utf-?8$/i.test(encoding) ? chunk : Buffer.from(chunk, encoding)
}

function bytesIn(piece: Chunk): number {
  return typeof piece === 'string' ? utf8Bytes(piece) : piece.byteLength
}

function pairsOf(headers: OutgoingHttpHeaders): HeaderPairs {
  const pairs: [string, string][] = []
  for (const name in headers) {
    const value = headers[name]
    if (Array.isArray(value)) for (const one of value) pairs.push([name, one])
    else if (value !== undefined) pairs.push([name, String(value)])
  }
  return pairs
}

/** The headers of `writeHead`: an object, or a flat list of names and values. */
function setHeaders(response: ServerResponse, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): void {
  if (headers === undefined) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(name, value)
    }
    return
  }
  const flat = headers.flat() as OutgoingHttpHeader[]
  for (let at = 0; at + 1 < flat.length; at += 2) response.removeHeader(String(flat[at]))
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const value = flat[at + 1] as OutgoingHttpHeader
    response.appendHeader(String(flat[at]), Array.isArray(value) ? value : String(value))
  }
}
