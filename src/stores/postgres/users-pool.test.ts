import { types } from 'pg'
import { describe, expect, test } from 'vitest'
import { usePostgres } from '../../../test/support/postgres-bench.ts'

const bench = usePostgres()

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
    const oids = [types.builtins.INT8, types.builtins.BOOL, types.builtins.BYTEA] as const
    const parsers = oids.map((oid) => types.getTypeParser(oid) as (text: string) => unknown)
    for (const oid of oids) types.setTypeParser(oid, () => 'something else')
    try {
      const store = await bench().opened({ pool: bench().pool() })
      const row = await bench().claimed(store)
      const value = Uint8Array.of(0, 34, 44, 92, 255)
      await store.settle([bench().settleOf(row, { value })])
      const [read] = (await store.read([row.ref])).results
      expect(read).toMatchObject({ claimedAtMs: expect.any(Number), valueKept: true })
      expect([...(read?.value ?? [])]).toEqual([...value])
    } finally {
      for (const [index, oid] of oids.entries()) types.setTypeParser(oid, parsers[index] ?? String)
    }
  })

  test.each([
    'bytea_output=escape',
    'DateStyle=German',
    'TimeZone=Asia/Kathmandu',
    'standard_conforming_strings=off',
  ])('may be set to %s', async (setting) => {
    const store = await bench().opened({
      url: bench().urlWith({ search: `?options=${encodeURIComponent(`-c ${setting}`)}` }),
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
