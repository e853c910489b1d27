import { expect } from 'vitest'
import { problemIn, raw } from './support/client.ts'
import { sentences, useUpstream } from './support/sentences.ts'
import { sentValues } from './support/upstream.ts'

const sentence = sentences(useUpstream())

sentence(
  'what belongs to one connection goes no further, upstream',
  async (lab) => {
    const gateway = await lab.gateway()
    const key = lab.key()
    const headers = {
      connection: 'close, X-Private',
      'x-private': 'of this connection',
      'x-public': 'of the message',
      te: 'trailers',
      'keep-alive': 'timeout=9',
      'proxy-authorization': 'Basic abc',
      'proxy-connection': 'keep-alive',
    }
    expect((await lab.ask(gateway, { path: '/orders', key, body: 'x', headers })).status).toBe(201)
    const [sent] = await lab.upstream.journal(key)
    for (const name of ['x-private', 'te', 'keep-alive', 'proxy-authorization', 'proxy-connection'])
      expect([name, ...sentValues(sent!, name)]).toEqual([name])
    expect(sentValues(sent!, 'x-public')).toEqual(['of the message'])
    expect(sentValues(sent!, 'connection')).toEqual(['keep-alive'])
  },
  ['hop-by-hop-upstream', 'named-headers-upstream'],
)

sentence(
  'what belongs to one connection goes no further, downstream; trailers are dropped both ways',
  async (lab) => {
    const gateway = await lab.gateway()
    for (const method of ['GET', 'POST']) {
      const told = await lab.ask(gateway, { method, path: '/hop', key: lab.key() })
      expect(told.headers['x-public']).toBe('of the message')
      expect(told.headers['x-private']).toBeUndefined()
      expect(told.headers['proxy-authenticate']).toBeUndefined()
      const late = await lab.ask(gateway, { method, path: '/trailers', key: lab.key() })
      expect(late).toMatchObject({ text: 'body', trailers: {} })
      expect(late.headers['trailer']).toBeUndefined()
    }
    const key = lab.key()
    const request = `POST /orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\nIdempotency-Key: ${key}\r\n`
    const body = 'Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n1\r\nx\r\n0\r\nX-Late: yes\r\n\r\n'
    expect(await raw(gateway.url, request + body)).toMatch(/^HTTP\/1.1 201/)
    expect(await lab.upstream.journal(key)).toMatchObject([{ trailers: {}, body: 'x' }])
  },
  ['hop-by-hop-downstream'],
)

sentence(
  'the upstream is told who asked, by the gateway and nobody else',
  async (lab) => {
    const headers = {
      host: 'shop.example',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-host': 'evil.example',
      forwarded: 'for=203.0.113.9',
      via: '1.1 edge',
    }
    const key = lab.key()
    await lab.ask(await lab.gateway(), { path: '/orders', key, body: 'x', headers })
    const [sent] = await lab.upstream.journal(key)
    expect(sentValues(sent!, 'x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(sentValues(sent!, 'x-forwarded-host')).toEqual(['shop.example'])
    expect(sentValues(sent!, 'x-forwarded-proto')).toEqual(['http'])
    expect(sentValues(sent!, 'forwarded')).toEqual([])
    expect(sentValues(sent!, 'via')).toEqual(['1.1 edge, 1.1 onceward'])
    expect(sentValues(sent!, 'host')).toEqual([new URL(lab.upstream.url).host])
    const trusting = await lab.gateway({ forwarded: { trust: true, host: 'client' } })
    const other = lab.key()
    await lab.ask(trusting, { path: '/orders', key: other, body: 'x', headers })
    const [trusted] = await lab.upstream.journal(other)
    expect(sentValues(trusted!, 'x-forwarded-for')).toEqual(['203.0.113.9, 127.0.0.1'])
    expect(sentValues(trusted!, 'host')).toEqual(['shop.example'])
  },
  ['forwarded-believed'],
)

const head = (key: string): string => `POST /orders HTTP/1.1\r\nHost: a\r\nIdempotency-Key: ${key}\r\n`

/** Requests that two readers may read in two ways: each is answered 400 on a connection that is then closed. */
const shapes: Readonly<Record<string, (key: string) => string>> = {
  'Content-Length beside Transfer-Encoding': (key) =>
    `${head(key)}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'two Content-Lengths': (key) => `${head(key)}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`,
  'a signed Content-Length': (key) => `${head(key)}Content-Length: +1\r\n\r\nx`,
  'a bad chunk size': (key) => `${head(key)}Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n`,
  'a chunk that is too long': (key) => `${head(key)}Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n`,
  'an obsolete fold': (key) => `${head(key)}X-A: 1\r\n folded\r\nContent-Length: 1\r\n\r\nx`,
  'a space before the colon': (key) => `${head(key)}Content-Length : 1\r\n\r\nx`,
  'a bare line feed': (key) => `${head(key)}X-A: 1\nContent-Length: 1\r\n\r\nx`,
  'another transfer coding': (key) => `${head(key)}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'no host': (key) => `POST /orders HTTP/1.1\r\nIdempotency-Key: ${key}\r\nContent-Length: 1\r\n\r\nx`,
}

/** Those that the parser takes, and the gateway does not. */
const ambiguous: Readonly<Record<string, (key: string) => string>> = {
  'two hosts': (key) => `${head(key)}Host: b\r\nContent-Length: 1\r\n\r\nx`,
  'two credentials': (key) =>
    `${head(key)}Authorization: a\r\nAuthorization: b\r\nContent-Length: 1\r\n\r\nx`,
  'a credential that Connection names': (key) =>
    `${head(key)}Authorization: a\r\nConnection: authorization\r\nContent-Length: 1\r\n\r\nx`,
  'a key that Connection names': (key) =>
    `${head(key)}Connection: idempotency-key\r\nContent-Length: 1\r\n\r\nx`,
  'another host in the target': (key) =>
    `POST http://b/orders HTTP/1.1\r\nHost: a\r\nIdempotency-Key: ${key}\r\nContent-Length: 1\r\n\r\nx`,
  'dots in the path': (key) =>
    `POST /a/%2E./orders HTTP/1.1\r\nHost: a\r\nIdempotency-Key: ${key}\r\nContent-Length: 1\r\n\r\nx`,
  'chunked in HTTP/1.0': (key) =>
    `POST /orders HTTP/1.0\r\nHost: a\r\nIdempotency-Key: ${key}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
}

for (const [name, shape] of [...Object.entries(shapes), ...Object.entries(ambiguous)])
  sentence(
    `a request with ${name} is refused and nothing of it sent on`,
    async (lab) => {
      const gateway = await lab.gateway({ timeouts: { keepAliveMs: 100 } })
      const key = lab.key()
      // A second request behind it on the same connection must not be served either as part of the first or by itself.
      const smuggled = lab.key()
      const told = await raw(gateway.url, `${shape(key)}${name in shapes ? head(smuggled) : ''}`)
      expect(told).toMatch(/^HTTP\/1.1 400 /)
      expect(told.match(/HTTP\/1.1 /g)).toHaveLength(1)
      expect(await lab.upstream.count(key)).toBe(0)
      expect(await lab.upstream.count(smuggled)).toBe(0)
    },
    name in ambiguous ? ['any-shape-taken'] : [],
  )

sentence('a head or a body over the limit is refused before anything is sent on', async (lab) => {
  const gateway = await lab.gateway({ limits: { headerBytes: 2048, bodyBytes: 10 } })
  const key = lab.key()
  const large = await raw(gateway.url, `${head(key)}X-Large: ${'x'.repeat(3000)}\r\n\r\n`)
  expect(large).toMatch(/^HTTP\/1.1 431 /)
  const declared = await lab.ask(gateway, { path: '/orders', key, body: 'x'.repeat(11) })
  expect(declared.status).toBe(413)
  expect(problemIn(declared)).toBe('body-too-large')
  const chunked = `${head(key)}Transfer-Encoding: chunked\r\n\r\nb\r\n${'x'.repeat(11)}\r\n0\r\n\r\n`
  expect(await raw(gateway.url, chunked)).toMatch(/^HTTP\/1.1 413 /)
  expect(await lab.upstream.count(key)).toBe(0)
})

sentence('a client that sends too slowly is cut off, and nothing is sent on', async (lab) => {
  const gateway = await lab.gateway({ timeouts: { headersMs: 100, requestMs: 200 } })
  const key = lab.key()
  expect(await raw(gateway.url, `POST /orders HTTP/1.1\r\nHost: a\r\nX-Slow:`)).toMatch(/^(HTTP\/1.1 408 |$)/)
  expect(await raw(gateway.url, `${head(key)}Content-Length: 100\r\n\r\nonly`)).toMatch(/^(HTTP\/1.1 408 |$)/)
  expect(await lab.upstream.count(key)).toBe(0)
})

sentence('a client that waits for leave to send its body gets it, or the refusal at once', async (lab) => {
  const gateway = await lab.gateway()
  const key = lab.key()
  const expecting = (more: string): string =>
    `POST /orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n${more}\r\n`
  const taken = await raw(gateway.url, expecting(`Idempotency-Key: ${key}\r\n`), 'x')
  expect(taken).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 201 /)
  const [sent] = await lab.upstream.journal(key)
  expect(sentValues(sent!, 'expect')).toEqual([])
  const refused = await raw(gateway.url, expecting(''))
  expect(refused).toMatch(/^HTTP\/1.1 400 /)
  expect(refused).not.toContain('100 Continue')
})

sentence('a change of protocol is refused, an offer of HTTP/2 passed over', async (lab) => {
  const gateway = await lab.gateway()
  const headers = { connection: 'upgrade', upgrade: 'websocket' }
  const refused = await lab.ask(gateway, { method: 'GET', path: '/orders', headers })
  expect(refused.status).toBe(501)
  expect(problemIn(refused)).toBe('upgrade-refused')
  const key = lab.key()
  const offered = { connection: 'upgrade, http2-settings', upgrade: 'h2c', 'http2-settings': 'AAM' }
  expect((await lab.ask(gateway, { path: '/orders', key, body: 'x', headers: offered })).status).toBe(201)
  const [sent] = await lab.upstream.journal(key)
  expect(sentValues(sent!, 'upgrade')).toEqual([])
  expect(sentValues(sent!, 'http2-settings')).toEqual([])
})
