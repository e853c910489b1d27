import { describe, expect, test } from 'vitest'
import { usePostgres } from '../../../test/support/postgres-bench.ts'
import type { PoolLike, PoolQuery } from './pool.ts'
import { migrations } from './tables.ts'

const bench = usePostgres()

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

/** A pool that leads to one of several, as an address may lead to another server. */
function switching(...pools: readonly PoolLike[]): { readonly pool: PoolLike; to(index: number): void } {
  let current = 0
  return {
    pool: { connect: () => (pools[current] as PoolLike).connect() },
    to: (index) => {
      current = index
    },
  }
}

/** A pool whose server knows nothing of write-ahead logs. */
function withoutTimelines(pool: PoolLike): PoolLike {
  return {
    connect: async () => {
      const client = await pool.connect()
      const query = (config: PoolQuery): ReturnType<typeof client.query> =>
        client.query(
          config.text.includes('pg_walfile_name') ? { ...config, text: 'SELECT no_such_function()' } : config,
        )
      return new Proxy(client, {
        get: (target, name) => {
          if (name === 'query') return query
          const member: unknown = Reflect.get(target, name)
          return typeof member === 'function' ? member.bind(target) : member
        },
      })
    },
  }
}

async function lineageIn(schema: string): Promise<Record<string, unknown> | undefined> {
  const [row] = await bench().database.query(
    `SELECT epoch::int, timeline, began_at_ms::float8 AS began FROM ${schema}.onceward_lineage`,
  )
  return row
}

describe('a lineage is begun', () => {
  test('where the server is on another timeline than the lineage: a standby has been promoted', async () => {
    const store = await bench().opened({ url: bench().database.url, schema: 'promoted' })
    const row = await bench().claimed(store)
    const before = await lineageIn('promoted')
    expect(before).toMatchObject({ epoch: 1, began: null, timeline: expect.stringMatching(/^0000000\d$/) })
    await bench().database.query(`UPDATE promoted.onceward_lineage SET timeline = '000000AB'`)
    const refused = store.claim([bench().claimOf()])
    await expect(refused).rejects.toMatchObject({ kind: 'conflict', lineage: { epoch: 2 } })
    const { began, ...after } = (await lineageIn('promoted')) ?? {}
    expect(after).toEqual({ epoch: 2, timeline: before?.['timeline'] })
    const { nowMs, results } = await store.settle([bench().settleOf(row)])
    expect(results).toMatchObject([{ kind: 'settled', entry: { epoch: 1 } }])
    expect(Math.abs(nowMs - Number(began))).toBeLessThan(60_000)
  })

  test('above what this process knew, where the server shows an unknown one of no later epoch', async () => {
    const store = await bench().opened({ url: bench().database.url, schema: 'sibling' })
    await bench().database.query(`UPDATE sibling.onceward_lineage SET epoch = 7, nonce = 'another-epoch'`)
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ lineage: { epoch: 7 } })
    await bench().database.query(`UPDATE sibling.onceward_lineage SET epoch = 3, nonce = 'restored'`)
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ lineage: { epoch: 8 } })
    expect(await lineageIn('sibling')).toMatchObject({ epoch: 8 })
  })

  test('once, however many notice', async () => {
    const options = { url: bench().database.url, schema: 'noticed' }
    const stores = await Promise.all(Array.from({ length: 6 }, () => bench().opened(options)))
    await bench().database.query(`UPDATE noticed.onceward_lineage SET timeline = '000000AB'`)
    const faults = await Promise.allSettled(stores.map((store) => store.claim([bench().claimOf()])))
    expect(faults.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'rejected'))
    expect(await lineageIn('noticed')).toMatchObject({ epoch: 2 })
  })

  test('not by who only looks, nor by opening', async () => {
    const options = { url: bench().database.url, schema: 'looked_at' }
    const store = await bench().opened(options)
    const row = await bench().claimed(store)
    await bench().database.query(`UPDATE looked_at.onceward_lineage SET timeline = '000000AB'`)
    const other = await bench().opened(options)
    expect((await other.read([row.ref])).results).toEqual([row])
    expect(await lineageIn('looked_at')).toMatchObject({ epoch: 1 })
  })

  test('not on a connection to a server that was replaced: it is thrown away', async () => {
    const schema = 'replaced'
    const [old, next] = [bench().pool({ max: 1 }), bench().pool({ max: 1 })]
    const way = switching(old, next)
    const store = await bench().opened({ pool: way.pool, schema })
    const former = await store.open()
    way.to(1)
    await bench().database.query(`UPDATE ${schema}.onceward_lineage SET timeline = '000000AB'`)
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ lineage: { epoch: 2 } })
    // The old primary is still there, and a connection to it is still open.
    const { epoch, nonce } = former
    const set = `UPDATE ${schema}.onceward_lineage SET epoch = $1, nonce = $2, timeline = NULL`
    const [stands] = await bench().database.query(`SELECT epoch, nonce FROM ${schema}.onceward_lineage`)
    await bench().database.query(set, [epoch, nonce])
    way.to(0)
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ kind: 'unavailable' })
    expect(old.totalCount).toBe(0)
    await bench().database.query(set, [stands?.['epoch'], stands?.['nonce']])
    way.to(1)
    expect((await store.claim([bench().claimOf()])).results).toMatchObject([{ kind: 'claimed' }])
  })

  test('but where a new connection leads to what was left, that server is all there is', async () => {
    const schema = 'rolled_back_lineage'
    const [first, second] = [bench().pool({ max: 1 }), bench().pool({ max: 1 })]
    const way = switching(first, second)
    const store = await bench().opened({ pool: way.pool, schema })
    const { epoch, nonce } = await store.open()
    await store.leave({ epoch, nonce })
    await bench().database.query(`UPDATE ${schema}.onceward_lineage SET epoch = $1, nonce = $2`, [
      epoch,
      nonce,
    ])
    way.to(1)
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ lineage: { epoch: 3 } })
  })
})

describe('a server without timelines', () => {
  test('is worked on all the same, and known by its nonce', async () => {
    const store = await bench().opened({ pool: withoutTimelines(bench().pool()), schema: 'kin' })
    const row = await bench().claimed(store)
    expect(await lineageIn('kin')).toMatchObject({ timeline: null })
    expect((await store.settle([bench().settleOf(row)])).results).toMatchObject([{ kind: 'settled' }])
    await bench().database.query(`UPDATE kin.onceward_lineage SET nonce = 'another'`)
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ lineage: { epoch: 2 } })
    const next = await store.leave(await store.open())
    expect(next).toMatchObject({ epoch: 3, beganAtMs: expect.any(Number) })
  })
})

describe('a ledger of version 1', () => {
  test('is brought up to date in place, with its rows and its lineage', async () => {
    const schema = 'version_1'
    const names = ['entries', 'lineage', 'watermarks', 'records', 'meta'] as const
    const tables = Object.fromEntries(names.map((name) => [name, `${schema}.onceward_${name}`]))
    const [first = []] = migrations(tables as unknown as Parameters<typeof migrations>[0])
    await bench().database.query(`CREATE SCHEMA ${schema}; ${first.join('; ')};
INSERT INTO ${schema}.onceward_meta VALUES ('schema_version', '1');
INSERT INTO ${schema}.onceward_lineage (id, epoch, nonce) VALUES (1, 1, 'a-nonce-of-version-1');
INSERT INTO ${schema}.onceward_entries (claimed_at_ms, lease_until_ms, lease_ms, retain_ms, epoch, attempt, round, rev,
  owner_write, state, safety, earlier_unknown, value_kept, ref, scope, operation, key, fingerprint, owner)
VALUES (1, 2, 1, 9, 1, 1, 0, 1, 0, 1, 1, false, true, 'r', 'shop', 'charge', 'k', '', 'o')`)
    const stores = Array.from({ length: 4 }, () => bench().store({ url: bench().database.url, schema }))
    const lineages = await Promise.all(stores.map((store) => store.open()))
    expect(new Set(lineages.map(({ nonce }) => nonce))).toEqual(new Set(['a-nonce-of-version-1']))
    expect(await lineageIn(schema)).toMatchObject({
      epoch: 1,
      timeline: expect.stringMatching(/^0000000\d$/),
    })
    const [row] = (await stores[0]?.read(['r']))?.results ?? []
    expect(row).toMatchObject({ ref: 'r', state: 'started', claimedEpoch: undefined })
    expect((await stores[1]?.claim([bench().claimOf()]))?.results).toMatchObject([{ kind: 'claimed' }])
  })
})
