import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CheckId } from '../../src/contract/report.ts'

export interface ServiceOptions {
  /** Quoted keys only, or bare ones too; or, as providers have it, bare keys that may be left out. */
  readonly keys?: 'strict' | 'lenient' | 'bare' | 'bare-required'
  readonly header?: string
  readonly mismatchStatus?: number
  readonly hasRetryAfter?: boolean
  /** The one rule that it breaks. */
  readonly breaks?: CheckId
  /** How it breaks it, where there are several ways. */
  readonly how?: 'again' | 'overwritten' | 'stuck'
  /** Without any guard: the unguarded twin. */
  readonly isUnguarded?: boolean
  /** Called for each effect, with the body's reference. */
  readonly onEffect?: (reference: string) => Promise<void>
}

interface Reply {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

type Entry =
  | { state: 'running'; digest: string }
  | { state: 'done'; digest: string; reply: Reply; replays: number }

/** A small service in plain `node:http` that keeps every rule of draft-07, or all but one. */
export class Service {
  readonly effects: { reference: string; path: string; n: number }[] = []
  readonly #options: ServiceOptions
  readonly #entries = new Map<string, Entry>()
  #server: Server
  #port = 0

  constructor(options: ServiceOptions = {}) {
    this.#options = options
    this.#server = this.#create()
  }

  async start(): Promise<this> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
    return this
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** What is kept survives, as it would in a database. */
  async restart(): Promise<void> {
    await this.close()
    if (this.#breaks('replay-after-restart')) this.#entries.clear()
    this.#server = this.#create()
    await this.start()
  }

  url(path = '/orders'): string {
    return `http://127.0.0.1:${this.#port}${path}`
  }

  #create(): Server {
    return createServer(this.handler)
  }

  readonly handler = (request: IncomingMessage, response: ServerResponse): void => {
    this.#serve(request, response).catch(() => response.destroy())
  }

  #breaks(id: CheckId): boolean {
    return this.#options.breaks === id
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      return send(response, json(200, { total: this.effects.length, orders: this.effects }))
    }
    if (request.url !== '/orders' && request.url !== '/refunds')
      return send(response, this.#problem(404, 'no such path'))
    if (this.#options.isUnguarded === true) {
      const body = await read(request)
      return send(response, await this.#work(request.url, body))
    }
    const key = this.#keyOf(request)
    if (key.kind === 'bad') return send(response, this.#problem(400, key.why))
    await this.#guarded(request, response, key.value)
  }

  /** RFC 8941: a string with parameters; a bare token where those are taken. */
  #keyOf(request: IncomingMessage): { kind: 'key'; value: string } | { kind: 'bad'; why: string } {
    const { keys, header = 'idempotency-key' } = this.#options
    const raw = request.headers[header]
    if (raw === undefined)
      return this.#breaks('missing-key') || keys === 'bare'
        ? { kind: 'key', value: randomUUID() }
        : { kind: 'bad', why: 'no key' }
    const text = String(raw)
    if (keys === 'bare' || keys === 'bare-required')
      return text.length > 255 ? { kind: 'bad', why: 'too long' } : { kind: 'key', value: text }
    const quoted = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"(;[a-z][a-z0-9]*=\w+)*$/.exec(text)
    if (quoted !== null) {
      const parameters = this.#breaks('key-parameters') ? (quoted[2] ?? '') : ''
      return { kind: 'key', value: (quoted[1] ?? '').replaceAll(/\\(.)/g, '$1') + parameters }
    }
    const isBare = /^[\w.-]+$/.test(text) && keys === 'lenient'
    if (isBare) return { kind: 'key', value: this.#breaks('bare-key') ? `bare ${text}` : text }
    return this.#breaks('malformed-key') ? { kind: 'key', value: text } : { kind: 'bad', why: 'not a string' }
  }

  async #guarded(request: IncomingMessage, response: ServerResponse, key: string): Promise<void> {
    const path = request.url ?? ''
    const caller = this.#breaks('other-caller') ? '' : (request.headers.authorization ?? '')
    const scope = `${caller} ${this.#breaks('other-path') ? '' : path} ${key}`
    if (this.#breaks('request-cut')) {
      if (this.#entries.get(scope)?.state === 'running') return send(response, this.#conflict())
      if (!this.#entries.has(scope)) this.#entries.set(scope, { state: 'running', digest: '' })
    }
    const body = await read(request)
    const known = this.#entries.get(scope)
    if (known !== undefined && known.digest !== '')
      return send(response, await this.#again(known, path, body))
    if (this.#breaks('first-accepted')) return send(response, this.#problem(503, 'come back later'))
    const claim = (): void => void this.#entries.set(scope, { state: 'running', digest: body })
    if (!this.#breaks('concurrent-same-key')) claim()
    const isFreed = this.#breaks('reply-cut')
    if (isFreed && this.#options.how !== 'stuck')
      response.once('close', () => this.#freeIfCut(scope, response))
    const reply = await this.#work(path, body)
    if (isFreed && this.#options.how === 'stuck' && response.destroyed) return
    const isKept = reply.status < 400 || !this.#breaks('error-replay')
    if (isKept && !(isFreed && response.destroyed && this.#options.how !== 'stuck'))
      this.#entries.set(scope, { state: 'done', digest: body, reply, replays: 0 })
    else this.#entries.delete(scope)
    send(response, reply)
  }

  #freeIfCut(scope: string, response: ServerResponse): void {
    if (!response.writableFinished) this.#entries.delete(scope)
  }

  async #again(known: Entry, path: string, body: string): Promise<Reply> {
    if (known.digest !== body) {
      if (!this.#breaks('payload-swap')) return this.#mismatch()
      if (this.#options.how === 'again') return this.#work(path, body)
      if (this.#options.how === 'overwritten') {
        known.digest = body
        return this.#mismatch()
      }
    }
    if (known.state === 'running') return this.#conflict()
    known.replays += 1
    if (this.#breaks('replay-many') && known.replays === 20) await this.#work(path, body)
    if (this.#breaks('replay-equal') && known.reply.status < 400) return json(200, { at: randomUUID() })
    return known.reply
  }

  #problem(status: number, title: string): Reply {
    const type = this.#breaks('problem-details') ? 'application/json' : 'application/problem+json'
    return { status, headers: { 'content-type': type }, body: JSON.stringify({ status, title }) }
  }

  #mismatch(): Reply {
    return this.#problem(this.#options.mismatchStatus ?? 422, 'another payload')
  }

  #conflict(): Reply {
    const { status, headers, body } = this.#problem(409, 'in progress')
    if (this.#options.hasRetryAfter === false) return { status, headers, body }
    return { status, headers: { ...headers, 'retry-after': '1' }, body }
  }

  /** The effect takes a moment, as a charge would. */
  async #work(path: string, body: string): Promise<Reply> {
    const { reference, decline } = JSON.parse(body) as { reference?: string; decline?: boolean }
    if (decline === true) return json(402, { declined: randomUUID() })
    if (reference === undefined) return this.#problem(400, 'no reference')
    await sleep(5)
    this.effects.push({ reference, path, n: 500 })
    await this.#options.onEffect?.(reference)
    const id = randomUUID()
    return {
      ...json(201, { id, reference }),
      headers: { 'content-type': 'application/json', location: `${path}/${id}` },
    }
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, headers).end(body)
}

function json(status: number, value: unknown): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

/** What the service publishes: `breaks` leaves the expiry out. */
export function openApiOf(breaks?: CheckId): { name: string; text: string } {
  const parameter = {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description:
      breaks === 'expiry-published' ? 'Names the work.' : 'Names the work. It expires after 24 hours.',
    schema: { type: 'string' },
  }
  const schema = { type: 'object', required: ['reference'], properties: { reference: { type: 'string' } } }
  const post = {
    parameters: [parameter],
    requestBody: { content: { 'application/json': { schema } } },
    responses: { '201': { description: 'done' } },
  }
  const document = {
    openapi: '3.1.0',
    info: { title: 'Shop', version: '1' },
    paths: { '/orders': { post }, '/refunds': { post } },
  }
  return { name: 'openapi.json', text: JSON.stringify(document) }
}
