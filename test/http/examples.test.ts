import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { startExample } from './support/example.ts'

const services = ['http-node', 'http-express', 'http-fastify', 'http-hono', 'http-koa', 'http-nest']

it.each(services)('examples/%s charges once for each key, over a restart too', async (name) => {
  const path = `examples/${name}/service.ts`
  const file = join(temporaryDirectory(), 'orders.db')
  const service = await startExample(path, file)
  expect((await order(service.url)).status).toBe(400)
  const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => order(service.url, 'k-1')))
  const all = [first, ...others]
  const created = all.filter((answer) => answer?.status === 201)
  expect(created.length).toBeGreaterThan(0)
  expect(all.every((answer) => answer?.status === 201 || answer?.status === 409)).toBe(true)
  const again = await order(service.url, 'k-1')
  expect(again).toEqual({ status: 201, body: created[0]?.body, location: '/orders/1', replayed: 'true' })
  expect((await order(service.url, 'k-1', 2000)).status).toBe(422)
  expect(await (await fetch(`${service.url}/orders`)).json()).toEqual(['a-1 1900'])
  expect(await service.stop('SIGTERM')).toBe(0)
  const restarted = await startExample(path, file)
  expect(await order(restarted.url, 'k-1')).toEqual(again)
  expect(await (await fetch(`${restarted.url}/orders`)).json()).toEqual([])
})

async function order(
  url: string,
  key?: string,
  amount = 1900,
): Promise<object & { status: number; body: string }> {
  const answer = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify({ sku: 'a-1', amount }),
  })
  return {
    status: answer.status,
    body: await answer.text(),
    location: answer.headers.get('location'),
    replayed: answer.headers.get('idempotency-replayed'),
  } as object & { status: number; body: string }
}
