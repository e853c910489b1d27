import { request as httpRequest, type IncomingMessage } from 'node:http'
import { expect } from 'vitest'
import { sentences, useUpstream } from './support/sentences.ts'

const sentence = sentences(useUpstream())

sentence('what is not guarded passes as it is: GET, HEAD, a PUT with its body', async (lab) => {
  const gateway = await lab.gateway()
  const got = await lab.ask(gateway, { method: 'GET', path: '/binary' })
  expect([...got.bytes]).toEqual([0, 255, 254, 128, 10, 13])
  const headed = await lab.ask(gateway, { method: 'HEAD', path: '/big?bytes=77' })
  expect(headed).toMatchObject({ status: 200, text: '', headers: { 'content-length': '77' } })
  const key = lab.key()
  const body = Buffer.alloc(300_000, 7)
  for (const headers of [{ 'content-length': '300000' }, { 'transfer-encoding': 'chunked' }])
    await lab.ask(gateway, { method: 'PUT', path: '/orders', key, body, headers })
  const sent = await lab.upstream.journal(key)
  expect(sent.map((entry) => entry.body.length)).toEqual([300_000, 300_000])
  expect(sent[0]?.raw.includes('content-length') || sent[0]?.raw.includes('Content-Length')).toBe(true)
})

sentence('binary answers are replayed byte for byte', async (lab) => {
  const gateway = await lab.gateway()
  const key = lab.key()
  for (const replayed of [undefined, 'true']) {
    const told = await lab.ask(gateway, { path: '/binary', key, body: 'x' })
    expect([...told.bytes]).toEqual([0, 255, 254, 128, 10, 13])
    expect(told.headers['idempotency-replayed']).toBe(replayed)
  }
  expect(await lab.upstream.count(key)).toBe(1)
})

sentence(
  'an answer larger than is kept is passed on whole, and its retry says that it was carried out',
  async (lab) => {
    const gateway = await lab.gateway({ limits: { answerBytes: 1000 } })
    const key = lab.key()
    const path = '/big?bytes=400000'
    const first = await lab.ask(gateway, { path, key, body: 'x' })
    expect(first.bytes.length).toBe(400_000)
    await expect
      .poll(async () => (await lab.ask(gateway, { path, key, body: 'x' })).status, { timeout: 10_000 })
      .toBe(410)
    expect(await lab.upstream.count(key)).toBe(1)
  },
)

sentence('a client that leaves in the middle of such an answer plays no part either', async (lab) => {
  const gateway = await lab.gateway({ limits: { answerBytes: 1000 } })
  const key = lab.key()
  const path = '/big?bytes=9000001'
  const response = await begun(`${gateway.url}${path}`, { method: 'POST', key })
  response.destroy()
  expect(await lab.upstream.arrived('big 9000001')).toBe('whole')
  await expect
    .poll(async () => (await lab.ask(gateway, { path, key, body: 'x' })).status, { timeout: 10_000 })
    .toBe(410)
  expect(await lab.upstream.count(key)).toBe(1)
})

sentence('a download is as fast as its reader and held nowhere; one that leaves ends it', async (lab) => {
  const gateway = await lab.gateway()
  const bytes = 300_000_000
  const response = await begun(`${gateway.url}/big?bytes=${bytes}`, { method: 'GET' })
  const before = process.memoryUsage.rss()
  // Nothing is read: what the upstream could send without a reader lies in the sockets, or in the gateway's memory.
  await stands(() => process.memoryUsage.rss())
  expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000)
  response.destroy()
  expect(await lab.upstream.arrived(`big ${bytes}`)).toBe('cut')
})

sentence('a reader that takes nothing is let go of', async (lab) => {
  const gateway = await lab.gateway({ timeouts: { idleMs: 200 } })
  const bytes = 300_000_001
  const response = await begun(`${gateway.url}/big?bytes=${bytes}`, { method: 'GET' })
  response.on('error', () => undefined)
  expect(await lab.upstream.arrived(`big ${bytes}`)).toBe('cut')
})

sentence('a download that the upstream breaks off is broken off here', async (lab) => {
  const gateway = await lab.gateway()
  await expect(lab.ask(gateway, { method: 'GET', path: '/half' })).rejects.toThrow('aborted')
  expect((await lab.ask(gateway, { method: 'GET', path: '/cut' })).status).toBe(502)
})

sentence('an upload that its client breaks off never ends at the upstream', async (lab) => {
  const gateway = await lab.gateway()
  for (const method of ['PUT', 'POST']) {
    const key = lab.key()
    const request = httpRequest(`${gateway.url}/orders`, {
      method,
      agent: false,
      headers: { 'idempotency-key': key, 'content-length': '1000' },
    })
    request.on('error', () => undefined)
    await new Promise<void>((resolve) => request.write('x', () => resolve()))
    request.destroy()
    await new Promise((resolve) => request.on('close', resolve))
    expect((await lab.upstream.journal(key)).filter(({ hasLeft }) => !hasLeft)).toEqual([])
  }
  expect((await lab.ask(gateway, { path: '/orders', key: lab.key(), body: 'x' })).status).toBe(201)
})

interface Begun {
  readonly method: string
  readonly key?: string
}

/** A response whose head has come and whose body nobody reads. */
function begun(url: string, { method, key }: Begun): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = key === undefined ? {} : { 'idempotency-key': key }
    const request = httpRequest(url, { method, agent: false, headers }, (response) => {
      response.pause()
      resolve(response)
    })
    request.on('error', reject)
    request.end(method === 'POST' ? 'x' : undefined)
  })
}

/** Resolves when a figure has stopped growing. */
async function stands(figure: () => number): Promise<void> {
  let last = -1
  await expect
    .poll(
      () => {
        const now = Math.round(figure() / 1_000_000)
        const isSame = now <= last
        last = now
        return isSame
      },
      { interval: 100, timeout: 5000 },
    )
    .toBe(true)
}
