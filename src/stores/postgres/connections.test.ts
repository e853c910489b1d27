import { describe, expect, test } from 'vitest'
import { usePostgres } from '../../../test/support/postgres-bench.ts'
import type { ClaimRequest } from '../../ledger/store.ts'

const bench = usePostgres()

describe('a connection that cannot be had', () => {
  test.each<[string, () => string, RegExp]>([
    ['nobody listens', () => bench().urlWith({ port: '1' }), /127\.0\.0\.1:1.*ECONNREFUSED/],
    [
      'no such host',
      () => bench().database.url.replace('127.0.0.1', 'no-such-host.invalid'),
      /no-such-host\.invalid/,
    ],
    ['no such database', () => bench().urlWith({ pathname: '/nowhere' }), /"nowhere" does not exist/],
    [
      'a wrong password',
      () => bench().urlWith({ password: 'wrong-secret' }),
      /password authentication failed/,
    ],
  ])('%s: unavailable, and no secret in the message', async (_, url, message) => {
    const fault = await bench()
      .store({ url: url() })
      .open()
      .catch((error: unknown) => error)
    expect(fault).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(message) })
    expect(String(fault)).not.toContain(new URL(bench().database.url).password)
    expect(String(fault)).not.toContain('wrong-secret')
  })

  test('a server that accepts and says nothing is given up after connectTimeoutMs', async () => {
    const { proxy } = await bench().proxied()
    proxy.impair({ stalled: 'both' })
    const store = bench().store({ url: proxy.through(bench().database.url), connectTimeoutMs: 100 })
    await expect(store.open()).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('a role with no connection left, and one that may not write', async () => {
    const { database } = bench()
    await bench().opened()
    await database.query(`CREATE ROLE poor LOGIN PASSWORD 'p' CONNECTION LIMIT 0`)
    try {
      const url = bench().urlWith({ username: 'poor', password: 'p' })
      await expect(bench().store({ url }).open()).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('too many connections'),
      })
      await database.query(
        'ALTER ROLE poor CONNECTION LIMIT 5; GRANT SELECT ON ALL TABLES IN SCHEMA public TO poor',
      )
      const store = await bench().opened({ url })
      await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('permission denied'),
      })
      await store.close()
    } finally {
      await database.query('DROP OWNED BY poor; DROP ROLE poor')
    }
  })

  test('a server that has become read-only, as a demoted primary does', async () => {
    const store = await bench().opened({
      url: bench().urlWith({ search: '?options=-c%20default_transaction_read_only%3Don' }),
    })
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('read-only'),
    })
    expect((await store.read(['absent'])).results).toEqual([undefined])
  })
})

describe('a connection that is cut', () => {
  test('at the request of a claim: lost, and the same claim goes through', async () => {
    const { store, proxy } = await bench().proxied()
    const request = bench().claimOf()
    const cut = proxy.cut({ at: 'request', when: request.ref })
    await expect(store.claim([request])).rejects.toMatchObject({ kind: 'lost' })
    await cut.done
    const { results } = await store.claim([request])
    expect(results).toMatchObject([{ kind: 'claimed', entry: { attempt: 1, rev: 1 } }])
  })

  test('at the reply of a claim: lost, and the same claim tells its own row', async () => {
    const { store, proxy } = await bench().proxied()
    const request = bench().claimOf()
    const cut = proxy.cut({ at: 'reply', when: request.ref })
    await expect(store.claim([request])).rejects.toMatchObject({ kind: 'lost' })
    await cut.done
    const { results } = await store.claim([request])
    expect(results).toMatchObject([{ kind: 'held', entry: { owner: request.owner, attempt: 1, rev: 1 } }])
    // Rule 4: seen is not yet durable. It is claimed by a write once more, and keeps attempt and owner.
    const expectation = { attempt: 1, rev: 1, raisesAttempt: false, round: 0, earlierUnknown: false }
    const again: ClaimRequest = { ...request, expect: { ...expectation, keepsFirstSend: true } }
    expect((await store.claim([again])).results).toMatchObject([
      { kind: 'claimed', entry: { owner: request.owner, attempt: 1, rev: 2 } },
    ])
  })

  test.each(['request', 'reply'] as const)(
    'at the %s of a settle: lost, and the same settle is recognised',
    async (at) => {
      const { store, proxy } = await bench().proxied()
      const row = await bench().claimed(store)
      const settle = bench().settleOf(row, { value: Buffer.from('{"id":1}') })
      const cut = proxy.cut({ at, when: settle.digest })
      await expect(store.settle([settle])).rejects.toMatchObject({ kind: 'lost' })
      await cut.done
      const { results } = await store.settle([settle])
      const rev = at === 'request' ? 2 : 3
      expect(results).toMatchObject([
        { kind: 'settled', entry: { state: 'succeeded', rev, value: settle.value } },
      ])
      expect((await store.read([row.ref])).results).toMatchObject([{ state: 'succeeded', rev }])
    },
  )

  test('by the server while it is idle: nothing crashes, and the store goes on', async () => {
    const store = await bench().opened()
    await bench().claimed(store)
    const [row] = await bench().database.query(
      `SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    expect(row?.['n']).toBeGreaterThan(0)
    const outcomes: string[] = []
    for (let tries = 0; tries < 5 && outcomes.at(-1) !== 'claimed'; tries += 1) {
      outcomes.push(
        await store.claim([bench().claimOf()]).then(
          ({ results }) => results[0]?.kind ?? '',
          (fault: { kind?: string }) => fault.kind ?? 'no fault of the store',
        ),
      )
    }
    expect(outcomes.at(-1)).toBe('claimed')
    expect(outcomes.slice(0, -1).filter((outcome) => outcome !== 'lost')).toEqual([])
  })

  test('by nobody, while no answer comes: given up after answerTimeoutMs', async () => {
    const { store, proxy } = await bench().proxied({ answerTimeoutMs: 200 })
    proxy.impair({ stalled: 'both' })
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ kind: 'lost' })
  })
})
