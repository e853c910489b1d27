import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

export type Callback = (error?: Error | null) => void
export type Chunk = string | Uint8Array
export type Encoding = BufferEncoding | Callback | null | undefined
export type Head = OutgoingHttpHeaders | OutgoingHttpHeader[]

/** Who is told what is written to a response. */
export interface Captor {
  /** What `headersSent` reads before anything is sent: whether the writer takes the head for sent. */
  readonly hasBegun: boolean
  write(chunk: Chunk, encoding?: Encoding, callback?: Callback | null): boolean
  end(chunk?: Chunk | Callback | null, encoding?: Encoding, callback?: Callback | null): ServerResponse
  writeHead(status: number, reason?: string | Head, headers?: Head): ServerResponse
  beginHead(): void
  destroy(error?: Error): ServerResponse
  emit(event: string | symbol, ...values: unknown[]): boolean
}

/** The methods that a response has when it is captured, in the one form in which they are called here. */
export class OwnMethods {
  readonly write: (this: ServerResponse, chunk: Chunk, done?: Callback) => boolean
  readonly end: (this: ServerResponse, chunk?: Chunk, done?: Callback) => unknown
  readonly writeHead: (this: ServerResponse, status: number, headers: OutgoingHttpHeaders) => unknown
  readonly flushHeaders: () => void
  readonly destroy: (this: ServerResponse, error?: Error) => unknown
  readonly emit: (this: ServerResponse, event: string | symbol, ...values: unknown[]) => boolean
  /** Whoever captures the response already: a guard in front of this one. */
  readonly #outer: Captor | undefined

  constructor(response: ServerResponse) {
    const own = response as unknown as OwnMethods
    const outer = own.write === (write as unknown) ? (response as Captive)[captorOf] : undefined
    this.#outer = outer
    this.write = outer?.write.bind(outer) ?? own.write
    this.end = outer?.end.bind(outer) ?? own.end
    this.writeHead = outer?.writeHead.bind(outer) ?? own.writeHead
    this.flushHeaders = outer?.beginHead.bind(outer) ?? own.flushHeaders
    this.destroy = outer?.destroy.bind(outer) ?? own.destroy
    this.emit = outer?.emit.bind(outer) ?? own.emit
  }

  restore(response: ServerResponse): void {
    const captive = response as unknown as { -readonly [Name in keyof OwnMethods]: OwnMethods[Name] }
    captive.write = this.write
    captive.end = this.end
    captive.writeHead = this.writeHead
    captive.flushHeaders = this.flushHeaders
    captive.destroy = this.destroy
    captive.emit = this.emit
    if (this.#outer !== undefined) Object.assign(response, { [captorOf]: this.#outer })
  }
}

const captorOf: unique symbol = Symbol('onceward.captor')
type Captive = ServerResponse & { [captorOf]: Captor }

/**
 * Has `captor` told of what is written. All responses get the same functions, so that they stay of one shape to the
 * engine that runs them: a function of its own on each made an answer take several times as long.
 */
export function capture(response: ServerResponse, captor: Captor): void {
  Object.assign(response as Captive, { [captorOf]: captor })
  captureBody(response)
  response.writeHead = writeHead
  response.flushHeaders = flushHeaders
  response.emit = emit
  // It stays there: an object that has lost a property is slow from then on.
  if (!Object.hasOwn(response, 'headersSent')) Object.defineProperty(response, 'headersSent', headersSent)
}

/** The same for what comes behind a head that has been sent. */
export function captureBody(response: ServerResponse): void {
  response.write = write as ServerResponse['write']
  response.end = end as ServerResponse['end']
  response.destroy = destroy
}

function write(this: Captive, ...written: Parameters<Captor['write']>): boolean {
  return this[captorOf].write(...written)
}

function end(this: Captive, ...written: Parameters<Captor['end']>): ServerResponse {
  return this[captorOf].end(...written)
}

function writeHead(this: Captive, ...head: Parameters<Captor['writeHead']>): ServerResponse {
  return this[captorOf].writeHead(...head)
}

function flushHeaders(this: ServerResponse): void {
  ;(this as Captive)[captorOf].beginHead()
}

function destroy(this: Captive, error?: Error): ServerResponse {
  return this[captorOf].destroy(error)
}

function emit(this: Captive, event: string | symbol, ...values: unknown[]): boolean {
  return this[captorOf].emit(event, ...values)
}

const headersSent: PropertyDescriptor = {
  get(this: Captive): boolean {
    const prototype = Object.getPrototypeOf(this) as object
    return this[captorOf].hasBegun || Reflect.get(prototype, 'headersSent', this) === true
  },
  configurable: true,
}

/** Once another head has been sent, only what the writer has done counts. */
export const headersSentUnseen: PropertyDescriptor = {
  get(this: Captive): boolean {
    return this[captorOf].hasBegun
  },
  configurable: true,
}
