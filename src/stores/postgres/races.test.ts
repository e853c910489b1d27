import type { PoolClient } from 'pg'
import { describe, expect, test } from 'vitest'
import { usePostgres } from '../../../test/support/postgres-bench.ts'
import { isOncewardError } from '../../kernel/errors.ts'
import { Lane } from '../../ledger/group-commit.ts'
import type { ClaimRequest, ClaimResult, SettleRequest, SettleResult } from '../../ledger/store.ts'
import { systemRuntime } from '../../system.ts'

const bench = usePostgres()

/** Runs `work` while a transaction of somebody else is open, and ends that with COMMIT. */
async function beside(
  begin: (client: PoolClient) => Promise<unknown>,
  work: (commit: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const client = await bench().pool().connect()
  try {
    await client.query('BEGIN')
    await begin(client)
    await work(() => client.query('COMMIT'))
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

/** True when somebody else has the row's lock. */
async function isLocked(ref: string): Promise<boolean> {
  const free = await bench().database.query(
    'SELECT 1 FROM onceward_entries WHERE ref = $1 FOR NO KEY UPDATE SKIP LOCKED',
    [ref],
  )
  return free.length === 0
}

const insertSql = `INSERT INTO onceward_entries (claimed_at_ms, lease_until_ms, lease_ms, retain_ms, epoch, attempt,
  round, rev, owner_write, state, safety, earlier_unknown, value_kept, ref, scope, operation, key, fingerprint, owner)
  VALUES (0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, false, true, $1, 'shop', 'charge', 'k', '', 'somebody')`

describe('verdicts', () => {
  test('a key that was committed after the snapshot has its verdict from a later statement', async () => {
    const store = await bench().opened()
    for (const batch of [1, 20]) {
      const requests = Array.from({ length: batch }, () => bench().claimOf())
      const [contested] = requests as [ClaimRequest]
      await beside(
        (client) => client.query(insertSql, [contested.ref]),
        async (commit) => {
          const claiming = store.claim(requests)
          await bench().waits(batch === 1 ? 'INSERT' : 'WITH')
          await commit()
          const { results } = await claiming
          expect(results.filter(({ kind }) => kind === 'claimed')).toHaveLength(batch - 1)
          expect(results[0]).toMatchObject({ kind: 'held', entry: { ref: contested.ref, owner: 'somebody' } })
        },
      )
    }
  })

  test('of 300 keys raced for by four stores in different orders every claim has a verdict, and one wins', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => bench().opened()))
    for (let round = 0; round < 3; round += 1) {
      const keys = Array.from({ length: 100 }, () => bench().claimOf())
      const batches = stores.map((_, index) => {
        const own = keys.map((request) => ({ ...request, owner: `${request.owner}-${index}` }))
        return index % 2 === 0 ? own : own.toReversed()
      })
      const replies = await Promise.all(stores.map((store, index) => store.claim(batches[index] ?? [])))
      const winners = new Map<string, number>()
      for (const [index, { results }] of replies.entries()) {
        for (const [at, result] of results.entries()) {
          expect(['claimed', 'held']).toContain(result.kind)
          const ref = batches[index]?.[at]?.ref ?? ''
          if (result.kind === 'claimed') winners.set(ref, (winners.get(ref) ?? 0) + 1)
        }
      }
      expect([...winners.values()]).toEqual(keys.map(() => 1))
    }
  })

  test('a batch that names an entry twice is rejected before anything is written', async () => {
    const store = await bench().opened()
    const request = bench().claimOf()
    await expect(store.claim([request, { ...request, owner: 'another' }])).rejects.toMatchObject({
      kind: 'rejected',
    })
    expect((await store.read([request.ref])).results).toEqual([undefined])
  })
})

describe('locks', () => {
  test.each(['settle', 'resolve'] as const)(
    '%s takes them in key order, whatever the order of the batch',
    async (method) => {
      const store = await bench().opened()
      // Seven times: plans are made for the values at first, and once for all after five executions.
      for (let round = 0; round < 7; round += 1) {
        const made = await Promise.all([1, 2, 3].map(() => bench().claimed(store)))
        const rows = made.toSorted((a, b) => (a.ref < b.ref ? 1 : -1))
        const [last, middle, first] = rows.map((row) => row.ref) as [string, string, string]
        await beside(
          (client) => client.query('SELECT 1 FROM onceward_entries WHERE ref = $1 FOR UPDATE', [middle]),
          async (commit) => {
            const requests = rows.map((row) => bench().settleOf(row))
            const resolutions = rows.map(
              ({ ref, attempt, rev }) =>
                ({ ref, expect: { attempt, rev }, to: 'in_doubt', valueKept: true }) as const,
            )
            const working = method === 'settle' ? store.settle(requests) : store.resolve(resolutions)
            await bench().waits('WITH')
            expect({ first: await isLocked(first), last: await isLocked(last) }).toEqual({
              first: true,
              last: false,
            })
            await commit()
            const { results } = await working
            expect(results.map(({ kind }) => kind)).toEqual(
              rows.map(() => (method === 'settle' ? 'settled' : 'resolved')),
            )
          },
        )
      }
    },
  )

  test('claims insert in key order', async () => {
    const store = await bench().opened()
    const requests = [1, 2, 3].map(() => bench().claimOf()).toSorted((a, b) => (a.ref < b.ref ? 1 : -1))
    const [last, middle, first] = requests.map(({ ref }) => ref) as [string, string, string]
    await beside(
      (client) => client.query(insertSql, [middle]),
      async (commit) => {
        const claiming = store.claim(requests)
        await bench().waits('WITH')
        const other = await bench().pool().connect()
        await other.query(`BEGIN; SET LOCAL lock_timeout = '200ms'`)
        // The last one is free to be inserted by somebody else; the first one is being inserted by the batch.
        await other.query(`SAVEPOINT s`)
        await other.query(insertSql, [last])
        await other.query(`ROLLBACK TO s`)
        await expect(other.query(insertSql, [first])).rejects.toMatchObject({ code: '55P03' })
        await other.query('ROLLBACK')
        other.release()
        await commit()
        const { results } = await claiming
        expect(results.map(({ kind }) => kind)).toEqual(['claimed', 'held', 'claimed'])
      },
    )
  })

  test('settles of overlapping batches in opposite orders never deadlock', async () => {
    const stores = [await bench().opened(), await bench().opened()]
    const rows = await Promise.all(
      Array.from({ length: 100 }, () => bench().claimed(stores[0] as (typeof stores)[0])),
    )
    const write = (n: number): SettleRequest[] =>
      rows.map((row) => bench().settleOf(row, { to: 'started', ownerWrite: n, digest: `d${n}` }))
    for (let n = 1; n <= 5; n += 1) {
      const both = await Promise.all([stores[0]?.settle(write(n)), stores[1]?.settle(write(n).toReversed())])
      for (const reply of both) expect(reply?.results.every(({ kind }) => kind === 'settled')).toBe(true)
    }
  })

  test('a locked row is busy to renew and held to take over, at once, and its neighbours are not', async () => {
    const store = await bench().opened()
    const [locked, free] = [await bench().claimed(store), await bench().claimed(store)]
    await beside(
      (client) => client.query('SELECT 1 FROM onceward_entries WHERE ref = $1 FOR UPDATE', [locked.ref]),
      async () => {
        const renewals = [locked, free].map(({ ref, owner, attempt }) => ({
          ref,
          owner,
          attempt,
          leaseMs: 1000,
        }))
        expect((await store.renew(renewals)).results.map(({ kind }) => kind)).toEqual(['busy', 'renewed'])
        const { results } = await store.read([locked.ref, free.ref])
        const takeovers = results.map((row) => ({
          ...bench().claimOf(row === undefined ? {} : { key: row.key }),
          expect: {
            attempt: row?.attempt ?? 0,
            rev: row?.rev ?? 0,
            raisesAttempt: true,
            round: 0,
            earlierUnknown: false,
            keepsFirstSend: true,
          },
        }))
        const taken = (await store.claim(takeovers)).results
        expect(taken.map(({ kind }) => kind)).toEqual(['held', 'claimed'])
        expect(taken[0]).toMatchObject({ entry: results[0] })
      },
    )
  })
})

test('a full batch of the largest results is settled, in several statements', async () => {
  const store = await bench().opened()
  const { results } = await store.claim(Array.from({ length: 100 }, () => bench().claimOf()))
  const value = Buffer.alloc(256 * 1024, 7)
  const rows = results.flatMap((result) => (result.kind === 'claimed' ? [result.entry] : []))
  const settled = await store.settle(rows.map((row) => bench().settleOf(row, { value })))
  expect(settled.results.map((result) => result.entry?.ref)).toEqual(rows.map(({ ref }) => ref))
  const last = (await store.read([rows.at(-1)?.ref ?? ''])).results[0]
  expect(Buffer.compare(last?.value ?? Buffer.alloc(0), value)).toBe(0)
})

test('a settle whose row was renewed since its owner knew it goes through all the same, alone and in a batch', async () => {
  const store = await bench().opened()
  const rows = [await bench().claimed(store), await bench().claimed(store), await bench().claimed(store)]
  await store.renew(rows.map(({ ref, owner, attempt }) => ({ ref, owner, attempt, leaseMs: 90_000 })))
  const [alone, ...others] = rows.map((row) => bench().settleOf(row, { known: row }))
  const replies = [await store.settle(alone === undefined ? [] : [alone]), await store.settle(others)]
  const settled = replies.flatMap(({ results }) => results)
  expect(settled).toMatchObject(rows.map(() => ({ kind: 'settled', entry: { rev: 3, state: 'succeeded' } })))
  expect((await store.read(rows.map(({ ref }) => ref))).results).toEqual(settled.map(({ entry }) => entry))
})

describe('with group commit above', () => {
  function laneOf<Q extends { readonly ref: string }, R>(
    send: (requests: readonly Q[]) => Promise<{ readonly nowMs: number; readonly results: readonly R[] }>,
  ): Lane<Q, R> {
    return new Lane({
      name: 'test',
      runtime: systemRuntime,
      maxBatch: 500,
      refOf: ({ ref }) => ref,
      send,
      isClosed: () => false,
      onFault: () => undefined,
    })
  }

  test('one request that the server refuses never fails its neighbours', async () => {
    const store = await bench().opened()
    const lane = laneOf<ClaimRequest, ClaimResult>((requests) => store.claim(requests))
    const requests = Array.from({ length: 20 }, (_, index) =>
      bench().claimOf(index === 7 ? { subject: 'a\u0000b' } : {}),
    )
    const answers = await Promise.allSettled(requests.map((request) => lane.ask(request, 10_000)))
    const refused = answers.flatMap((answer, index) => (answer.status === 'rejected' ? [index] : []))
    expect(refused).toEqual([7])
    const [reason] = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason as unknown] : [],
    )
    expect(isOncewardError(reason, 'STORE_REJECTED')).toBe(true)
  })

  test('stores at the strictest isolation come to one winner per key, by trying conflicts again', async () => {
    const { database } = bench()
    const [name] = await database.query('SELECT current_database() AS name')
    await database.query(
      `ALTER DATABASE ${String(name?.['name'])} SET default_transaction_isolation = 'serializable'`,
    )
    try {
      const stores = await Promise.all([bench().opened(), bench().opened(), bench().opened()])
      const keys = Array.from({ length: 30 }, () => bench().claimOf())
      const lanes = stores.map((store) =>
        laneOf<ClaimRequest, ClaimResult>((requests) => store.claim(requests)),
      )
      const answers = await Promise.all(
        lanes.map((lane, index) =>
          Promise.all(keys.map((key) => lane.ask({ ...key, owner: `${key.owner}${index}` }, 20_000))),
        ),
      )
      const wins = answers.flat().filter(({ result }) => result.kind === 'claimed')
      expect(wins).toHaveLength(keys.length)
      const settles = laneOf<SettleRequest, SettleResult>((requests) => stores[0].settle(requests))
      const rows = wins.flatMap(({ result }) => (result.kind === 'claimed' ? [result.entry] : []))
      const settled = await Promise.all(rows.map((row) => settles.ask(bench().settleOf(row), 20_000)))
      expect(settled.every(({ result }) => result.kind === 'settled')).toBe(true)
    } finally {
      await database.query(`ALTER DATABASE ${String(name?.['name'])} RESET default_transaction_isolation`)
    }
  })
})
