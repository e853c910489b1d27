import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpEngine } from '../engine.ts'
import type { Answer, HttpAttempt, HttpBody, HttpRequest, Perform, Reply } from '../message.ts'
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
  readonly body?: (() => HttpBody) | undefined
  /**
   * Goes on to the handler, once at most; `attempt` is absent where the request is not guarded. It may return before the
   * response is written. What it throws, or rejects with, counts as thrown by the handler.
   */
  proceed(attempt: HttpAttempt | undefined): unknown
  /**
   * The handler threw, and that is recorded: the framework may answer, on a response that is as it was before. Without
   * it a problem is sent and `onError` of the options is told.
   */
  thrown?(error: unknown): unknown
}

class NodeRequest<Native> implements HttpRequest<Native> {
  readonly method: string
  readonly target: string
  readonly template: string | undefined
  readonly native: Native
  readonly #request: IncomingMessage

  constructor({ request, native, target, template }: NodeExchange<Native>) {
    this.#request = request as IncomingMessage
    this.native = native
    this.method = request.method ?? 'GET'
    this.target = target ?? request.url ?? '/'
    this.template = template
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
}

/**
 * Puts an engine in front of whatever writes to a node response: the one place for Express, Koa, Nest, Fastify's raw
 * responses and plain `node:http`. Resolves when the answer has been handed to node, or the request was passed on.
 */
export async function serveNode<Native>(
  engine: HttpEngine<Native>,
  exchange: NodeExchange<Native>,
): Promise<void> {
  const admission = engine.admit(new NodeRequest(exchange))
  if (admission.kind === 'pass') {
    await exchange.proceed(undefined)
    return
  }
  if (admission.kind === 'refuse') return writeAnswer(responseOf(exchange), admission.answer)
  const body = exchange.body === undefined ? await bodyOf(engine, exchange) : exchange.body()
  if (body === undefined) return
  let capture: NodeCapture | undefined
  const perform: Perform = (attempt) => {
    capture = new NodeCapture(responseOf(exchange), engine.maxAnswerBytes)
    proceed(exchange, attempt, capture)
    return capture.captured
  }
  const reply = await engine.answer(admission.head, body, perform)
  await send(engine, exchange, { reply, capture })
}

function responseOf({ response }: Pick<NodeExchange, 'response'>): ServerResponse {
  return response as ServerResponse
}

function proceed<Native>(exchange: NodeExchange<Native>, attempt: HttpAttempt, capture: NodeCapture): void {
  try {
    const running = exchange.proceed(attempt)
    if (isThenable(running)) running.then(undefined, (error: unknown) => capture.fail(error))
  } catch (error) {
    capture.fail(error)
  }
}

/** Frameworks have promises of their own. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** `undefined` where there is nothing left to do: the client has gone, or has been refused. */
async function bodyOf<Native>(
  engine: HttpEngine<Native>,
  exchange: NodeExchange<Native>,
): Promise<HttpBody | undefined> {
  const response = responseOf(exchange)
  const reading = await peekBody(exchange.request as IncomingMessage, engine.maxBodyBytes)
  if (reading.kind === 'read') return reading
  if (reading.kind === 'too-large') {
    const detail = `At most ${engine.maxBodyBytes} bytes are taken here.`
    // The rest of the body is not read.
    response.setHeader('connection', 'close')
    writeAnswer(response, engine.problem('body-too-large', { detail }))
  }
  return undefined
}

async function send<Native>(
  engine: HttpEngine<Native>,
  exchange: NodeExchange<Native>,
  { reply, capture }: { readonly reply: Reply; readonly capture: NodeCapture | undefined },
): Promise<void> {
  const response = responseOf(exchange)
  const put = (answer: Answer): void => {
    if (capture === undefined) writeAnswer(response, answer)
    else if (capture.holds(answer)) capture.sendHeld()
    else capture.sendInstead(answer)
  }
  switch (reply.kind) {
    case 'pass':
      await exchange.proceed(undefined)
      return
    case 'answer':
      return reply.source === 'replay' ? writeAnswer(response, reply.answer, true) : put(reply.answer)
    case 'threw':
      if (exchange.thrown === undefined) {
        engine.onError(reply.error)
        return put(reply.answer)
      }
      capture?.release()
      await exchange.thrown(reply.error)
      return
    case 'live':
  }
}
