import { PassThrough, type Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import type { Answer, Captured, HttpRequest, Perform, Reply } from '../http/message.ts'
import type { Admission, HttpEngine } from '../http/engine.ts'
import { peekBody } from '../http/node/body.ts'
import { writeAnswer } from '../http/node/write-answer.ts'
import { Collect } from './collect.ts'
import type { Exchange, GatewayContext, GatewayRequest } from './context.ts'
import { Pipe } from './pipe.ts'
import { failureAnswer, failureOf, passFailureAnswer } from './problems.ts'
import { givenUpAfterMs, type PolicyConfig } from './schema.ts'
import { type Outgoing, send } from './sending.ts'

/** A request of a client as an engine sees it. */
class ClientRequest implements HttpRequest<GatewayRequest> {
  readonly method: string
  readonly target: string
  readonly template: string | undefined
  readonly native: GatewayRequest = { caller: '' }
  readonly #request: IncomingMessage

  constructor(request: IncomingMessage, template: string | undefined) {
    this.#request = request
    this.method = request.method ?? 'GET'
    this.target = request.url ?? '/'
    this.template = template
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
}

/** What holds for a request, and the template that stands for its path. */
interface Place {
  readonly policy: PolicyConfig
  readonly template: string | undefined
}

/** Sends a request on, guarded or not. Rejects only for faults of the gateway's own. */
export async function forward(context: GatewayContext, exchange: Exchange, place: Place): Promise<void> {
  const { policy, template } = place
  const engine = context.engines.get(policy)
  if (engine === undefined) return pass(context, exchange, { policy })
  const client = new ClientRequest(exchange.request, template)
  const admission = engine.admit(client)
  if (admission.kind === 'pass') return pass(context, exchange, { policy })
  if (admission.kind === 'refuse') return refuse(exchange, admission.answer)
  await forwardGuarded(context, exchange, { engine, client, policy, admission })
}

interface Guarded {
  readonly engine: HttpEngine<GatewayRequest>
  readonly client: ClientRequest
  readonly policy: PolicyConfig
  readonly admission: Admission<GatewayRequest> & { readonly kind: 'guard' }
}

async function forwardGuarded(context: GatewayContext, exchange: Exchange, guarded: Guarded): Promise<void> {
  const { request, response } = exchange
  const { engine, client, policy, admission } = guarded
  if (Number(request.headers['content-length']) > engine.maxBodyBytes)
    return refuse(exchange, tooLarge(engine))
  client.native.caller = await context.nameCaller(request)
  if (exchange.expectsContinue) response.writeContinue()
  const body = await peekBody(request, engine.maxBodyBytes)
  // Nothing was sent on of what was never whole.
  if (body.kind === 'cut') return
  if (body.kind === 'too-large') return refuse(exchange, tooLarge(engine))
  const perform: Perform = ({ number }) =>
    sendGuarded(context, exchange, { policy, body: body.bytes, number })
  const reply = await engine.answer(admission.head, { bytes: body.bytes }, perform)
  if (reply.kind === 'pass') return pass(context, exchange, { policy, whole: body.bytes })
  giveAnswer(context, exchange, { reply, policy })
}

function giveAnswer(
  { config, onError }: GatewayContext,
  { response }: Exchange,
  { reply, policy }: { readonly reply: Exclude<Reply, { kind: 'pass' }>; readonly policy: PolicyConfig },
): void {
  if (reply.kind === 'live') return
  if (reply.kind === 'threw') {
    onError(reply.error)
    return writeAnswer(response, reply.answer)
  }
  const failure = failureOf(reply.answer)
  if (failure === undefined) return writeAnswer(response, reply.answer, reply.source === 'replay')
  const { safety } = policy
  writeAnswer(response, failureAnswer(config.docsUrl, { failure, safety, ref: reply.ref }))
}

interface Sent {
  readonly policy: PolicyConfig
  readonly body: Uint8Array
  readonly number: number
}

/**
 * Sends once, and gives what came of it. The client plays no part in it: one that leaves meanwhile finds the answer when
 * it asks again.
 */
function sendGuarded(
  context: GatewayContext,
  exchange: Exchange,
  { policy, body, number }: Sent,
): Promise<Captured> {
  const { config, pool, rules } = context
  const { limits, timeouts } = config
  const answerMs = policy.safety.kind === 'blind' ? timeouts.lateMs : policy.answerMs + givenUpAfterMs
  return new Promise((resolve) => {
    const receiver = new Collect({
      attempt: number,
      maxBytes: limits.answerBytes,
      settle: resolve,
      pipe: (ended, broke) =>
        new Pipe(exchange.response, {
          idleMs: timeouts.idleMs,
          onLeave: 'drain',
          ended,
          failed: (_, error) => broke(error),
        }),
    })
    const outgoing = outgoingOf(context, exchange, {
      body: body.byteLength === 0 ? null : body,
      answerMs,
      beginMs: rules.beginMs(policy.answerMs),
    })
    send(pool, rules, { outgoing, receiver })
  })
}

interface Passing {
  readonly policy: PolicyConfig
  /** The body, where it has been read. */
  readonly whole?: Uint8Array
}

/** Passes a request on as it comes, and its answer as that comes. */
function pass(context: GatewayContext, exchange: Exchange, { policy, whole }: Passing): void {
  const { config, pool, rules } = context
  const { request, response } = exchange
  if (exchange.expectsContinue && whole === undefined) response.writeContinue()
  const body = whole ?? streamOf(request)
  const receiver = new Pipe(response, {
    idleMs: config.timeouts.idleMs,
    onLeave: 'stop',
    failed: (failure) => {
      if (response.headersSent || response.destroyed) return
      refuse(exchange, passFailureAnswer(config.docsUrl, failure))
    },
  })
  const outgoing = outgoingOf(context, exchange, {
    body,
    answerMs: policy.answerMs,
    beginMs: rules.beginMs(policy.answerMs),
  })
  send(pool, rules, { outgoing, receiver })
}

/** The body of a request by itself: what becomes of it on the way leaves the client's connection as it is. */
function streamOf(request: IncomingMessage): Readable | null {
  const { headers } = request
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return null
  const body = new PassThrough()
  request.pipe(body)
  request.on('close', () => {
    if (!request.complete) body.destroy(new Error('the client left'))
  })
  return body
}

function outgoingOf(
  { config, rules }: GatewayContext,
  { request }: Exchange,
  { body, answerMs, beginMs }: Pick<Outgoing, 'body' | 'answerMs' | 'beginMs'>,
): Outgoing {
  const { headers: given, rawHeaders, socket } = request
  const headers = rules.requestHeaders(rawHeaders, given.connection, {
    address: socket.remoteAddress ?? 'unknown',
    host: given.host ?? '',
    forwarded: config.forwarded,
  })
  const length = given['content-length']
  if (body instanceof PassThrough && length !== undefined) headers.push('content-length', length)
  return { method: request.method ?? 'GET', path: request.url ?? '/', headers, body, answerMs, beginMs }
}

function tooLarge({ problem, maxBodyBytes }: HttpEngine<GatewayRequest>): Answer {
  return problem('body-too-large', { detail: `At most ${maxBodyBytes} bytes are taken here.` })
}

/** Answers without having read the body; what is left of it is not taken for another request. */
export function refuse({ request, response }: Exchange, answer: Answer): void {
  if (!request.complete) response.setHeader('connection', 'close')
  writeAnswer(response, answer)
}
