import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createOnceward } from '../../src/index.ts'
import { collectBundle, parseConnection } from '../../src/incidents/index.ts'
import { readBundle } from '../../src/incidents/bundle/bundle.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { testDatabase } from '../support/postgres.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { at, t0 } from './support/bundle.ts'

const window = { fromMs: t0, toMs: t0 + 3_600_000 }

function textsIn(directory: string): string {
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('\n')
}

it('PostgreSQL: settings, connections and the tables that sound like effects, in a read-only transaction', async () => {
  const database = await testDatabase()
  onTestFinished(() => database.drop())
  await database.query('CREATE TABLE charges (order_ref text, charge_id text, created_at timestamptz)')
  await database.query('CREATE TABLE "colours" (name text)')
  for (const id of ['c-1', 'c-2'])
    await database.query('INSERT INTO charges VALUES ($1, $2, now())', ['o-1', id])
  const printed: string[] = []
  const directory = temporaryDirectory()
  await collectBundle(directory, [parseConnection(database.url)], {
    window,
    print: (query) => printed.push(query),
  })
  const { sources } = await readBundle(directory)
  const kinds = Object.fromEntries(
    sources.map(({ id, kind, totals }) => [id, `${kind} ${totals.repeatedRefs}`]),
  )
  expect(kinds).toMatchObject({ 'public-charges': 'effects 1', 'postgres-metrics': 'metrics 0' })
  expect(Object.keys(kinds)).not.toContain('public-colours')
  expect(printed[0]).toBe('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
  expect(printed).toContain('SELECT * FROM "public"."charges" LIMIT 100000')
  expect(printed.every((query) => /^(BEGIN|SET LOCAL|SELECT)/.test(query))).toBe(true)
  const { username, password, host } = new URL(database.url)
  const secrets = [password, `${username}@`, host].filter((secret) => secret !== '')
  const texts = textsIn(directory)
  expect(secrets.filter((secret) => texts.includes(secret) || printed.join('\n').includes(secret))).toEqual(
    [],
  )
})

it('Prometheus: the metrics that signals look at, without the password', async () => {
  const asked: { url: string; authorization: string | undefined }[] = []
  const url = await listening(
    createServer((request, response) => {
      asked.push({ url: request.url ?? '', authorization: request.headers.authorization })
      const names = ['http_pool_pending', 'go_gc_duration_seconds']
      const values = Array.from({ length: 10 }, (_, index) => [t0 / 1000 + index * 60, String(index)])
      const data =
        request.url?.includes('/label/') === true
          ? names
          : { result: [{ metric: { __name__: 'http_pool_pending', pod: 'a' }, values }] }
      response.end(JSON.stringify({ status: 'success', data }))
    }),
  )
  const printed: string[] = []
  const directory = temporaryDirectory()
  const withPassword = url.replace('http://', 'http://reader:s3cret@')
  await collectBundle(directory, [parseConnection(`prometheus=${withPassword}/prom`)], {
    window,
    print: (query) => printed.push(query),
  })
  expect(asked.map((one) => one.url.split('?')[0])).toEqual([
    '/prom/api/v1/label/__name__/values',
    '/prom/api/v1/query_range',
  ])
  expect(
    asked.every(
      ({ authorization }) => authorization === `Basic ${Buffer.from('reader:s3cret').toString('base64')}`,
    ),
  ).toBe(true)
  const { sources } = await readBundle(directory)
  expect(sources[0]).toMatchObject({ kind: 'metrics', totals: { rows: 10 } })
  expect(sources[0]?.rows[3]).toMatchObject({ name: 'http_pool_pending', value: '3', at: t0 + 180_000 })
  expect(`${textsIn(directory)}${printed.join('\n')}`).not.toMatch(/s3cret|reader/)
  expect(printed).toHaveLength(2)
})

it('Prometheus: a redirect is not followed, and a refusal is said without the password', async () => {
  const url = await listening(
    createServer((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()),
  )
  const collecting = collectBundle(
    temporaryDirectory(),
    [parseConnection(`prometheus=${url.replace('//', '//a:s3cret@')}`)],
    { window, print: () => undefined },
  )
  await expect(collecting).rejects.toMatchObject({
    code: 'SOURCE_UNAVAILABLE',
    message: expect.not.stringContaining('s3cret'),
  })
})

it('a ledger: its entries without values, and nothing is made where there is none', async () => {
  const path = join(temporaryDirectory(), 'onceward.db')
  const missing = collectBundle(temporaryDirectory(), [parseConnection(`ledger=sqlite:${path}`)], {
    window,
    print: () => undefined,
  })
  await expect(missing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  const once = createOnceward({ store: sqliteStore({ path }), scope: 'shop', sweep: false })
  await once.run({ operation: 'charge', key: 'order-1', input: {}, subject: 'order:1' }, () =>
    Promise.resolve({ secret: 'pan' }),
  )
  await once.close()
  const directory = temporaryDirectory()
  await collectBundle(directory, [parseConnection(`ledger=sqlite:${path}`)], {
    window,
    print: () => undefined,
    scope: 'shop',
  })
  const { sources } = await readBundle(directory)
  expect(sources[0]).toMatchObject({ kind: 'ledger' })
  expect(sources[0]?.rows[0]).toMatchObject({
    ref: 'order:1',
    key: 'order-1',
    status: 'succeeded',
    attempt: 1,
  })
  expect(textsIn(directory)).not.toContain('pan')
})

it('a connection that is none is refused without its password, and a bundle is not written over', async () => {
  expect(() => parseConnection('mysql://root:s3cret@db/shop')).toThrow(
    /--connect must be postgres.*got "mysql:\/\/root:\*\*\*@db\/shop"/,
  )
  expect(() => parseConnection('prometheus=file:///etc/passwd')).toThrow(/--connect must be/)
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'incident.yaml'), `id: ${at(0)}`)
  await expect(collectBundle(directory, [], { window, print: () => undefined })).rejects.toThrow(
    /is there already/,
  )
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
