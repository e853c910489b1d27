import type { PoolClient } from 'pg'
import { describe, expect, test } from 'vitest'
import { isCommit } from '../../drills/proxy/index.ts'
import { usePostgres } from '../../../test/support/postgres-bench.ts'

const bench = usePostgres()

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
    try {
      await work()
    } finally {
      await bench().database.query('DROP TABLE notes')
    }
  }

  test.each(['request', 'reply'] as const)(
    'whose COMMIT is cut at the %s are lost, with nothing assumed',
    async (at) => {
      await withNotes(async () => {
        const { store, proxy } = await bench().proxied()
        const row = await bench().claimed(store)
        const settle = bench().settleOf(row)
        const cut = proxy.cut({ at, when: isCommit })
        await expect(store.transaction?.(note('a'), () => settle)).rejects.toMatchObject({ kind: 'lost' })
        await cut.done
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
      const { store, proxy } = await bench().proxied()
      const row = await bench().claimed(store)
      const settle = bench().settleOf(row)
      proxy.cut({ at: 'request', when: settle.digest })
      await expect(store.transaction?.(note('a'), () => settle)).rejects.toMatchObject({
        kind: 'unavailable',
      })
      expect((await store.read([row.ref])).results).toMatchObject([{ state: 'started', rev: 1 }])
      expect(await notes()).toEqual([])
    })
  })

  test("give the caller's own error when the caller's connection breaks", async () => {
    const { store, proxy } = await bench().proxied()
    const row = await bench().claimed(store)
    proxy.cut({ at: 'request', when: 'my own statement' })
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
