import { expect } from 'vitest'
import { sentence } from './support/sentences.ts'

sentence('fetch is a drop-in: method, headers, body, status and streams of the answer', async (lab) => {
  const client = lab.client({ baseUrl: `${lab.peer.url}/v1` })
  lab.peer.next.push({
    status: 201,
    headers: { 'x-one': '1', 'content-type': 'application/json' },
    body: '{"a":1}',
  })
  const init = { method: 'POST', headers: { 'Idempotency-Key': 'k', 'x-own': 'y' }, body: 'text' }
  const response = await client.fetch(`${lab.peer.url}/v1/charges?x=1`, init)
  expect(response).toBeInstanceOf(Response)
  expect([response.status, response.ok, response.url]).toEqual([201, true, `${lab.peer.url}/v1/charges?x=1`])
  expect(response.headers.get('x-one')).toBe('1')
  expect(await response.json()).toEqual({ a: 1 })
  expect(lab.peer.seen).toMatchObject([{ method: 'POST', path: '/v1/charges?x=1', key: 'k', body: 'text' }])
  expect(lab.peer.seen[0]?.headers).toMatchObject({ 'x-own': 'y' })
  lab.peer.next.push({ status: 204 })
  const empty = await client.fetch(new Request(`${lab.peer.url}/v1/x`, { method: 'DELETE' }))
  expect([empty.status, empty.body]).toEqual([204, null])
})

sentence(
  'fetch retries by the same rules, with the key that its headers carry',
  async (lab) => {
    const client = lab.client()
    lab.peer.next.push({ reset: 'after' })
    const headers = { 'idempotency-key': 'k' }
    const response = await client.fetch('/charges', { method: 'POST', headers, body: 'x' })
    expect(response.status).toBe(200)
    expect(lab.peer.seen.map(({ key }) => key)).toEqual(['k', 'k'])
    expect(lab.peer.totalEffects).toBe(1)
    lab.peer.next.push({ reset: 'after' })
    await expect(client.fetch('/charges', { method: 'POST', body: 'x' })).rejects.toMatchObject({
      outcome: 'unknown',
    })
    expect(lab.peer.seen).toHaveLength(3)
  },
  ['keyless-is-resent'],
)

sentence('fetch follows redirects within the base URL, and goes to no other origin', async (lab) => {
  const client = lab.client()
  lab.peer.next.push({ status: 303, headers: { location: '/done' } })
  const response = await client.fetch('/form', { method: 'POST', body: 'x' })
  expect([response.status, response.redirected, response.url]).toEqual([200, true, `${lab.peer.url}/done`])
  expect(lab.peer.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /form', 'GET /done'])
  lab.peer.next.push({ status: 302, headers: { location: 'http://elsewhere.invalid/' } })
  await expect(client.fetch('/x')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  await expect(client.fetch('http://elsewhere.invalid/')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  lab.peer.next.push({ status: 302, headers: { location: '/y' } })
  expect((await client.fetch('/x', { redirect: 'manual' })).status).toBe(302)
})

sentence('fetch throws the reason of the signal that gave it up', async (lab) => {
  const controller = new AbortController()
  controller.abort(new Error('enough'))
  await expect(lab.client().fetch('/', { signal: controller.signal })).rejects.toThrow('enough')
})
