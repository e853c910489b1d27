import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { startExample } from '../support/example.ts'

/** On PostgreSQL the contract of the stores and `onceward doctor` look after it: none of the tables is UNLOGGED. */
it('defect 14: an answer that was given is still known after the service and its store were killed', async () => {
  const file = join(temporaryDirectory(), 'orders.db')
  const body = '{"sku":"a-1","amount":1900}'
  const order = (url: string): Promise<Response> =>
    fetch(`${url}/orders`, { method: 'POST', headers: { 'idempotency-key': '"k-1"' }, body })
  const before = await startExample('examples/http-node/service.ts', file)
  const first = await order(before.url)
  const text = await first.text()
  expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([201, null])
  await before.stop('SIGKILL')
  const after = await startExample('examples/http-node/service.ts', file)
  const again = await order(after.url)
  expect([again.status, again.headers.get('idempotency-replayed'), again.headers.get('location')]).toEqual([
    201,
    'true',
    '/orders/1',
  ])
  expect(await again.text()).toBe(text)
  expect(await (await fetch(`${after.url}/orders`)).json()).toEqual([])
  expect((await fetch(`${after.url}/orders`, { method: 'POST', body })).status).toBe(400)
  expect(await after.stop('SIGTERM')).toBe(0)
})
