import { once as event } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { createEngine, serveNode } from '../../src/http/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'

/** Asks a server of node's HTTP/2 whose responses the engine captures; gives status, replay header and body. */
async function served(hasBody: boolean, errors: unknown[]): Promise<() => Promise<readonly unknown[]>> {
  const once = createOnceward({ store: memoryStore(), sweep: false })
  const engine = createEngine<IncomingMessage>(once, { caller: 'anonymous' })
  let runs = 0
  const server = createServer((http2Request, http2Response) => {
    const request = http2Request as unknown as IncomingMessage
    const response = http2Response as unknown as ServerResponse
    const serve = async (): Promise<void> => {
      const bytes = hasBody ? await buffer(request) : undefined
      await serveNode(engine, {
        request,
        response,
        native: request,
        ...(bytes === undefined ? {} : { body: () => ({ bytes }) }),
        proceed: () => {
          runs += 1
          response.writeHead(201, { 'content-type': 'text/plain' })
          response.write('run ')
          response.end(String(runs))
        },
      })
    }
    serve().catch((error: unknown) => {
      errors.push(error)
      response.writeHead(500).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await event(server, 'listening')
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    session.destroy()
    server.close()
  })
  return async () => {
    const stream = session.request({ ':method': 'POST', ':path': '/orders', 'idempotency-key': '"k"' })
    stream.end('{}')
    const [headers] = (await event(stream, 'response')) as [Record<string, unknown>]
    return [headers[':status'], headers['idempotency-replayed'], await text(stream)]
  }
}

it('answers over HTTP/2 are captured and replayed, with a body that the framework has read', async () => {
  const ask = await served(true, [])
  expect(await ask()).toEqual([201, undefined, 'run 1'])
  expect(await ask()).toEqual([201, 'true', 'run 1'])
})

it('over HTTP/2 a body that nobody has read is a mistake of the adapter, not an empty body', async () => {
  const errors: unknown[] = []
  const ask = await served(false, errors)
  expect((await ask())[0]).toBe(500)
  expect(errors).toMatchObject([{ code: 'OPTION_INVALID' }])
})
