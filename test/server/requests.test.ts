import { connect } from 'node:net'
import { once as event } from 'node:events'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wishSchema } from '../../src/server/effects/wish.ts'
import { routes } from '../../src/server/routes/index.ts'
import { flawOf, type Schema } from '../../src/server/schema/json-schema.ts'
import { ControlRoom, type Told } from './support/control-room.ts'

let room: ControlRoom

beforeAll(async () => {
  room = await ControlRoom.on('sqlite')
  await room.serve('limits: { bodyBytes: 2048 }')
})
afterAll(() => room.end())

const problemOf = ({ json }: Told): string => String(json['type']).split('#')[1] ?? ''

describe('hostile input', () => {
  it('is named and refused, and never a fault of the server', async () => {
    const effects = '/v1/effects'
    const url = 'http://127.0.0.1:9/'
    const cases: readonly (readonly [string, unknown, number, string])[] = [
      ['/v1/entries?limit=0', undefined, 400, 'query.limit must be a whole number from 1 to 500, got 0'],
      ['/v1/entries?limit=1e9', undefined, 400, 'query.limit'],
      ['/v1/entries?limit=1&limit=2', undefined, 400, 'query.limit must be given once'],
      ['/v1/entries?state=done', undefined, 400, 'query.state'],
      ['/v1/entries?from=yesterday', undefined, 400, 'query.from'],
      ['/v1/entries?cursor=%00', undefined, 400, 'cursor'],
      ['/v1/entries?key=a', undefined, 400, 'operation'],
      ['/v1/entries?__proto__=1', undefined, 400, 'no query parameter'],
      ['/v1/entries?subject=%00', undefined, 400, 'subject'],
      ['/v1/entries/..%2f..%2fetc%2fpasswd', undefined, 404, 'ref'],
      ["/v1/entries/'%20OR%201=1", undefined, 404, 'ref'],
      ['/v1/statistics?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', undefined, 400, 'before'],
      ['/v1/statistics?from=1970-01-01T00:00:00Z&stepMs=60000', undefined, 400, 'intervals'],
      [effects, '{', 400, 'no JSON'],
      [effects, '"\uD800"', 400, 'body must be an object'],
      [effects, [], 400, 'body must be an object'],
      [effects, { key: 'k' }, 400, 'body.target must be there'],
      [effects, { key: '', target: { url } }, 400, 'body.key'],
      [effects, { key: { a: 1 }, target: { url } }, 400, 'body.key'],
      [effects, { key: 'k', target: { url: 'file:///etc/passwd' } }, 400, 'body.target.url'],
      [effects, { key: 'k', target: { url: 'http://user:pass@127.0.0.1/' } }, 400, 'body.target.url'],
      [effects, { key: 'k', target: { url, method: 'TRACE' } }, 400, 'body.target.method'],
      [effects, { key: 'k', target: { url, headers: { a: 'b\r\nc: d' } } }, 400, 'body.target.headers.a'],
      [effects, { key: 'k', target: { url }, surprise: 1 }, 400, 'body.surprise must be absent'],
      [effects, { key: new Date().toISOString(), target: { url } }, 400, 'instant'],
      [effects, { key: 'k', target: { url }, body: 'x'.repeat(4096) }, 413, 'At most 2048 bytes'],
    ]
    for (const [path, body, status, text] of cases) {
      const told = await room.ask(path, body === undefined ? {} : { body })
      expect([path, told.status, told.text]).toEqual([path, status, expect.stringContaining(text)])
    }
    expect(room.faults).toEqual([])
  })

  it('a body without its end, a head without its end, and no HTTP at all leave the server as it was', async () => {
    const { port, hostname } = new URL(room.url)
    for (const text of [
      'POST /v1/effects HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
      'GET /v1/entries HTTP/1.1\r\nHost: lo',
      '\u0016\u0003\u0001\u0000garbage',
      'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc',
    ]) {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      await event(socket, 'connect')
      socket.end(text)
      socket.resume()
      await event(socket, 'close')
    }
    expect((await room.ask('/v1/health')).status).toBe(200)
    expect(room.faults).toEqual([])
  })

  it('answers to no name that is not its own (DNS rebinding)', async () => {
    const { port, hostname } = new URL(room.url)
    const socket = connect(Number(port), hostname)
    socket.setEncoding('utf8')
    let answer = ''
    socket.on('data', (chunk: string) => (answer += chunk))
    socket.end(`GET /v1/entries HTTP/1.1\r\nHost: evil.example:${port}\r\nConnection: close\r\n\r\n`)
    await event(socket, 'close')
    expect(answer).toContain('421')
  })

  it('bounds how often a caller asks, and how often an address tries tokens', async () => {
    const other = await ControlRoom.on('sqlite')
    await other.serve('limits: { requestsPerMinute: 3 }')
    const told = []
    for (let n = 0; n < 5; n += 1) told.push(await other.ask('/v1/health'))
    expect(told.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429])
    expect(Number(told[4]?.headers.get('retry-after'))).toBeGreaterThan(0)
    const tries = []
    for (let n = 0; n < 62; n += 1)
      tries.push(problemOf(await other.ask('/v1/health', { token: 'ow_wrong' })))
    expect([tries[0], tries[61]]).toEqual(['not-signed-in', 'too-many-requests'])
    await other.end()
  })
})

describe('the check of what comes in', () => {
  const schemas: readonly Schema[] = [
    wishSchema,
    ...routes.flatMap(({ body }) => (body === undefined ? [] : [body])),
    ...routes.flatMap(({ query = {} }) => Object.values(query)),
  ]

  it('agrees with ajv on any value, and on values that nearly fit', () => {
    const ajv = new Ajv2020({
      strict: false,
      formats: { 'date-time': isDateTime, uri: (text: string) => URL.canParse(text) },
    })
    const leaf = fc.oneof(
      fc.json().map((text) => JSON.parse(text) as unknown),
      fc.constantFrom(
        'k',
        'http://a/b',
        'http://a/b#c',
        'POST',
        'keyed',
        '2026-01-01T00:00:00Z',
        'succeeded,failed',
        5,
        60_000,
        true,
        '',
      ),
    )
    const near = fc.record(
      {
        key: leaf,
        target: fc.record(
          { url: leaf, method: leaf, headers: fc.dictionary(fc.string(), leaf) },
          { requiredKeys: [] },
        ),
        body: leaf,
        safety: leaf,
        retries: fc.record({ delaysMs: fc.array(leaf) }),
        dueAt: leaf,
        waitMs: leaf,
        happened: leaf,
        because: leaf,
        name: leaf,
        role: fc.constantFrom('admin', 'root'),
        scopes: fc.array(leaf),
      },
      { requiredKeys: [] },
    )
    const checks = schemas.map((schema) => ({ schema, fits: ajv.compile(schema) }))
    fc.assert(
      fc.property(fc.oneof(leaf, near), fc.constantFrom(...checks), (value, { schema, fits }) => {
        expect([value, flawOf(schema, value, 'body') === undefined]).toEqual([value, fits(value)])
      }),
      { numRuns: 1500 },
    )
  })
})

function isDateTime(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(Date.parse(text))
  )
}
