import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../../src/server/routes/index.ts'
import type { Route } from '../../src/server/route.ts'
import { openStoreFromUrl } from '../../src/stores/open.ts'
import { ControlRoom, doubtful, type Told } from './support/control-room.ts'

let room: ControlRoom
let viewer: string
let operator: string
let admin: string
let ref: string

beforeAll(async () => {
  room = await ControlRoom.on('sqlite')
  await room.serve('scopes: [billing]\nhosts: [control.example]')
  ref = await doubtful(await room.worker(), 'd1')
  ;[viewer, operator, admin] = await Promise.all([
    room.token('viewer'),
    room.token('operator'),
    room.token('admin'),
  ])
  // What the server believed before is over within a second; a token that is shown ends it at once.
  await untilKnown(viewer)
})
afterAll(() => room.end())

async function untilKnown(token: string): Promise<void> {
  while ((await room.ask('/v1/me', { token })).status !== 200)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

const problemOf = ({ json }: Told): string => String(json['type']).split('#')[1] ?? ''
const pathOf = ({ path }: Route): string => path.replace('{ref}', ref).replace('{id}', '0123456789ab')

/** Everything in the store, but for what the server counts of itself. */
async function everything(): Promise<unknown> {
  const store = await openStoreFromUrl(room.storeUrl)
  await store.open()
  const { entries } = await store.list({ limit: 500 })
  const streams = ['server-tokens', 'audit-trail', 'effects/shop', 'effects-due/shop', 'recorded-drills/shop']
  const records = await Promise.all(streams.map((stream) => store.records.read({ stream, limit: 500 })))
  await store.close()
  return { entries, records }
}

describe('who may', () => {
  it('a viewer may read everything and change nothing, over every route', async () => {
    const before = await everything()
    for (const route of routes.filter(({ id }) => id !== 'live')) {
      for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'PATCH']) {
        const body =
          method === 'GET'
            ? {}
            : {
                body: {
                  happened: true,
                  because: 'x',
                  key: 'k',
                  target: { url: room.url },
                  name: 'n',
                  role: 'admin',
                },
              }
        const told = await room.ask(pathOf(route), { method, token: viewer, ...body })
        const known = routes.find((each) => each.path === route.path && each.method === method)
        const expected = known === undefined ? [405] : known.role === 'viewer' ? [200, 404] : [403]
        expect([method, route.path, expected.includes(told.status)]).toEqual([method, route.path, true])
      }
    }
    expect(await everything()).toEqual(before)
  })

  it('without a token, with a wrong or a revoked one: 401 before anything else is looked at', async () => {
    const made = await room.ask('/v1/tokens', { token: admin, body: { name: 'gone', role: 'admin' } })
    const { token: revoked, id } = made.json as { token: string; id: string }
    expect((await room.ask('/v1/me', { token: revoked })).status).toBe(200)
    await room.ask(`/v1/tokens/${id}`, { method: 'DELETE', token: admin })
    const wrong = `${viewer.slice(0, -1)}${viewer.endsWith('A') ? 'B' : 'A'}`
    for (const token of [undefined, revoked, wrong, 'ow_', '']) {
      for (const path of [
        '/v1/entries',
        '/v1/nothing',
        '/v1/entries?limit=x',
        `/v1/doubts/${ref}/resolution`,
      ]) {
        const told = await room.ask(path, {
          ...(token === undefined ? {} : { token }),
          method: 'POST',
          body: '{',
        })
        expect([path, told.status, problemOf(told)]).toEqual([path, 401, 'not-signed-in'])
        expect(told.headers.get('content-type')).toBe('application/problem+json')
      }
    }
    expect((await room.ask('/.well-known/onceward/health')).status).toBe(200)
  })

  it('what a role may not is refused before look-up, validation and idempotency', async () => {
    const headers = { 'idempotency-key': 'not a key at all, "', 'content-type': 'text/plain' }
    const told = await room.ask('/v1/doubts/000000000000000000000000/resolution', {
      token: viewer,
      headers,
      body: '{',
    })
    expect([told.status, problemOf(told)]).toEqual([403, 'not-allowed'])
    const asked = await room.ask('/v1/tokens', { token: operator, body: {} })
    expect([asked.status, problemOf(asked)]).toEqual([403, 'not-allowed'])
  })

  it('a token that is limited to some scopes sees and changes nothing of others', async () => {
    const made = await room.ask('/v1/tokens', {
      token: admin,
      body: { name: 'billing only', role: 'admin', scopes: ['billing'] },
    })
    const token = String(made.json['token'])
    expect((await room.ask('/v1/me', { token })).json['scopes']).toEqual(['billing'])
    expect((await room.ask('/v1/entries', { token })).json['entries']).toEqual([])
    const refused = await room.ask('/v1/entries?scope=shop', { token })
    expect([refused.status, problemOf(refused)]).toEqual([403, 'not-allowed'])
    expect((await room.ask(`/v1/entries/${ref}`, { token })).status).toBe(404)
    const resolved = await room.ask(`/v1/doubts/${ref}/resolution`, {
      token,
      body: { happened: true, because: 'x' },
    })
    expect(resolved.status).toBe(404)
    const wider = await room.ask('/v1/tokens', { token, body: { name: 'wider', role: 'admin' } })
    expect(wider.status).toBe(403)
    const trail = await room.ask('/v1/audit-trail', { token })
    expect(trail.json['records']).toEqual([])
    expect((await room.ask('/v1/entries?scope=nowhere', { token: admin })).status).toBe(404)
  })

  it('keeps no token: neither at rest nor in the replay of its making', async () => {
    const headers = { 'idempotency-key': 'make-one' }
    const body = { name: 'once', role: 'viewer' }
    const first = await room.ask('/v1/tokens', { token: admin, headers, body })
    const again = await room.ask('/v1/tokens', { token: admin, headers, body })
    const { token, id } = first.json as { token: string; id: string }
    expect(again.json).toEqual({ id })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    // The secret itself may hold an underscore.
    const secret = token.slice(`ow_${id}_`.length)
    expect(secret).toHaveLength(43)
    const kept = JSON.stringify(await everything(), (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString() : value,
    )
    expect(kept).toContain(id)
    expect(kept).not.toContain(secret)
    expect((await room.ask('/v1/tokens', { token: viewer })).text).not.toContain('sha256')
  })

  it('a session is a cookie that scripts cannot read, and pages of other sites cannot use', async () => {
    const wrong = await room.ask('/session', { body: { token: 'ow_no' } })
    expect(wrong.status).toBe(401)
    const begun = await room.ask('/session', { body: { token: operator } })
    const set = begun.headers.get('set-cookie') ?? ''
    expect([begun.status, begun.json['role']]).toEqual([201, 'operator'])
    expect(set).toMatch(/^onceward_session=[\w-]{43};/)
    expect(set).toContain('HttpOnly')
    expect(set).toContain('SameSite=Strict')
    const cookie = set.split(';')[0] ?? ''
    expect((await room.ask('/v1/me', { headers: { cookie } })).json['name']).toBe('operator')
    const change = { body: { drills: [] }, headers: { cookie, origin: 'https://evil.example' } }
    const forged = await room.ask('/v1/drills', change)
    expect([forged.status, problemOf(forged)]).toEqual([403, 'cross-site'])
    const own = await room.ask('/v1/drills', { ...change, headers: { cookie, origin: room.url } })
    expect(own.status).toBe(201)
    const form = await room.ask('/v1/drills', {
      body: 'a=b',
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect([form.status, problemOf(form)]).toEqual([415, 'media-type'])
    expect((await room.ask('/session', { method: 'DELETE', headers: { cookie } })).status).toBe(204)
    expect((await room.ask('/v1/me', { headers: { cookie } })).status).toBe(401)
  })

  it('sets the headers that keep a page to itself', async () => {
    const { headers } = await room.ask('/')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('content-security-policy')).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })
})
