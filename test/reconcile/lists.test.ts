import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, expect, it, vi } from 'vitest'
import { reconcile, type ReconcileOptions } from '../../src/reconcile/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { put } from './support/places.ts'

const servers: Server[] = []

afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve).closeAllConnections())),
  )
})

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const payments = Array.from({ length: 15 }, (_, at) => ({
  id: `pay_${at + 1}`,
  amount: 1000 + at,
  metadata: { order: `o${at + 1}` },
}))

/** As Stripe pages: `starting_after` the last id, `has_more`. */
function stripeLike(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://x')
  const after = url.searchParams.get('starting_after')
  const from = after === null ? 0 : payments.findIndex(({ id }) => id === after) + 1
  const limit = Number(url.searchParams.get('limit') ?? 4)
  response.setHeader('content-type', 'application/json')
  response.end(
    JSON.stringify({ object: 'list', data: payments.slice(from, from + limit), has_more: from + limit < 15 }),
  )
}

async function webhooks(): Promise<string> {
  const rows = payments.slice(0, 8).map(({ id, amount }, at) => [`evt_${at}`, id, String(amount)])
  return put('csv', { columns: ['event', 'payment_id', 'amount'], rows })
}

function asked(left: string, right: string, more: Partial<ReconcileOptions>): ReconcileOptions {
  return { left, right, on: 'id=payment_id', compare: 'amount', ...more }
}

it('says of 15 payments and 8 webhooks which seven were never told', async () => {
  const base = await serve(stripeLike)
  const report = await reconcile(
    asked(`${base}/v1/charges?limit=4`, await webhooks(), { leftApi: { kind: 'stripe' } }),
  )
  expect(report).toMatchObject({ matched: 8, missing: 7, extra: 0, clean: false, left: { rows: 15 } })
  expect(report.left.source).toBe(`${base}/v1/charges`)
  expect(report.left.reading).toBe('a list, 15 items on 4 pages')
  expect(report.samples.missing.map(({ key }) => key)).toEqual(payments.slice(8).map(({ id }) => id))
})

it('follows a Link header, a URL, a cursor and numbered pages', async () => {
  const base = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    const page = Number(url.searchParams.get('page') ?? url.searchParams.get('cursor') ?? 1)
    const items = payments.slice((page - 1) * 5, page * 5)
    const isLast = page >= 3
    if (!isLast)
      response.setHeader('link', `<${url.pathname}?page=${page + 1}>; rel="next", </x>; rel="last"`)
    const next = isLast ? null : `${url.pathname}?page=${page + 1}`
    const bodies: Record<string, unknown> = {
      '/link': items,
      '/url': { result: { items }, next },
      '/cursor': { items, meta: { cursor: isLast ? '' : String(page + 1) } },
      '/page': { items },
    }
    response.end(JSON.stringify(bodies[url.pathname]))
  })
  const right = await webhooks()
  const cases = [
    ['link', { kind: 'github' }],
    ['url', { kind: 'json', items: 'result.items', next: { kind: 'url', path: 'next' } }],
    ['cursor', { kind: 'json', next: { kind: 'cursor', path: 'meta.cursor', param: 'cursor' } }],
    ['page', { kind: 'json', next: { kind: 'page', param: 'page' } }],
  ] as const
  for (const [path, leftApi] of cases) {
    const report = await reconcile(asked(`${base}/${path}`, right, { leftApi }))
    expect(report, path).toMatchObject({ matched: 8, missing: 7, left: { rows: 15 } })
  }
})

it('asks again where the server is busy, and gives up where it stays so', async () => {
  const asks: string[] = []
  const base = await serve((request, response) => {
    asks.push(request.url ?? '')
    if (request.url?.startsWith('/dead') === true) response.writeHead(503, { 'retry-after': '0' }).end()
    else if (asks.length === 2) request.socket.destroy()
    else if (asks.length % 3 === 0) response.writeHead(429, { 'retry-after': '0' }).end('{"secret":"x"}')
    else stripeLike(request, response)
  })
  const right = await webhooks()
  const leftApi = { kind: 'stripe' } as const
  expect(await reconcile(asked(`${base}/v1`, right, { leftApi }))).toMatchObject({ matched: 8, missing: 7 })
  const before = asks.length
  await expect(
    reconcile(asked(`${base}/dead`, right, { leftApi: { ...leftApi, attempts: 3 } })),
  ).rejects.toMatchObject({
    code: 'SOURCE_UNAVAILABLE',
    message: `${base}/dead cannot be read: it answered 503, 3 attempts.`,
  })
  expect(asks.length - before).toBe(3)
})

it('compares nothing where a list is broken: half of one would be worse than none', async () => {
  const base = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    if (url.pathname === '/circle') response.end(JSON.stringify({ items: payments, next: '/circle' }))
    else if (url.pathname === '/elsewhere')
      response.end(JSON.stringify({ items: payments, next: 'http://127.0.0.2:1/next' }))
    else if (url.pathname === '/moved') response.writeHead(302, { location: '/v1' }).end()
    else if (url.pathname === '/html') response.end('<html>')
    else if (url.pathname === '/endless')
      response.end(JSON.stringify({ items: payments, next: `/endless?${Number(url.search.slice(1)) + 1}` }))
    else response.writeHead(Number(url.pathname.slice(1))).end()
  })
  const right = await webhooks()
  const temporary = temporaryDirectory()
  vi.stubEnv('TMPDIR', temporary)
  const leftApi = { kind: 'json', next: { kind: 'url', path: 'next' }, maxPages: 5 } as const
  const why = async (path: string): Promise<unknown> =>
    reconcile(asked(`${base}${path}`, right, { leftApi })).catch((error: unknown) => error)
  expect(await why('/circle')).toMatchObject({ code: 'SOURCE_INVALID', message: /own successor/ })
  expect(await why('/elsewhere')).toMatchObject({ code: 'SOURCE_INVALID', message: /not followed/ })
  expect(await why('/moved')).toMatchObject({ code: 'SOURCE_INVALID', message: /302/ })
  expect(await why('/html')).toMatchObject({ code: 'SOURCE_INVALID', message: /no JSON/ })
  expect(await why('/endless')).toMatchObject({ code: 'SOURCE_INVALID', message: /more than 5 pages/ })
  expect(await why('/401')).toMatchObject({ code: 'SOURCE_UNAVAILABLE', message: /refuses/ })
  expect(await why('/404')).toMatchObject({ code: 'SOURCE_INVALID', message: /404/ })
  expect(readdirSync(temporary)).toEqual([])
})

it('sends a secret from the environment, and shows it nowhere', async () => {
  const seen: (string | undefined)[] = []
  const base = await serve((request, response) => {
    seen.push(request.headers.authorization, request.headers['x-api-key'] as string)
    response.writeHead(403).end(request.headers.authorization)
  })
  const right = await webhooks()
  vi.stubEnv('RECONCILE_TEST_SECRET', 'sk_test_123')
  const leftApi = {
    kind: 'stripe',
    tokenEnv: 'RECONCILE_TEST_SECRET',
    headerEnv: { 'x-api-key': 'RECONCILE_TEST_SECRET' },
  } as const
  const error: unknown = await reconcile(asked(`${base}/v1?key=hidden`, right, { leftApi })).catch(
    (thrown: unknown) => thrown,
  )
  expect(seen).toEqual(['Bearer sk_test_123', 'sk_test_123'])
  expect(String(error) + JSON.stringify(error)).not.toMatch(/sk_test|hidden/)
  await expect(reconcile(asked('http://shop.example/v1', right, { leftApi }))).rejects.toThrow(
    'a secret is sent over https: only',
  )
  await expect(
    reconcile(asked(base, right, { leftApi: { kind: 'stripe', tokenEnv: 'sk_test_123' } })),
  ).rejects.toThrow('the environment variable that it names is not set')
})

it('takes an empty list for an answer, and keeps the digits of long ids', async () => {
  const base = await serve((request, response) => {
    if (request.url === '/none') response.end('{"items": []}')
    else response.end('{"items": [{"id": 12345678901234567890, "amount": 1.10}]}')
  })
  const right = await put('csv', {
    columns: ['payment_id', 'amount'],
    rows: [['12345678901234567890', '1.1']],
  })
  expect(await reconcile(asked(`${base}/some`, right, {}))).toMatchObject({ matched: 1, clean: true })
  expect(await reconcile(asked(`${base}/none`, right, { leftWhere: `state = 'paid'` }))).toMatchObject({
    extra: 1,
    left: { rows: 0 },
  })
})
