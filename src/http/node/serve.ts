import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpEngine } from '../engine.ts'
import type { Answer, Captured, HttpAttempt, HttpBody, HttpRequest, Reply } from '../message.ts'
import { peekBody } from './body.ts'
import type { NodeRequestLike, NodeResponseLike } from './types.ts'
import { NodeCapture } from './capture.ts'
import { writeAnswer } from './write-answer.ts'

/** One request of `node:http`, or of a framework on top of it. */
export interface NodeExchange<Native = unknown> {
  /** An `IncomingMessage`. */
  readonly request: NodeRequestLike
  /** Its `ServerResponse`. */
  readonly response: NodeResponseLike
  /** What the functions of the options are given. */
  readonly native: Native
  /** Path and query as they were sent. Default `request.url`; frameworks that mount cut it, and keep another. */
  readonly target?: string | undefined
  /** `/orders/:id`, where the router has it by now. */
  readonly template?: string | undefined
  /** Where the framework has read the body already. Default: it is read here, and put back (HTTP/1.1). */
  readonly body?: (() => HttpBody | undefined) | undefined
  /**
   * Goes on to the handler, once at most; `attempt` is absent where the request is not guarded. It may return before the
   * response is written. What it throws, rejects with, or tells `fail`, counts as thrown by the handler.
   */
  proceed(attempt: HttpAttempt | undefined, fail: (error: unknown) => void): unknown
  /**
   * Called right before an answer is written that is not the handler's: for a framework that keeps headers to itself, or
   * has to be told that it need not answer.
   */
  prepare?(): unknown
  /**
   * The handler threw, and that is recorded: the framework may answer, on a response that is as it was before. Without
   * it, or where it gives `false`, a problem is sent and `onError` of the options is told.
   */
  thrown?(error: unknown): unknown
}

/**
 * Puts an engine in front of whatever writes to a node response: the one place for Express, Koa, Nest, Fastify's raw
 * responses and plain `node:http`. Resolves when the answer has been handed to node, or the request was passed on.
 */
export function serveNode<Native>(engine: HttpEngine<Native>, exchange: NodeExchange<Native>): Promise<void> {
  return new NodeServing(engine, exchange).serve()
}

/** One request on its way through an engine, and what the engine sees of it. */
class NodeServing<Native> implements HttpRequest<Native> {
  readonly method: string
  readonly target: string
  readonly template: string | undefined
  readonly native: Native
  readonly #engine: HttpEngine<Native>
  readonly #exchange: NodeExchange<Native>
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #capture: NodeCapture | undefined

  constructor(engine: HttpEngine<Native>, exchange: NodeExchange<Native>) {
    const { request, response, native, target, template } = exchange
    this.#engine = engine
    this.#exchange = exchange
    this.#request = request as IncomingMessage
    this.#response = response as ServerResponse
    this.native = native
    this.method = request.method ?? 'GET'
    this.target = target ?? request.url ?? '/'
    this.template = template
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  async serve(): Promise<void> {
    const admission = this.#engine.admit(this)
    if (admission.kind === 'pass') {
      await this.#exchange.proceed(undefined, ignore)
      return
    }
    if (admission.kind === 'refuse') return this.#write(admission.answer)
    const known = this.#exchange.body?.()
    const body = known === undefined ? await this.#readBody() : this.#bounded(known)
    if (body === undefined) return
    const reply = await this.#engine.answer(admission.head, body, (attempt) => this.#perform(attempt))
    if (reply.kind === 'answer') this.#answer(reply)
    else await this.#goOn(reply)
  }

  #perform(attempt: HttpAttempt): Promise<Captured> {
    const capture = new NodeCapture(this.#response, this.#engine.maxAnswerBytes)
    this.#capture = capture
    const fail = (error: unknown): void => capture.fail(error)
    try {
      const running = this.#exchange.proceed(attempt, fail)
      if (isThenable(running)) running.then(undefined, fail)
    } catch (error) {
      fail(error)
    }
    return capture.captured
  }

  /** `undefined` where there is nothing left to do: the client has gone, or has been refused. */
  async #readBody(): Promise<HttpBody | undefined> {
    const reading = await peekBody(this.#request, this.#engine.maxBodyBytes)
    if (reading.kind === 'read') return reading
    if (reading.kind === 'too-large') {
      // The rest of the body is not read.
      this.#response.setHeader('connection', 'close')
      this.#refuseBody()
    }
    return undefined
  }

  /** The same bound for a body that a parser has read: by its bytes, or by what the client said of them. */
  #bounded(body: HttpBody): HttpBody | undefined {
    const bytes = body.bytes?.byteLength ?? Number(this.header('content-length') ?? 0)
    if (bytes <= this.#engine.maxBodyBytes) return body
    this.#refuseBody()
    return undefined
  }

  #refuseBody(): void {
    const detail = `At most ${this.#engine.maxBodyBytes} bytes are taken here.`
    this.#write(this.#engine.problem('body-too-large', { detail }))
  }

  #answer({ source, answer }: Extract<Reply, { kind: 'answer' }>): void {
    if (source === 'replay') this.#write(answer, true)
    else this.#put(answer)
  }

  /** Where it is not the engine that answers, or not yet. */
  async #goOn(reply: Exclude<Reply, { kind: 'answer' }>): Promise<void> {
    switch (reply.kind) {
      case 'pass':
        await this.#exchange.proceed(undefined, ignore)
        return
      case 'threw': {
        this.#capture?.release()
        const exchange = this.#exchange
        if (exchange.thrown !== undefined && (await exchange.thrown(reply.error)) !== false) return
        this.#engine.onError(reply.error)
        return this.#put(reply.answer)
      }
      case 'live':
    }
  }

  #put(answer: Answer): void {
    const capture = this.#capture
    if (capture === undefined) return this.#write(answer)
    if (capture.holds(answer)) return capture.sendHeld()
    return capture.sendInstead(() => this.#write(answer))
  }

  #write(answer: Answer, isReplay = false): void {
    this.#exchange.prepare?.()
    writeAnswer(this.#response, answer, isReplay)
  }
}

/** Frameworks have promises of their own. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function ignore(): void {}
