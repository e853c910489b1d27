import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/outbound/index.ts'
import { parseHttpDate } from '../../src/outbound/http-date.ts'
import type { TargetProfile } from '../../src/outbound/target.ts'
import { charge } from './support/lab.ts'
import { sentence } from './support/sentences.ts'

const baseUrl = 'http://127.0.0.1:9'

describe('the options of a client', () => {
  it.each([
    [{ baseUrl: 'ftp://x' }, 'baseUrl'],
    [{ baseUrl: 'http://user:secret@x/' }, 'baseUrl'],
    [{ baseUrl, timeoutMs: '10s' }, 'timeoutMs'],
    [{ baseUrl, timeoutMs: 2 ** 40 }, 'timeoutMs'],
    [{ baseUrl, retry: { attempts: 0 } }, 'retry.attempts'],
    [{ baseUrl, budget: { ratio: -1 } }, 'budget.ratio'],
    [{ baseUrl, breaker: {} }, 'breaker'],
    [{ baseUrl, breaker: { slowRatio: 0.5 } }, 'breaker.slowMs'],
    [{ baseUrl, bulkhead: { calls: 0 } }, 'bulkhead.calls'],
    [{ baseUrl, pool: { connections: 0 } }, 'pool.connections'],
    [{ baseUrl, hedge: {} }, 'hedge.afterMs'],
    [{ baseUrl, maxAnswerBytes: 0 }, 'maxAnswerBytes'],
    [{ baseUrl, target: { name: 'x', key: { in: 'header', name: 'k' } } }, 'target.keyLifetimeMs'],
  ])('refuses %o and names it', (options, name) => {
    expect(() => createClient(options as never)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining(name) as string }),
    )
    expect(() => createClient(options as never)).not.toThrow(/secret/)
  })

  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 784_111_777_000],
    ['Sun Nov  6 08:49:37 1994', 784_111_777_000],
    ['1994-11-06T08:49:37Z', undefined],
    ['Sun, 06 Foo 1994 08:49:37 GMT', undefined],
  ])('reads the date %s', (text, ms) => expect(parseHttpDate(text)).toBe(ms))
})

const inBody: TargetProfile = {
  name: 'square',
  key: { in: 'body', name: 'idempotency_key' },
  keyLifetimeMs: 1e8,
  maxKeyBytes: 45,
}
const quoted: TargetProfile = {
  name: 'strict',
  key: { in: 'header', name: 'Idempotency-Key', form: 'sf-string' },
  keyLifetimeMs: 1e8,
}
const custom: TargetProfile = {
  name: 'custom',
  keyLifetimeMs: 1e8,
  honours: ({ path }) => path.startsWith('/charges'),
  key: { in: 'custom', place: (call, key) => ({ ...call, path: `${call.path}?request=${key}` }) },
}

sentence(
  'the key goes where the target has it: a quoted header, a member of the body, a place of its own',
  async (lab) => {
    await lab.client({ target: quoted }).request(charge('a"b'))
    await lab.client({ target: inBody }).request(charge('k'))
    await lab.client({ target: custom }).request(charge('k'))
    await lab.client({ target: custom }).request({ ...charge('k'), path: '/other' })
    expect(lab.peer.seen.map(({ path, key, body }) => [path, key, body])).toEqual([
      ['/charges', '"a\\"b"', '{"amount":100}'],
      ['/charges', undefined, '{"amount":100,"idempotency_key":"k"}'],
      ['/charges?request=k', undefined, '{"amount":100}'],
      ['/other', undefined, '{"amount":100}'],
    ])
    const body = lab.client({ target: inBody })
    await expect(body.request({ ...charge('k'), body: 'text' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
    await expect(body.request(charge('k'.repeat(46)))).rejects.toMatchObject({ code: 'KEY_INVALID' })
    lab.peer.next.push({ reset: 'after' })
    const given = { method: 'POST', path: '/charges', body: { idempotency_key: 'own' } }
    expect(await body.request(given)).toMatchObject({ status: 200, attempts: 2 })
  },
)

sentence('what cannot be written is refused, and not retried', async (lab) => {
  const client = lab.client()
  const refused = { code: 'OPTION_INVALID' }
  await expect(client.request({ method: 'GET', path: 'x' })).rejects.toMatchObject(refused)
  await expect(client.request({ method: 'GET', path: '/€' })).rejects.toMatchObject(refused)
  await expect(client.request(charge('k', { headers: { 'bad name': 'x' } }))).rejects.toMatchObject(refused)
  await expect(client.request(charge('k', { body: new Map() }))).rejects.toMatchObject(refused)
  await expect(client.request(charge('k', { deadlineMs: 0 }))).rejects.toMatchObject(refused)
  await expect(client.request(charge('k', { signal: {} as never }))).rejects.toMatchObject(refused)
  expect(lab.clock.waits).toEqual([])
  expect(lab.peer.seen).toEqual([])
})
