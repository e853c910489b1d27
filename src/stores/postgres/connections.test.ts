import { type PoolClient, types } from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { usePostgres } from '../../../test/support/postgres-bench.ts'
import { type TcpProxy, tcpProxy } from '../../../test/support/tcp-proxy.ts'
import type { ClaimRequest, Store } from '../../ledger/store.ts'

const bench = usePostgres()
const proxies: TcpProxy[] = []
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
})

function urlWith(
  changes: Partial<Pick<URL, 'port' | 'pathname' | 'username' | 'password' | 'search'>>,
): string {
  return Object.assign(new URL(bench().database.url), changes).href
}

/** A store whose connections go through a proxy. */
async function proxied(
  options: { readonly answerTimeoutMs?: number } = {},
): Promise<{ store: Store; proxy: TcpProxy }> {
  const { hostname, port } = new URL(bench().database.url)
  const proxy = await tcpProxy({ host: hostname, port: Number(port) })
  proxies.push(proxy)
  return { proxy, store: await bench().opened({ url: urlWith({ port: String(proxy.port) }), ...options }) }
}

describe('a connection that cannot be had', () => {
  test.each<[string, () => string, RegExp]>([
    ['nobody listens', () => urlWith({ port: '1' }), /127\.0\.0\.1:1.*ECONNREFUSED/],
    [
      'no such host',
      () => bench().database.url.replace('127.0.0.1', 'no-such-host.invalid'),
      /no-such-host\.invalid/,
    ],
    ['no such database', () => urlWith({ pathname: '/nowhere' }), /"nowhere" does not exist/],
    ['a wrong password', () => urlWith({ password: 'wrong-secret' }), /password authentication failed/],
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
    const { proxy } = await proxied()
    proxy.swallow()
    const store = bench().store({ url: urlWith({ port: String(proxy.port) }), connectTimeoutMs: 100 })
    await expect(store.open()).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('a role with no connection left, and one that may not write', async () => {
    const { database } = bench()
    await bench().opened()
    await database.query(`CREATE ROLE poor LOGIN PASSWORD 'p' CONNECTION LIMIT 0`)
    try {
      const url = urlWith({ username: 'poor', password: 'p' })
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
      url: urlWith({ search: '?options=-c%20default_transaction_read_only%3Don' }),
    })
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('read-only'),
    })
    expect((await store.read(['absent'])).results).toEqual([undefined])
  })
})

describe('a connection that is cut', () => {
  test.each(['request', 'reply'] as const)(
    'at the %s of a claim: lost, and the same claim tells its own row',
    async (at) => {
      const { store, proxy } = await proxied()
      const request = bench().claimOf()
      const cut = proxy.cut({ at, when: request.ref })
      await expect(store.claim([request])).rejects.toMatchObject({ kind: 'lost' })
      await cut
      const { results } = await store.claim([request])
      if (at === 'request') {
        expect(results).toMatchObject([{ kind: 'claimed', entry: { attempt: 1, rev: 1 } }])
        return
      }
      expect(results).toMatchObject([{ kind: 'held', entry: { owner: request.owner, attempt: 1, rev: 1 } }])
      // Rule 4: seen is not yet durable. It is claimed by a write once more, and keeps attempt and owner.
      const again: ClaimRequest = {
        ...request,
        expect: {
          attempt: 1,
          rev: 1,
          raisesAttempt: false,
          round: 0,
          earlierUnknown: false,
          keepsFirstSend: true,
        },
      }
      expect((await store.claim([again])).results).toMatchObject([
        { kind: 'claimed', entry: { owner: request.owner, attempt: 1, rev: 2 } },
      ])
    },
  )

  test.each(['request', 'reply'] as const)(
    'at the %s of a settle: lost, and the same settle is recognised',
    async (at) => {
      const { store, proxy } = await proxied()
      const row = await bench().claimed(store)
      const settle = bench().settleOf(row, { value: Buffer.from('{"id":1}') })
      const cut = proxy.cut({ at, when: settle.digest })
      await expect(store.settle([settle])).rejects.toMatchObject({ kind: 'lost' })
      await cut
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
          (fault: { kind?: string }) => fault.kind ?? String(fault),
        ),
      )
    }
    expect(outcomes.at(-1)).toBe('claimed')
    expect(outcomes.slice(0, -1).filter((outcome) => outcome !== 'lost')).toEqual([])
  })

  test('by nobody, while no answer comes: given up after answerTimeoutMs', async () => {
    const { store, proxy } = await proxied({ answerTimeoutMs: 200 })
    proxy.swallow()
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ kind: 'lost' })
  })
})

describe("a user's pool", () => {
  test('is used, and stays open when the store is closed', async () => {
    const pool = bench().pool()
    const store = await bench().opened({ pool })
    await bench().claimed(store)
    await store.close()
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('serves two stores with different schemas', async () => {
    const pool = bench().pool({ max: 1 })
    const [a, b] = [
      await bench().opened({ pool, schema: 'one' }),
      await bench().opened({ pool, schema: 'two' }),
    ]
    const request = bench().claimOf()
    expect((await a.claim([request])).results).toMatchObject([{ kind: 'claimed' }])
    expect((await b.claim([request])).results).toMatchObject([{ kind: 'claimed' }])
  })

  test('may parse types as it likes', async () => {
    const [int8, bool, bytea] = [20, 16, 17].map((oid) => types.getTypeParser(oid)) as [never, never, never]
    types.setTypeParser(20, BigInt)
    types.setTypeParser(16, (text) => ({ text }))
    types.setTypeParser(17, () => 'not bytes')
    try {
      const store = await bench().opened({ pool: bench().pool() })
      const row = await bench().claimed(store)
      const value = Uint8Array.of(0, 34, 44, 92, 255)
      await store.settle([bench().settleOf(row, { value })])
      const [read] = (await store.read([row.ref])).results
      expect(read).toMatchObject({ claimedAtMs: expect.any(Number), valueKept: true })
      expect([...(read?.value ?? [])]).toEqual([...value])
    } finally {
      types.setTypeParser(20, int8)
      types.setTypeParser(16, bool)
      types.setTypeParser(17, bytea)
    }
  })

  test.each([
    'bytea_output=escape',
    'DateStyle=German',
    'TimeZone=Asia/Kathmandu',
    'standard_conforming_strings=off',
  ])('may be set to %s', async (setting) => {
    const store = await bench().opened({
      url: urlWith({ search: `?options=${encodeURIComponent(`-c ${setting}`)}` }),
    })
    const value = Uint8Array.from({ length: 256 }, (_, index) => index)
    const row = await bench().claimed(store, { subject: 'back\\slash "quoted"' })
    await store.settle([bench().settleOf(row, { value })])
    const [read] = (await store.read([row.ref])).results
    expect([...(read?.value ?? [])]).toEqual([...value])
    expect(read?.subject).toBe('back\\slash "quoted"')
    expect(Math.abs((read?.claimedAtMs ?? 0) - Date.now())).toBeLessThan(3_600_000)
  })

  test('whose prepared statements were thrown away is a conflict once, and works without names', async () => {
    const pool = bench().pool({ max: 1 })
    const store = await bench().opened({ pool })
    await bench().claimed(store)
    await pool.query('DEALLOCATE ALL')
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ kind: 'conflict' })
    await bench().claimed(store)
    await pool.query('DEALLOCATE ALL')
    await bench().claimed(store)
  })
})

describe('transactions', () => {
  const note = (text: string) => async (client: unknown) => {
    await (client as PoolClient).query('INSERT INTO notes VALUES ($1)', [text])
    return text
  }
  const notes = async (): Promise<unknown[]> =>
    (await bench().database.query('SELECT text FROM notes')).map((row) => row['text'])

  async function withNotes(work: () => Promise<void>): Promise<void> {
    await bench().database.query(
      'CREATE TABLE notes (text text NOT NULL, twin text, CONSTRAINT one UNIQUE (twin) DEFERRABLE INITIALLY DEFERRED)',
    )
    await work().finally(() => bench().database.query('DROP TABLE notes'))
  }

  test.each(['request', 'reply'] as const)(
    'whose COMMIT is cut at the %s are lost, with nothing assumed',
    async (at) => {
      await withNotes(async () => {
        const { store, proxy } = await proxied()
        const row = await bench().claimed(store)
        const settle = bench().settleOf(row)
        const cut = proxy.cut({ at, when: 'COMMIT' })
        await expect(store.transaction?.(note('a'), () => settle)).rejects.toMatchObject({ kind: 'lost' })
        await cut
        const committed = at === 'reply'
        // The question is settled by a write: either it was applied before, or it goes through now.
        const { results } = await store.settle([settle])
        expect(results).toMatchObject([
          { kind: 'settled', entry: { state: 'succeeded', rev: committed ? 3 : 2 } },
        ])
        expect(await notes()).toEqual(committed ? ['a'] : [])
      })
    },
  )

  test('whose connection breaks before COMMIT wrote nothing, which is known: unavailable', async () => {
    await withNotes(async () => {
      const { store, proxy } = await proxied()
      const row = await bench().claimed(store)
      const settle = bench().settleOf(row)
      void proxy.cut({ at: 'request', when: settle.digest })
      await expect(store.transaction?.(note('a'), () => settle)).rejects.toMatchObject({
        kind: 'unavailable',
      })
      expect((await store.read([row.ref])).results).toMatchObject([{ state: 'started', rev: 1 }])
      expect(await notes()).toEqual([])
    })
  })

  test("give the caller's own error when the caller's connection breaks", async () => {
    const { store, proxy } = await proxied()
    const row = await bench().claimed(store)
    void proxy.cut({ at: 'request', when: 'my own statement' })
    const work = (client: unknown): Promise<unknown> =>
      (client as PoolClient).query('SELECT 1 /* my own statement */')
    const error = await store
      .transaction?.(work, () => bench().settleOf(row))
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toHaveProperty('brand')
    await bench().claimed(store)
  })

  test('whose work has swallowed an error of the server are rejected and rolled back', async () => {
    await withNotes(async () => {
      const store = await bench().opened()
      const row = await bench().claimed(store)
      const work = async (client: unknown): Promise<void> => {
        await (client as PoolClient).query('SELECT 1 / 0').catch(() => undefined)
      }
      await expect(store.transaction?.(work, () => bench().settleOf(row))).rejects.toMatchObject({
        kind: 'rejected',
      })
      expect((await store.read([row.ref])).results).toMatchObject([{ state: 'started', rev: 1 }])
    })
  })

  test('that a deferred constraint ends at COMMIT wrote nothing: rejected', async () => {
    await withNotes(async () => {
      const store = await bench().opened()
      const row = await bench().claimed(store)
      const work = (client: unknown): Promise<unknown> =>
        (client as PoolClient).query(`INSERT INTO notes VALUES ('a', 'same'), ('b', 'same')`)
      await expect(store.transaction?.(work, () => bench().settleOf(row))).rejects.toMatchObject({
        kind: 'rejected',
      })
      expect((await store.read([row.ref])).results).toMatchObject([{ state: 'started', rev: 1 }])
      expect(await notes()).toEqual([])
    })
  })

  test('lock the entry only at their end: renewals go on meanwhile', async () => {
    const store = await bench().opened()
    const { ref, owner, attempt } = await bench().claimed(store)
    const row = (await store.read([ref])).results[0]
    const work = async (): Promise<string> => {
      const { results } = await store.renew([{ ref, owner, attempt, leaseMs: 90_000 }])
      return results[0]?.kind ?? ''
    }
    if (row === undefined) throw new Error('no row')
    const result = await store.transaction?.(work, () => bench().settleOf(row))
    expect(result).toMatchObject({
      kind: 'committed',
      value: 'renewed',
      entry: { state: 'succeeded', rev: 3 },
    })
  })
})

describe('another lineage', () => {
  test('is noticed by every kind of write, which writes nothing and goes on under it', async () => {
    const store = await bench().opened()
    const row = await bench().claimed(store)
    const claim = bench().claimOf()
    const writes: readonly [string, () => Promise<unknown>][] = [
      ['claim', () => store.claim([claim])],
      ['claims', () => store.claim([claim, bench().claimOf()])],
      [
        'takeover',
        () =>
          store.claim([
            {
              ...claim,
              ref: row.ref,
              expect: {
                attempt: 1,
                rev: row.rev,
                raisesAttempt: true,
                round: 0,
                earlierUnknown: false,
                keepsFirstSend: true,
              },
            },
          ]),
      ],
      ['renew', () => store.renew([{ ref: row.ref, owner: row.owner, attempt: 1, leaseMs: 1 }])],
      ['settle', () => store.settle([bench().settleOf(row)])],
      ['settles', () => store.settle([bench().settleOf(row), bench().settleOf({ ...row, ref: 'absent' })])],
      [
        'resolve',
        () =>
          store.resolve([
            { ref: row.ref, expect: { attempt: 1, rev: row.rev }, to: 'in_doubt', valueKept: true },
          ]),
      ],
      ['append', () => store.records.append([{ stream: 's', id: '1', body: 'b' }])],
      ['replaceIf', () => store.records.replaceIf({ stream: 's', id: '1', version: 0, body: 'b' })],
      ['purge', () => store.purge({ scope: 'shop', limit: 1 })],
      [
        'transaction',
        async () =>
          store.transaction?.(
            () => undefined,
            () => bench().settleOf(row),
          ),
      ],
    ]
    for (const [index, [name, write]] of writes.entries()) {
      await bench().database.query('UPDATE onceward_lineage SET epoch = $1, nonce = $2', [
        index + 2,
        `nonce-${index}`,
      ])
      await expect(write(), name).rejects.toMatchObject({ kind: 'conflict' })
      expect((await store.read([row.ref, claim.ref])).results, name).toEqual([row, undefined])
    }
    expect(await store.records.read({ stream: 's', limit: 1 })).toEqual([])
    const { results } = await store.claim([claim])
    expect(results).toMatchObject([{ kind: 'claimed', entry: { epoch: writes.length + 1, attempt: 1 } }])
  })
})
