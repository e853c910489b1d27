import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import got, { type Got } from 'got'
import { expect, it, onTestFinished } from 'vitest'
import { gotOptions } from '../../../src/outbound/adapters/got.ts'
import { createClient } from '../../../src/outbound/client.ts'

/** Answers with what it was sent. */
async function echo(): Promise<{ readonly url: string; readonly instance: Got }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      response.end(
        JSON.stringify({ type: request.headers['content-type'], body: Buffer.concat(chunks).toString() }),
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = createClient({ baseUrl: url })
  onTestFinished(async () => {
    await client.close({ graceMs: 0 })
    server.close()
  })
  return { url, instance: got.extend(gotOptions(client)) }
}

it('sends what got was given as a body', async () => {
  const { url, instance } = await echo()
  const form = new FormData()
  form.set('sku', 'A-1')
  expect(await instance.post(url, { json: { a: 1 } }).json()).toEqual({
    type: 'application/json',
    body: '{"a":1}',
  })
  expect(await instance.post(url, { form: { a: 1 } }).json()).toMatchObject({ body: 'a=1' })
  expect(await instance.post(url, { body: 'text' }).json()).toMatchObject({ body: 'text' })
  expect(await instance.post(url, { body: Readable.from(['in ', 'parts']) }).json()).toMatchObject({
    body: 'in parts',
  })
  expect(await instance.post(url, { body: form }).json<{ body: string }>()).toMatchObject({
    body: expect.stringContaining('A-1') as string,
  })
  const { headers } = await instance(url)
  expect(headers['set-cookie']).toEqual(['a=1', 'b=2'])
})

it('reads by got.stream, and refuses a body that is piped into it', async () => {
  const { url, instance } = await echo()
  const chunks = await instance.stream(url).toArray()
  expect(JSON.parse(Buffer.concat(chunks as Buffer[]).toString())).toMatchObject({ body: '' })
  const stream = instance.stream.post(url)
  stream.end('piped')
  const [error] = (await once(stream, 'error')) as [Error]
  expect(error.cause).toMatchObject({ code: 'OPTION_INVALID' })
})
