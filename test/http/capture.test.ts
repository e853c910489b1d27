import { once as event } from 'node:events'
import { createServer, type IncomingMessage, request as ask, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeHandler } from '../../src/http/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'

type Handler = (response: ServerResponse) => void

/** Serves `handler` guarded; gives what one request after the other with the same key is answered. */
async function served(handler: Handler, bare?: Handler): Promise<() => Promise<Record<string, unknown>>> {
  const once = createOnceward({ store: memoryStore(), sweep: false })
  const guarded = nodeHandler(once, { caller: 'anonymous', onError: () => undefined }, (_, response) =>
    handler(response as unknown as ServerResponse),
  )
  const server = createServer((request, response) => {
    bare?.(response)
    void guarded(request, response)
  })
  server.listen(0, '127.0.0.1')
  await event(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return async () => {
    const request = ask({ port, host: '127.0.0.1', method: 'POST', headers: { 'idempotency-key': '"k"' } })
    request.end()
    const [response] = (await event(request, 'response')) as [
      NodeJS.ReadableStream & { statusCode: number; headers: Record<string, unknown> },
    ]
    const { date: _, connection: __, 'keep-alive': ___, ...headers } = response.headers
    return { status: response.statusCode, ...headers, body: await text(response) }
  }
}

const written = { 'content-type': 'text/plain', 'content-length': '4', 'set-cookie': ['a=1', 'b=2'] }

describe('a head that is written whole, with the length of its body', () => {
  it('is sent as it was written, and replayed less what is not replayed', async () => {
    const once = await served((response) => response.writeHead(201, written).end('done'))
    expect(await once()).toEqual({ status: 201, ...written, body: 'done' })
    expect(await once()).toEqual({
      status: 201,
      'content-type': 'text/plain',
      'content-length': '4',
      'idempotency-replayed': 'true',
      body: 'done',
    })
  })

  it('is a copy: what becomes of the object afterwards is not sent', async () => {
    const reused: Record<string, string> = { 'content-length': '4', 'content-type': 'text/plain' }
    const once = await served((response) => {
      response.writeHead(200, reused).end('done')
      reused['content-type'] = 'text/html'
    })
    expect(await once()).toMatchObject({ 'content-type': 'text/plain' })
    expect(await once()).toMatchObject({ 'content-type': 'text/plain' })
  })

  it('joins the headers that were set before it, and those of whoever came before', async () => {
    const once = await served(
      (response) => {
        response.setHeader('etag', '"1"')
        response.writeHead(200, { 'content-length': 4, 'x-powered-by': 'handler' }).end('done')
      },
      (response) => response.setHeader('x-powered-by', 'server'),
    )
    expect(await once()).toMatchObject({ etag: '"1"', 'x-powered-by': 'handler', body: 'done' })
  })

  it('never says that it is a replay', async () => {
    const once = await served((response) =>
      response.writeHead(200, { 'content-length': 4, 'Idempotency-Replayed': 'true' }).end('done'),
    )
    expect(await once()).not.toHaveProperty('idempotency-replayed')
    expect(await once()).toMatchObject({ 'idempotency-replayed': 'true' })
  })

  it.each([
    ['name', { 'content-length': 4, 'bad name': 'x' }],
    ['value', { 'content-length': 4, 'x-bad': 'a\nb' }],
  ])('with a %s that cannot be sent is refused to its writer, who can still answer', async (_, bad) => {
    const once = await served((response) => {
      try {
        response.writeHead(201, bad)
      } catch {
        response.writeHead(500, { 'content-length': 6 }).end('failed')
      }
    })
    expect(await once()).toMatchObject({ status: 500, body: 'failed' })
    expect(await once()).toMatchObject({ status: 500, body: 'failed', 'idempotency-replayed': 'true' })
  })

  it('counts as sent for its writer, and no more once the answer is another', async () => {
    const seen: boolean[] = []
    const once = await served((response) => {
      seen.push(response.headersSent)
      response.writeHead(200, { 'content-length': 4 })
      seen.push(response.headersSent)
      throw new Error('broken')
    })
    expect(await once()).toMatchObject({ status: 500 })
    expect(seen).toEqual([false, true])
  })
})

it('one guard behind another captures what the inner one sends, and both replay it', async () => {
  const inner = createOnceward({ store: memoryStore(), sweep: false })
  let runs = 0
  const guarded = nodeHandler<IncomingMessage, ServerResponse>(
    inner,
    { caller: 'anonymous' },
    (_, response) => {
      runs += 1
      response.writeHead(201, { 'content-length': 4 })
      response.write('do')
      response.end('ne')
    },
  )
  const once = await served((response) => void guarded(response.req, response))
  expect(await once()).toEqual({ status: 201, 'content-length': '4', body: 'done' })
  expect(await once()).toMatchObject({ status: 201, 'idempotency-replayed': 'true', body: 'done' })
  expect(runs).toBe(1)
})
