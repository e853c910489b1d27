import { emptyBody } from '../answer.ts'
import type { HttpEngine } from '../engine.ts'
import type { Answer, HttpAttempt, HttpBody, HttpRequest, Reply } from '../message.ts'
import { replayedHeader } from '../replayed.ts'
import { captureResponse, responseOf, type ResponseCapture } from './capture.ts'

/** One request of a framework that answers with a `Response`. */
export interface FetchExchange<Native = unknown> {
  readonly request: Request
  /** What the functions of the options are given. */
  readonly native: Native
  /** `/orders/:id`, where the router has it. */
  readonly template?: string | undefined
  /** Where the framework has read the body already. Default: a copy of the request is read. */
  readonly body?: (() => HttpBody | Promise<HttpBody>) | undefined
  /** Runs the handler, once at most; `attempt` is absent where the request is not guarded. */
  proceed(attempt: HttpAttempt | undefined): Response | Promise<Response>
  /** The handler threw, and that is recorded: the framework may answer. Without it, a problem is sent. */
  thrown?(error: unknown): Response | Promise<Response>
}

class FetchRequest<Native> implements HttpRequest<Native> {
  readonly method: string
  readonly target: string
  readonly template: string | undefined
  readonly native: Native
  readonly #headers: Headers

  constructor({ request, native, template }: FetchExchange<Native>) {
    this.method = request.method
    this.#headers = request.headers
    this.native = native
    this.template = template
    this.target = targetOf(request.url)
  }

  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined
  }
}

/** Path and query of an absolute URL. */
function targetOf(url: string): string {
  const path = url.indexOf('/', url.indexOf('://') + 3)
  const fragment = url.indexOf('#')
  return path === -1 ? '/' : url.slice(path, fragment === -1 ? undefined : fragment)
}

/** Puts an engine in front of whatever answers with a `Response`: the one place for fetch handlers and Hono. */
export async function serveFetch<Native>(
  engine: HttpEngine<Native>,
  exchange: FetchExchange<Native>,
): Promise<Response> {
  const admission = engine.admit(new FetchRequest(exchange))
  if (admission.kind === 'pass') return exchange.proceed(undefined)
  if (admission.kind === 'refuse') return responseOf(admission.answer)
  const body = await (exchange.body === undefined ? bodyOf(engine, exchange.request) : exchange.body())
  if (body === 'too-large') {
    const detail = `At most ${engine.maxBodyBytes} bytes are taken here.`
    return responseOf(engine.problem('body-too-large', { detail }))
  }
  let response: Response | undefined
  let capture: ResponseCapture | undefined
  const reply = await engine.answer(admission.head, body, async (attempt) => {
    response = await exchange.proceed(attempt)
    capture = await captureResponse(response, engine.maxAnswerBytes)
    return capture.captured
  })
  return respond(engine, exchange, { reply, response, capture })
}

interface Answered {
  readonly reply: Reply
  readonly response: Response | undefined
  readonly capture: ResponseCapture | undefined
}

function respond<Native>(
  engine: HttpEngine<Native>,
  exchange: FetchExchange<Native>,
  { reply, response, capture }: Answered,
): Response | Promise<Response> {
  switch (reply.kind) {
    case 'pass':
      return exchange.proceed(undefined)
    case 'live':
      return capture?.live as Response
    case 'answer': {
      const { captured } = capture ?? {}
      const isOwn = captured?.kind === 'answer' && captured.answer === reply.answer
      return isOwn && response !== undefined
        ? sentAgain(response, reply.answer.body)
        : responseOf(reply.answer, reply.source === 'replay')
    }
    case 'threw':
      if (exchange.thrown !== undefined) return exchange.thrown(reply.error)
      engine.onError(reply.error)
      return responseOf(reply.answer)
  }
}

/** The handler's response, whose body has been read. */
function sentAgain(response: Response, body: Answer['body']): Response {
  const { status, statusText, headers } = response
  const given = body.length === 0 ? null : (body as string)
  const again = new Response(given, { status, statusText, headers })
  again.headers.delete(replayedHeader)
  return again
}

/** Reads a copy, so that the handler finds the request as it was. Rejects where the client goes away meanwhile. */
async function bodyOf<Native>(
  { maxBodyBytes }: HttpEngine<Native>,
  request: Request,
): Promise<HttpBody | 'too-large'> {
  if (request.body === null) return { bytes: emptyBody }
  if (Number(request.headers.get('content-length')) > maxBodyBytes) return 'too-large'
  const reader = (request.clone() as Request & { body: ReadableStream<Uint8Array> }).body.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { bytes: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks) }
    bytes += value.byteLength
    if (bytes > maxBodyBytes) {
      reader.cancel().catch(() => undefined)
      return 'too-large'
    }
    chunks.push(value)
  }
}
