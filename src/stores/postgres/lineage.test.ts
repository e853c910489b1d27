import { describe, expect, test } from 'vitest'
import { usePostgres } from '../../../test/support/postgres-bench.ts'

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
