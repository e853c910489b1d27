import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT, UnsecuredJWT } from 'jose'
import { expect } from 'vitest'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { never, TappedStore } from '../support/tapped-store.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { problemIn } from './support/client.ts'
import { sentences, useUpstream } from './support/sentences.ts'

const sentence = sentences(useUpstream())

sentence('with the store out nothing is sent on, and the answer is 503', async (lab) => {
  const tap = new TappedStore(memoryStore())
  tap.hooks.claim = () => never()
  tap.hooks.list = () => never()
  const gateway = await lab.gateway({}, { store: tap.store })
  const key = lab.key()
  const told = await lab.ask(gateway, { path: '/orders', key, body: 'x' })
  expect(told.status).toBe(503)
  expect(problemIn(told)).toBe('store-unavailable')
  expect(await lab.upstream.count(key)).toBe(0)
  const health = await lab.ask(gateway, { method: 'GET', path: '/.well-known/onceward/health' })
  expect(health).toMatchObject({ status: 503, json: { status: 'store-unavailable', store: 'unavailable' } })
  expect((await lab.ask(gateway, { method: 'GET', path: '/binary' })).status).toBe(200)
})

sentence("health is the gateway's own and never sent on", async (lab) => {
  const usual = await lab.gateway()
  const health = { method: 'GET', path: '/.well-known/onceward/health' }
  expect(await lab.ask(usual, health)).toMatchObject({ status: 200, json: { status: 'ok', store: 'ok' } })
  const moved = await lab.gateway({ health: '/orders' })
  expect(await lab.ask(moved, { method: 'GET', path: '/orders?x' })).toMatchObject({ json: { status: 'ok' } })
  const paths = (await lab.upstream.journal()).map(({ path }) => path)
  expect(paths.filter((path) => path.includes('health') || path === '/orders?x')).toEqual([])
})

sentence('two gateways on one store let a key through once', async (lab) => {
  const path = join(temporaryDirectory(), 'ledger.db')
  const gateways = [
    await lab.gateway({ defaults: { waitMs: 10_000 } }, { store: sqliteStore({ path }) }),
    await lab.gateway({ defaults: { waitMs: 10_000 } }, { store: sqliteStore({ path }) }),
  ] as const
  const key = lab.key()
  const asked = { path: '/orders', key, body: 'x' }
  const told = await Promise.all(
    Array.from({ length: 20 }, (_, at) => lab.ask(gateways[at % 2 === 0 ? 0 : 1], asked)),
  )
  expect(new Set(told.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  expect(told[0]?.status).toBe(201)
  expect(await lab.upstream.count(key)).toBe(1)
})

sentence('a stopping gateway takes no more and ends what it has begun', async (lab) => {
  const gateway = await lab.gateway()
  const key = lab.key()
  const running = lab.ask(gateway, { path: '/hang', key, body: 'x' })
  await lab.upstream.arrived(key)
  const closed = gateway.close()
  await expect(lab.ask(gateway, { path: '/orders', key: lab.key(), body: 'x' })).rejects.toThrow(
    'ECONNREFUSED',
  )
  await lab.upstream.release()
  expect((await running).status).toBe(201)
  await closed
})

sentence('a stop that lasts too long leaves in doubt what has begun', async (lab) => {
  const path = join(temporaryDirectory(), 'ledger.db')
  const gateway = await lab.gateway({ timeouts: { graceMs: 100 } }, { store: sqliteStore({ path }) })
  const key = lab.key()
  const running = lab.ask(gateway, { path: '/hang', key, body: 'x' }).catch(() => undefined)
  await lab.upstream.arrived(key)
  await gateway.close()
  await running
  const next = await lab.gateway({}, { store: sqliteStore({ path }) })
  const again = await lab.ask(next, { path: '/hang', key, body: 'x' })
  expect(again.status).toBe(409)
  expect(await lab.upstream.count(key)).toBe(1)
})

sentence('routes differ: by template, by method, by profile, by where the key lies', async (lab) => {
  const gateway = await lab.gateway({
    defaults: { profile: 'ietf-07-strict' },
    routes: [
      { path: '/orders/free', guard: false },
      { path: '/orders/:id', methods: ['put'], require: false },
      { path: '/orders', keyFromBody: '/requestId' },
      { path: '/status/*', profile: 'oasis' },
    ],
  })
  expect((await lab.ask(gateway, { path: '/orders/free', body: 'x' })).status).toBe(201)
  expect((await lab.ask(gateway, { path: '/orders/1', body: 'x' })).status).toBe(400)
  expect((await lab.ask(gateway, { method: 'PUT', path: '/orders/1', body: 'x' })).status).toBe(201)
  expect((await lab.ask(gateway, { path: '/orders/1', key: 'bare', body: 'x' })).status).toBe(400)
  const key = lab.key()
  const body = JSON.stringify({ requestId: key })
  const first = await lab.ask(gateway, { path: '/orders', body })
  expect(await lab.ask(gateway, { path: '/orders', body })).toMatchObject({ status: 201, text: first.text })
  expect((await lab.ask(gateway, { path: '/orders', body: '{}' })).status).toBe(400)
  const headers = { 'repeatability-request-id': key, 'repeatability-first-sent': new Date().toUTCString() }
  const repeated = { path: '/status/200/a', headers, body: 'x' }
  await lab.ask(gateway, repeated)
  expect((await lab.ask(gateway, repeated)).headers['idempotency-replayed']).toBe('true')
  const { entries } = await gateway.once.entries()
  expect(entries.map(({ operation }) => operation).sort()).toEqual(['POST /orders', 'POST /status/*'])
})

sentence('the caller comes from a header, and nobody is no caller', async (lab) => {
  const gateway = await lab.gateway({ caller: { header: 'X-Account' } })
  const key = lab.key()
  const as = (account: string) =>
    lab.ask(gateway, { path: '/orders', key, body: 'x', headers: { 'x-account': account } })
  expect((await as('a')).status).toBe(201)
  expect((await as('a')).headers['idempotency-replayed']).toBe('true')
  expect((await as('b')).headers['idempotency-replayed']).toBeUndefined()
  const nobody = await lab.ask(gateway, { path: '/orders', key, body: 'x' })
  expect(nobody.status).toBe(403)
  expect(problemIn(nobody)).toBe('caller-unknown')
  expect(await lab.upstream.count(key)).toBe(2)
})

sentence('the caller comes from a claim of a token that is verified', async (lab) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const file = join(temporaryDirectory(), 'key.pem')
  writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }))
  const gateway = await lab.gateway({ caller: { jwt: { publicKeyFile: file, audience: 'shop' } } })
  const key = lab.key()
  const as = async (token: string) =>
    lab.ask(gateway, { path: '/orders', key, body: 'x', headers: { authorization: `Bearer ${token}` } })
  const sign = (sub: string, more: object = {}, signer = privateKey): Promise<string> =>
    new SignJWT({ sub, aud: 'shop', at: Math.random(), ...more })
      .setProtectedHeader({ alg: 'EdDSA' })
      .sign(signer)
  expect((await as(await sign('a'))).status).toBe(201)
  // Another token of the same subject is the same caller.
  expect((await as(await sign('a'))).headers['idempotency-replayed']).toBe('true')
  expect((await as(await sign('b'))).headers['idempotency-replayed']).toBeUndefined()
  const forged = [
    await sign('a', {}, generateKeyPairSync('ed25519').privateKey),
    await sign('a', { aud: 'other' }),
    await sign('a', { exp: 1 }),
    await sign('', {}),
    new UnsecuredJWT({ sub: 'a', aud: 'shop' }).encode(),
    'no.token.at-all',
  ]
  for (const token of forged) expect((await as(token)).status).toBe(403)
  expect(await lab.upstream.count(key)).toBe(2)
})

sentence('a token is believed unverified only where that is said', async (lab) => {
  const gateway = await lab.gateway({ caller: { jwt: { claim: 'account', unverified: true } } })
  const authorization = `Bearer ${new UnsecuredJWT({ account: 7 }).encode()}`
  const told = await lab.ask(gateway, {
    path: '/orders',
    key: lab.key(),
    body: 'x',
    headers: { authorization },
  })
  expect(told.status).toBe(201)
})
