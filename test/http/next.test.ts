import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../support/repo.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { type Example, startExample } from './support/example.ts'

/* The route handlers of examples/http-next, called as Next calls them. Next itself is not installed here. */

function start(ledger: string): Promise<Example> {
  return startExample('test/http/support/next-host.ts', join(root, 'examples/http-next/app'), {
    LEDGER: ledger,
  })
}

interface Told {
  readonly status: number
  readonly text: string
  readonly location: string | null
  readonly replayed: string | null
}

async function post(url: string, { key, body }: { key?: string; body?: string } = {}): Promise<Told> {
  const headers = key === undefined ? {} : { 'idempotency-key': `"${key}"` }
  const answer = await fetch(url, { method: 'POST', headers, ...(body === undefined ? {} : { body }) })
  return {
    status: answer.status,
    text: await answer.text(),
    location: answer.headers.get('location'),
    replayed: answer.headers.get('idempotency-replayed'),
  }
}

it('examples/http-next charges once for each key, over a restart too', async () => {
  const ledger = join(temporaryDirectory(), 'charges.db')
  const body = '{"sku":"a-1","amount":1900}'
  const before = await start(ledger)
  const charges = `${before.url}/api/charges`
  expect((await post(charges, { body })).status).toBe(400)
  const all = await Promise.all(Array.from({ length: 5 }, () => post(charges, { key: 'k-1', body })))
  expect(all.filter(({ status }) => status !== 201 && status !== 409)).toEqual([])
  const first = all.find(({ status }) => status === 201)
  const again = await post(charges, { key: 'k-1', body })
  expect(again).toEqual({ ...first, replayed: 'true' })
  expect((await post(charges, { key: 'k-1', body: '{}' })).status).toBe(422)
  expect(await (await fetch(charges)).json()).toEqual(['a-1 1900'])
  expect(await before.stop('SIGTERM')).toBe(0)
  const after = await start(ledger)
  expect(await post(`${after.url}/api/charges`, { key: 'k-1', body })).toEqual(again)
  expect(await (await fetch(`${after.url}/api/charges`)).json()).toEqual([])
})

it('examples/http-next: the parameters of a route reach the handler, and the path belongs to the key', async () => {
  const { url } = await start(join(temporaryDirectory(), 'charges.db'))
  const first = await post(`${url}/api/charges/c%207/refunds`, { key: 'k-1' })
  expect(first).toMatchObject({ status: 201, text: '{"refunded":"c 7"}', replayed: null })
  expect(await post(`${url}/api/charges/c%207/refunds`, { key: 'k-1' })).toEqual({
    ...first,
    replayed: 'true',
  })
  expect(await post(`${url}/api/charges/c8/refunds`, { key: 'k-1' })).toMatchObject({
    text: '{"refunded":"c8"}',
  })
  expect(await (await fetch(`${url}/api/charges`)).json()).toEqual(['refund of c 7', 'refund of c8'])
})
