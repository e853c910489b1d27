import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { text } from 'node:stream/consumers'
import express from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type BodyCheckOptions,
  checkBody,
  checkedFetch,
  checkedFetchHandler,
  createIntegrity,
  digestedResponse,
  integrityHeaders,
  type IntegrityOptions,
} from '../../src/http/index.ts'
import { idempotency } from '../../src/frameworks/express/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { root } from '../support/repo.ts'
import { runOrThrow } from '../support/run.ts'

const order = JSON.stringify({ ref: 'o-1', hold_for_review: true })

describe('a node:http server', () => {
  it('hands on a body that is what was sent, whole and unread', async () => {
    const server = await checkedServer()
    const response = await fetch(server.url, {
      method: 'POST',
      body: order,
      headers: integrityHeaders(order),
    })
    expect(await response.text()).toBe(order)
    expect(server.handled).toEqual([order])
  })

  it('has the digest that RFC 9530 gives for its example', () => {
    expect(integrityHeaders('{"hello": "world"}\n')).toEqual({
      'content-digest': 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:',
      'content-length': '19',
    })
  })

  it.each([
    ['altered', order.replace('true', 'null'), 'altered'],
    ['cut, with a length to match', order.slice(0, -9), 'altered'],
  ])('answers 400 to a body that was %s, and does not hand it on', async (_, body, why) => {
    const server = await checkedServer()
    const { 'content-digest': digest } = integrityHeaders(order)
    const response = await fetch(server.url, { method: 'POST', body, headers: { 'content-digest': digest } })
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ type: expect.stringContaining('#payload-altered'), why })
    expect(server.handled).toEqual([])
    expect(server.integrity.counts()).toEqual({ payload_refused: 1 })
  })

  it('answers 400 to a body without a digest and says which is wanted, or hands it on where none is required', async () => {
    const server = await checkedServer()
    const response = await fetch(server.url, { method: 'POST', body: order })
    expect(response.status).toBe(400)
    expect(response.headers.get('want-content-digest')).toBe('sha-256=10')
    expect(server.handled).toEqual([])
    const lenient = await checkedServer({ require: false })
    expect(await (await fetch(lenient.url, { method: 'POST', body: order })).text()).toBe(order)
    expect(lenient.integrity.counts()).toEqual({ payload_unchecked: 1 })
  })

  it('asks nothing of a GET without a body, and does of a POST', async () => {
    const server = await checkedServer()
    expect((await fetch(server.url)).status).toBe(200)
    expect((await fetch(server.url, { method: 'POST' })).status).toBe(400)
    expect((await fetch(server.url, { method: 'POST', headers: integrityHeaders('') })).status).toBe(200)
  })

  it('refuses a body that was dropped altogether', async () => {
    const server = await checkedServer({ require: false })
    const { 'content-digest': digest } = integrityHeaders(order)
    for (const method of ['GET', 'POST', 'DELETE'])
      expect(
        (await fetch(server.url, { method, headers: { 'content-digest': digest } })).status,
        method,
      ).toBe(400)
    expect(server.integrity.counts()).toEqual({ payload_refused: 3 })
  })

  it('stands in front of the guard of idempotency, which reads the body too', async () => {
    const once = createOnceward({ store: memoryStore(), scope: 'shop' })
    onTestFinished(() => once.close())
    const app = express()
    app.use(checkBody(createIntegrity()))
    let handled = 0
    app.post('/orders', idempotency(once, { caller: 'anonymous' }), express.json(), (request, response) => {
      handled += 1
      response.json(request.body)
    })
    const url = `${await listening(app as RequestListener)}/orders`
    const send = (headers: Record<string, string>): Promise<Response> =>
      fetch(url, {
        method: 'POST',
        body: order,
        headers: { 'content-type': 'application/json', 'idempotency-key': '"k"', ...headers },
      })
    let claims = 0
    once.on('claimed', () => (claims += 1))
    expect((await send({})).status).toBe(400)
    const { 'content-digest': digest } = integrityHeaders(`${order} `)
    expect((await send({ 'content-digest': digest })).status).toBe(400)
    expect(claims).toBe(0)
    expect(await (await send(integrityHeaders(order))).json()).toEqual(JSON.parse(order))
    const replay = await send(integrityHeaders(order))
    expect(replay.headers.get('idempotency-replayed')).toBe('true')
    expect(handled).toBe(1)
    expect(claims).toBe(1)
  })

  it('does not hand on a body whose connection breaks before it is whole', async () => {
    const server = await checkedServer()
    const { port } = new URL(server.url)
    const headers = Object.entries(integrityHeaders(order)).map(([name, value]) => `${name}: ${value}\r\n`)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\n${headers.join('')}\r\n${order.slice(0, 10)}`)
    await server.arrived
    socket.destroy()
    await server.gone
    expect(server.handled).toEqual([])
  })

  it('refuses a body that is larger than it holds, before it has read it', async () => {
    const server = await checkedServer({}, { maxBodyBytes: 10 })
    const response = await fetch(server.url, {
      method: 'POST',
      body: order,
      headers: integrityHeaders(order),
    })
    expect(response.status).toBe(413)
    expect(server.handled).toEqual([])
  })

  it('works in front of the body parser of Express, with the route in its sizes', async () => {
    const integrity = createIntegrity()
    const app = express()
    app.use(checkBody(integrity))
    app.post('/orders', express.json(), (request, response) => void response.json(request.body))
    const url = `${await listening(app as RequestListener)}/orders?dry=1`
    const send = (headers: Record<string, string>): Promise<Response> =>
      fetch(url, { method: 'POST', body: order, headers: { 'content-type': 'application/json', ...headers } })
    expect(await (await send(integrityHeaders(order))).json()).toEqual(JSON.parse(order))
    expect(
      (await send({ 'content-digest': `sha-256=:${createHash('sha256').digest('base64')}:` })).status,
    ).toBe(400)
    expect(integrity.sizes.sizes()).toMatchObject([{ method: 'POST /orders', messages: 2 }])
  })
})

describe('fetch-style', () => {
  it('both ends state and check, and the handler gets the body unread', async () => {
    const integrity = createIntegrity()
    const handler = checkedFetchHandler(integrity, async (request) =>
      digestedResponse(Response.json(await request.json())),
    )
    const send = checkedFetch(createIntegrity(), {
      fetch: (input, init) => handler(new Request(input, init)),
    })
    const response = await send('http://shop.test/orders', { method: 'POST', body: order })
    expect(await response.json()).toEqual(JSON.parse(order))
    expect(integrity.sizes.sizes()).toMatchObject([{ method: 'POST /orders' }])
  })

  it('a request that is not what was sent is answered, and does not reach the handler', async () => {
    const seen: string[] = []
    const handler = checkedFetchHandler(createIntegrity(), async (request) => {
      seen.push(await request.text())
      return new Response(null)
    })
    const altered = { method: 'POST', body: order.slice(1), headers: integrityHeaders(order) }
    expect((await handler(new Request('http://shop.test/orders', altered))).status).toBe(400)
    expect(
      (await handler(new Request('http://shop.test/orders', { method: 'POST', body: order }))).status,
    ).toBe(400)
    expect(seen).toEqual([])
    expect((await handler(new Request('http://shop.test/orders'))).status).toBe(200)
    const dropped = { method: 'DELETE', headers: integrityHeaders(order) }
    expect((await handler(new Request('http://shop.test/orders', dropped))).status).toBe(400)
    expect(seen).toEqual([''])
  })

  it('bodies that are larger than is held are refused, both ways', async () => {
    const handler = checkedFetchHandler(createIntegrity(), () => digestedResponse(new Response(order)), {
      maxBodyBytes: 10,
    })
    const request = new Request('http://shop.test/orders', {
      method: 'POST',
      body: order,
      headers: integrityHeaders(order),
    })
    expect((await handler(request)).status).toBe(413)
    const send = checkedFetch(createIntegrity(), {
      maxBodyBytes: 10,
      fetch: () => handler(new Request('http://shop.test/')),
    })
    await expect(send('http://shop.test/')).rejects.toMatchObject({ code: 'RESULT_TOO_LARGE' })
  })

  it('an answer that is not what was sent is not handed on', async () => {
    const url = await listening((_, response) => {
      response.setHeader('content-digest', integrityHeaders(order)['content-digest'])
      response.end(order.slice(0, 10))
    })
    const client = createIntegrity()
    await expect(checkedFetch(client)(url)).rejects.toMatchObject({ code: 'PAYLOAD_ALTERED' })
    expect(client.counts()).toEqual({ payload_refused: 1 })
  })

  it('an answer in a content coding states nothing that fetch leaves to check', async () => {
    const url = await listening((_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.setHeader('content-digest', integrityHeaders(order)['content-digest'])
      response.end(gzipSync(order))
    })
    await expect(checkedFetch(createIntegrity())(url)).rejects.toMatchObject({ code: 'PAYLOAD_UNSTATED' })
  })
})

it('the example approves what is whole, refuses what was cut, and holds what does not say whether to', async () => {
  const printed = await runOrThrow(process.execPath, ['examples/integrity/orders.ts'], { cwd: root })
  expect(printed.trim().split('\n')).toEqual([
    'whole: 200 approved',
    'cut on the way: 400 altered',
    'without the field: 200 held: orders.1.hold_for_review',
    'without the id: 400 A message of POST /batches of 13 bytes lacks id.',
    '{"payload_refused":1}',
  ])
})

async function checkedServer(options: IntegrityOptions = {}, limits: BodyCheckOptions = {}) {
  const integrity = createIntegrity(options)
  const check = checkBody(integrity, limits)
  const handled: string[] = []
  const [arrived, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    handled.push(...(body === '' ? [] : [body]))
    response.end(body)
  }
  const url = await listening((request, response) => {
    request.once('readable', () => arrived.resolve())
    request.once('close', () => setImmediate(gone.resolve))
    check(request, response, () => void handle(request, response))
  })
  return { url, integrity, handled, arrived: arrived.promise, gone: gone.promise }
}

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
