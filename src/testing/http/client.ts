import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
} from 'node:http'

/** One request of a case, sent over a socket of its own. */
export interface Sent {
  /** Default POST. */
  readonly method?: string
  /** Default `/orders`. */
  readonly path?: string
  /** The value of `Idempotency-Key`, as it is written on the wire; two for two lines. */
  readonly key?: string | readonly string[]
  /** Default `{"sku":"a-1"}`; `null` for none. */
  readonly body?: string | Uint8Array | null
  readonly headers?: Readonly<Record<string, string>>
  /** The value of `x-caller`. */
  readonly caller?: string
}

export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** `Set-Cookie`, each. */
  readonly cookies: readonly string[]
  readonly body: Uint8Array
  /** The body as text. */
  readonly text: string
  /** The connection broke before the answer was whole. */
  readonly isCut: boolean
}

/** A client over plain sockets: it can go away in the middle of a request, and sees an answer that breaks off. */
export class Client {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Resolves with the answer, also with one that breaks off. Rejects where there is none. */
  send(sent: Sent = {}): Promise<Received> {
    const { request, answered } = this.#open(sent)
    request.end(bodyOf(sent))
    return answered
  }

  /** The same request `count` times at once. */
  sendMany(count: number, sent: Sent = {}): Promise<readonly Received[]> {
    return Promise.all(Array.from({ length: count }, () => this.send(sent)))
  }

  /** Sends a whole request and goes away when `until` has come. */
  async sendAndLeave(sent: Sent, until: Promise<unknown>): Promise<void> {
    const { request, answered } = this.#open(sent)
    request.end(bodyOf(sent))
    await until
    await this.#leave(request, answered)
  }

  /** Sends the head and the first half of the body, and goes away. */
  async sendHalf(sent: Sent): Promise<void> {
    const body = bodyOf(sent) ?? Buffer.alloc(0)
    const { request, answered } = this.#open({
      ...sent,
      headers: { ...sent.headers, 'content-length': String(body.byteLength) },
    })
    await new Promise<void>((resolve) => {
      request.write(body.subarray(0, Math.floor(body.byteLength / 2)), () => resolve())
    })
    await this.#leave(request, answered)
  }

  async #leave(request: ClientRequest, answered: Promise<Received>): Promise<void> {
    const closed = new Promise<void>((resolve) => request.once('close', () => resolve()))
    request.destroy()
    await answered.catch(() => undefined)
    await closed
  }

  #open(sent: Sent): { readonly request: ClientRequest; readonly answered: Promise<Received> } {
    const request = httpRequest(new URL(sent.path ?? '/orders', this.#url), {
      method: sent.method ?? 'POST',
      headers: headersOf(sent),
      agent: false,
    })
    const answered = new Promise<Received>((resolve, reject) => {
      request.on('error', reject)
      request.on('response', (response) => receive(response, resolve))
    })
    return { request, answered }
  }
}

function headersOf(sent: Sent): OutgoingHttpHeaders {
  const { key, body, caller } = sent
  return {
    ...(body === null
      ? {}
      : { 'content-type': typeof body === 'object' ? 'application/octet-stream' : 'application/json' }),
    ...(key === undefined ? {} : { 'idempotency-key': typeof key === 'string' ? key : [...key] }),
    ...(caller === undefined ? {} : { 'x-caller': caller }),
    ...sent.headers,
  }
}

function bodyOf({ body = '{"sku":"a-1"}' }: Sent): Buffer | undefined {
  return body === null ? undefined : Buffer.from(body as string)
}

function receive(response: IncomingMessage, resolve: (received: Received) => void): void {
  const chunks: Buffer[] = []
  const end = (): void => {
    const body = Buffer.concat(chunks)
    const { 'set-cookie': cookies = [], ...headers } = response.headers
    resolve({
      status: response.statusCode ?? 0,
      headers: headers as Received['headers'],
      cookies,
      body,
      text: body.toString('utf8'),
      isCut: !response.complete,
    })
  }
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  response.on('error', () => undefined)
  response.on('close', end)
}
