import type { Entry } from '../../ledger/entry.ts'
import type { ClaimRequest } from '../../ledger/store.ts'
import { check, same } from '../assert.ts'
import type { StoreBench } from '../bench.ts'
import type { ContractCase } from '../contract.ts'

const windowMs = 600_000

export const twinCases: readonly ContractCase[] = [
  {
    title: 'an older entry with the same scope, operation, input and subject is a twin',
    async run(bench) {
      const [older, row] = await pair(bench)
      same(await twinsOf(bench, row), [older.ref], 'the twins')
      const ended = await bench.settled(older)
      same(await twinsOf(bench, row), [ended.ref], 'the twins after the older one ended')
    },
  },
  {
    title: 'neither itself nor a younger entry is a twin, so that of two racing twins one is found',
    async run(bench) {
      const [older, row] = await pair(bench)
      same(await twinsOf(bench, older), [], 'the twins of the older one')
      const wish = { fingerprint: older.fingerprint, subject: 'order:1' }
      await bench.passes()
      const { results } = await bench.store.claim([bench.claimOf(wish), bench.claimOf(wish)])
      const racing = results.flatMap((result) => (result.kind === 'claimed' ? [result.entry.ref] : []))
      const found = (await Promise.all(racing.map((ref) => twinsOf(bench, { ref })))).map((refs) =>
        refs.filter((ref) => racing.includes(ref)),
      )
      same(found.flat().length, 1, 'twins among two that were claimed at once')
      check(
        (await twinsOf(bench, row)).every((ref) => ref === older.ref),
        'the younger ones are no twins of the older',
      )
    },
  },
  {
    title: 'an entry with another scope, operation, input or subject is no twin',
    async run(bench) {
      const wish = { fingerprint: bench.fingerprint('10 EUR'), subject: 'order:1' }
      const others: readonly Partial<ClaimRequest>[] = [
        { ...wish, scope: 'other' },
        { ...wish, operation: 'refund' },
        { ...wish, fingerprint: bench.fingerprint('11 EUR') },
        { ...wish, subject: 'order:2' },
        { fingerprint: wish.fingerprint },
      ]
      for (const other of others) await bench.fresh(other)
      await bench.passes()
      same(await twinsOf(bench, await bench.fresh(wish)), [], 'the twins')
    },
  },
  {
    title: 'an entry without a subject or without an input has no twins',
    async run(bench) {
      for (const wish of [
        { fingerprint: bench.fingerprint('10 EUR') },
        { fingerprint: '', subject: 'order:1' },
      ]) {
        await bench.fresh(wish)
        await bench.passes()
        same(await twinsOf(bench, await bench.fresh(wish)), [], `the twins of ${JSON.stringify(wish)}`)
      }
    },
  },
  {
    title: 'a released entry did nothing, and is no twin',
    async run(bench) {
      const [older, row] = await pair(bench)
      await bench.settled(older, { to: 'released' })
      same(await twinsOf(bench, row), [], 'the twins')
    },
  },
  {
    title: "an entry that is older than the window, by the store's clock, is no twin",
    async run(bench) {
      const [older, row] = await pair(bench)
      const nowMs = await bench.nowMs()
      same(
        await twinsOf(bench, row, nowMs - older.claimedAtMs + 60_000),
        [older.ref],
        'the twins inside the window',
      )
      await bench.passes(older.claimedAtMs + 2)
      same(await twinsOf(bench, row, 1), [], 'the twins outside of it')
    },
  },
  {
    title: 'twins are answered in the order they were asked, with none for what is not there',
    async run(bench) {
      const [olderA, rowA] = await pair(bench, 'order:a')
      const [olderB, rowB] = await pair(bench, 'order:b')
      const refs = [rowB.ref, bench.claimOf().ref, olderA.ref, rowA.ref]
      const { results } = await bench.store.twins(refs.map((ref) => ({ ref, windowMs })))
      same(results, [[olderB.ref], [], [], [olderA.ref]], 'the answers')
    },
  },
]

/** Two entries with the same input and subject, one older than the other. */
async function pair(bench: StoreBench, subject = 'order:1'): Promise<readonly [Entry, Entry]> {
  const wish = { fingerprint: bench.fingerprint('10 EUR'), subject }
  const older = await bench.fresh(wish)
  await bench.passes()
  return [older, await bench.fresh(wish)]
}

async function twinsOf(
  bench: StoreBench,
  row: Pick<Entry, 'ref'>,
  withinMs: number = windowMs,
): Promise<readonly string[]> {
  const { results } = await bench.store.twins([{ ref: row.ref, windowMs: withinMs }])
  same(results.length, 1, 'answers to one question')
  return (results[0] ?? []).toSorted()
}
