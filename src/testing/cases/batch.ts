import type { Entry } from '../../ledger/entry.ts'
import { check, isKind, same } from '../assert.ts'
import type { StoreBench } from '../bench.ts'
import type { ContractCase } from '../contract.ts'

export const batchCases: readonly ContractCase[] = [
  {
    title: 'an empty batch is answered with no answers',
    async run({ store }) {
      const replies = [
        store.claim([]),
        store.settle([]),
        store.renew([]),
        store.read([]),
        store.resolve([]),
        store.twins([]),
      ]
      for (const reply of await Promise.all(replies)) same(reply.results, [], 'the answers')
    },
  },
  {
    title: 'a batch names how much it may hold: 1 to 500 requests',
    run({ store }) {
      const { maxBatch } = store
      check(
        Number.isInteger(maxBatch) && maxBatch >= 1 && maxBatch <= 500,
        `maxBatch is a whole number from 1 to 500, not ${maxBatch}`,
      )
      return Promise.resolve()
    },
  },
  {
    title: 'claims are answered in the order they were asked, each on its own',
    async run(bench) {
      const rows = await freshRows(bench, 3)
      const [a, b, c] = rows
      const news = [bench.claimOf(), bench.claimOf()] as const
      const requests = [
        bench.takeoverOf(c),
        news[0],
        bench.takeoverOf(a, {}, { rev: 99 }),
        bench.claimAgain(b),
        news[1],
        bench.takeoverOf({ ...a, ref: bench.claimOf().ref }),
      ]
      const { results } = await bench.store.claim(requests)
      same(
        results.map((result) => result.kind),
        ['claimed', 'claimed', 'held', 'held', 'claimed', 'gone'],
        'the answers',
      )
      const refs = results.map((result) => (result.kind === 'gone' ? undefined : result.entry.ref))
      same(refs, [c.ref, news[0].ref, a.ref, b.ref, news[1].ref, undefined], 'the entries they are about')
    },
  },
  {
    title: 'settles are answered in the order they were asked, each on its own',
    async run(bench) {
      const [a, b, c] = await freshRows(bench, 3)
      const absent = bench.settleOf({ ...a, ref: bench.claimOf().ref })
      const requests = [
        bench.settleOf(c),
        absent,
        bench.settleOf(a, { owner: 'x' }),
        bench.settleOf(b, { to: 'failed' }),
      ]
      const { results } = await bench.store.settle(requests)
      same(
        results.map((result) => result.kind),
        ['settled', 'stale', 'stale', 'settled'],
        'the answers',
      )
      same(
        results.map((result) => result.entry?.ref),
        [c.ref, undefined, a.ref, b.ref],
        'the entries they are about',
      )
      same((await states(bench, [a, b, c])).join(), 'started,failed,succeeded', 'the states')
    },
  },
  {
    title: 'renewals are answered in the order they were asked, each on its own',
    async run(bench) {
      const [a, b, c] = await freshRows(bench, 3)
      await bench.settled(b)
      const requests = [
        bench.renewOf(c, { leaseMs: 200_000 }),
        bench.renewOf(b),
        bench.renewOf(a, { owner: 'x' }),
        bench.renewOf(a, { leaseMs: 900_000 }),
      ]
      // One batch holds an entry once, so the two about `a` go apart.
      const { results } = await bench.store.renew(requests.slice(0, 3))
      same(
        results.map((result) => result.kind),
        ['renewed', 'finished', 'lost'],
        'the answers',
      )
      const [first] = results
      check(
        first?.kind === 'renewed' && first.leaseUntilMs === (await bench.row(c.ref)).leaseUntilMs,
        "the first answer is about the first request's entry",
      )
      const pair = await bench.store.renew([
        bench.renewOf(a, { leaseMs: 900_000 }),
        bench.renewOf(c, { leaseMs: 300_000 }),
      ])
      const leases = pair.results.map((result) => (result.kind === 'renewed' ? result.leaseUntilMs : 0))
      same(
        leases,
        [(await bench.row(a.ref)).leaseUntilMs, (await bench.row(c.ref)).leaseUntilMs],
        'the leases',
      )
    },
  },
  {
    title: 'decisions are answered in the order they were asked, each on its own',
    async run(bench) {
      const [a, b, c] = await freshRows(bench, 3)
      const requests = [
        bench.resolveOf(c, 'in_doubt'),
        bench.resolveOf(a, 'failed'),
        bench.resolveOf(b, 'succeeded'),
        bench.resolveOf({ ...a, ref: bench.claimOf().ref }, 'in_doubt'),
      ]
      const { results } = await bench.store.resolve(requests)
      same(
        results.map((result) => result.kind),
        ['resolved', 'stale', 'resolved', 'stale'],
        'the answers',
      )
      same(
        results.map((result) => result.entry?.ref),
        [c.ref, a.ref, b.ref, undefined],
        'the entries they are about',
      )
      same((await states(bench, [a, b, c])).join(), 'started,succeeded,in_doubt', 'the states')
    },
  },
  {
    title: 'rows are read in the order they were asked, with nothing for what is not there',
    async run(bench) {
      const [a, b, c] = await freshRows(bench, 3)
      const { ref } = bench.claimOf()
      const { results } = await bench.store.read([c.ref, ref, a.ref, b.ref])
      same(results, [c, undefined, a, b], 'the rows')
    },
  },
  {
    title: 'a full batch is taken whole by every method',
    async run(bench) {
      const { store } = bench
      const requests = Array.from({ length: store.maxBatch }, () => bench.claimOf())
      const claimed = (await store.claim(requests)).results
      const rows = claimed.flatMap((result) => (result.kind === 'claimed' ? [result.entry] : []))
      same(
        rows.map((row) => row.ref),
        requests.map((request) => request.ref),
        'the entries claimed',
      )
      same((await store.read(rows.map((row) => row.ref))).results, rows, 'the rows read')
      const renewed = (await store.renew(rows.map((row) => bench.renewOf(row)))).results
      check(
        renewed.length === rows.length && renewed.every((result) => result.kind === 'renewed'),
        'each lease was renewed',
      )
      const settled = (await store.settle(rows.map((row) => bench.settleOf(row, { to: 'in_doubt' })))).results
      const doubted = settled.flatMap((result) => (result.kind === 'settled' ? [result.entry] : []))
      same(
        doubted.map((row) => row.ref),
        rows.map((row) => row.ref),
        'the entries settled',
      )
      const resolved = (await store.resolve(doubted.map((row) => bench.resolveOf(row, 'succeeded')))).results
      check(
        resolved.length === rows.length && resolved.every((result) => result.kind === 'resolved'),
        'each doubt was resolved',
      )
    },
  },
  {
    title: 'in one batch takeovers, inserts and held claims do not disturb each other',
    async run(bench) {
      const rows = await freshRows(bench, 6)
      const requests = rows.flatMap((row, index) => [
        index % 2 === 0 ? bench.takeoverOf(row) : bench.claimAgain(row),
        bench.claimOf(),
      ])
      const { results } = await bench.store.claim(requests)
      const kinds = rows.flatMap((_, index) => [index % 2 === 0 ? 'claimed' : 'held', 'claimed'])
      same(
        results.map((result) => result.kind),
        kinds,
        'the answers',
      )
      const { results: now } = await bench.store.read(requests.map((request) => request.ref))
      same(
        now,
        results.map((result) => (result.kind === 'gone' ? undefined : result.entry)),
        'the rows',
      )
    },
  },
  {
    title:
      'a bad request is taken or rejected, and never takes its neighbours with it when they are sent alone',
    async run(bench) {
      const good = [bench.claimOf(), bench.claimOf(), bench.claimOf()] as const
      const bad = bench.claimOf({ subject: 'a\u0000b' })
      const outcome = await bench.store.claim([good[0], bad, good[1]]).then(
        () => 'taken',
        (fault: unknown) => (fault as { kind?: unknown }).kind,
      )
      check(
        outcome === 'taken' || outcome === 'rejected',
        `a text with NUL is taken or rejected, not ${String(outcome)}`,
      )
      if (outcome === 'rejected') {
        const { results } = await bench.store.read(good.map((request) => request.ref))
        same(results, [undefined, undefined, undefined], 'what a rejected batch wrote')
        for (const request of good) isKind(await bench.claim(request), 'claimed', 'a good request sent alone')
      } else {
        same((await bench.row(bad.ref)).subject, bad.subject, 'the text that was taken')
      }
      isKind(await bench.claim(bench.claimOf()), 'claimed', 'the next claim')
    },
  },
]

async function freshRows<N extends number>(
  bench: StoreBench,
  count: N,
): Promise<readonly Entry[] & { readonly 0: Entry; readonly 1: Entry; readonly 2: Entry }> {
  const rows: Entry[] = []
  for (let index = 0; index < count; index += 1) rows.push(await bench.fresh())
  const [a, b, c, ...rest] = rows
  if (a === undefined || b === undefined || c === undefined) throw new RangeError('at least three rows')
  return [a, b, c, ...rest]
}

async function states(bench: StoreBench, rows: readonly Entry[]): Promise<readonly (string | undefined)[]> {
  return (await bench.store.read(rows.map((row) => row.ref))).results.map((row) => row?.state)
}
