import { utf8 } from '../../kernel/bytes.ts'
import { check, countKind, has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'

export const settleCases: readonly ContractCase[] = [
  {
    title: "the owner's success ends the entry with its result, at the store's time",
    async run(bench) {
      const row = await bench.fresh()
      const beforeMs = await bench.nowMs()
      const request = bench.settleOf(row, { to: 'succeeded', value: utf8('{"id":7}') })
      const result = await bench.settle(request)
      isKind(result, 'settled', "the owner's success")
      const { value, digest } = request
      has(
        result.entry,
        {
          state: 'succeeded',
          value,
          valueKept: true,
          settledDigest: digest,
          ownerWrite: 1,
          rev: row.rev + 1,
        },
        'the row',
      )
      const finishedAtMs = result.entry.finishedAtMs ?? 0
      check(
        beforeMs <= finishedAtMs && finishedAtMs <= (await bench.nowMs()),
        'it finished when it was settled',
      )
      same(await bench.row(row.ref), result.entry, 'read shows the row that the settle answered with')
    },
  },
  {
    title: "the owner's failure ends the entry with its error",
    async run(bench) {
      const error = { code: 'DECLINED', message: 'the card was declined' }
      const row = await bench.settled(await bench.fresh(), { to: 'failed', error })
      has(row, { state: 'failed', error, value: undefined }, 'the row')
      check(row.finishedAtMs !== undefined, 'it has finished')
      await bench.unchanged(row, 'the settle itself')
    },
  },
  {
    title: 'a release frees the entry and keeps its error, its round and its attempt; it has not finished',
    async run(bench) {
      for (const to of ['claimed', 'started'] as const) {
        const fresh = await bench.fresh({ to })
        const error = { code: 'REFUSED', message: 'connection refused' }
        const row = await bench.settled(fresh, { to: 'released', round: 1, error })
        has(
          row,
          { state: 'released', error, round: 1, attempt: 1, owner: fresh.owner, finishedAtMs: undefined },
          'the row',
        )
        await bench.unchanged(row, 'the settle itself')
      }
    },
  },
  {
    title: 'the owner may put its own entry in doubt: since when and why are kept, and it has not finished',
    async run(bench) {
      const row = await bench.fresh()
      const beforeMs = await bench.nowMs()
      const doubted = await bench.settled(row, { to: 'in_doubt', why: 'the connection broke' })
      has(doubted, { state: 'in_doubt', finishedAtMs: undefined }, 'the row')
      same(doubted.doubt?.why, 'the connection broke', 'why')
      const sinceMs = doubted.doubt?.sinceMs ?? 0
      check(beforeMs <= sinceMs && sinceMs <= (await bench.nowMs()), 'it is in doubt since it was settled')
      await bench.unchanged(doubted, 'the settle itself')
    },
  },
  {
    title: 'the same settle sent twice is taken twice, as a new write that changes nothing else',
    async run(bench) {
      for (const to of ['started', 'succeeded', 'failed', 'released', 'in_doubt'] as const) {
        const request = bench.settleOf(await bench.fresh(), { to })
        const first = await bench.settle(request)
        isKind(first, 'settled', `the first ${to}`)
        const again = await bench.settle(request)
        isKind(again, 'settled', `the same ${to} once more`)
        same(again.entry, { ...first.entry, rev: first.entry.rev + 1 }, 'the row, but for its rev')
        await bench.unchanged(again.entry, 'the repeated settle')
      }
    },
  },
  {
    title: 'a settle that only recognises takes what was applied before, and writes nothing that was not',
    async run(bench) {
      const row = await bench.fresh()
      const request = bench.settleOf(row, { to: 'succeeded', value: utf8('7'), known: row })
      const early = await bench.settle({ ...request, recognisesOnly: true })
      isKind(early, 'stale', 'the recognition of what was never applied')
      same(early.entry, row, 'stale shows the row as it is')
      await bench.unchanged(row, 'it')
      const settled = await bench.settled(row, request)
      const late = await bench.settle({ ...request, recognisesOnly: true })
      isKind(late, 'settled', 'the recognition of what was applied')
      same(late.entry, { ...settled, rev: settled.rev + 1 }, 'the row, but for its rev')
      await bench.unchanged(late.entry, 'the recognition')
    },
  },
  {
    title: 'who ended a row that keeps no digest is recognised by an empty one, and by nothing else',
    async run(bench) {
      const row = await bench.fresh()
      const ended = await bench.resolved(row, 'succeeded', { value: utf8('7') })
      const request = { ...bench.settleOf(row, { to: 'succeeded' }), ownerWrite: 0, recognisesOnly: true }
      const other = await bench.settle(request)
      isKind(other, 'stale', 'the recognition of a digest that the row has not')
      const result = await bench.settle({ ...request, digest: '' })
      isKind(result, 'settled', 'the recognition of the row as it is')
      same(result.entry, { ...ended, rev: ended.rev + 1 }, 'the row, but for its rev')
      await bench.unchanged(result.entry, 'the recognition')
      const { ownerWrite, ...settled } = await bench.settled(await bench.fresh(), { to: 'succeeded' })
      const last = { ...bench.settleOf({ ...settled, ownerWrite }, { to: 'succeeded' }), ownerWrite }
      const empty = await bench.settle({ ...last, digest: '', recognisesOnly: true })
      isKind(empty, 'stale', 'an empty digest where an owner has written')
    },
  },
  {
    title: 'a settle by somebody else changes nothing and shows the row',
    async run(bench) {
      const row = await bench.fresh()
      for (const to of ['started', 'succeeded', 'failed', 'released', 'in_doubt'] as const) {
        const result = await bench.settle(bench.settleOf(row, { to, owner: bench.owner() }))
        isKind(result, 'stale', `a settle (${to}) by somebody else`)
        same(result.entry, row, 'stale shows the row as it is')
      }
      await bench.unchanged(row, 'a settle by somebody else')
    },
  },
  {
    title: 'a settle of another attempt changes nothing, even under the same owner',
    async run(bench) {
      const row = await bench.takenOver(await bench.fresh())
      for (const attempt of [row.attempt - 1, row.attempt + 1]) {
        isKind(
          await bench.settle(bench.settleOf(row, { attempt })),
          'stale',
          `a settle of attempt ${attempt}`,
        )
      }
      await bench.unchanged(row, 'a settle of another attempt')
    },
  },
  {
    title: 'an owner that was taken over settles nothing',
    async run(bench) {
      const old = await bench.fresh()
      const row = await bench.takenOver(old)
      const result = await bench.settle(bench.settleOf(old))
      isKind(result, 'stale', 'a settle by the owner before')
      same(result.entry, row, 'stale shows the row of the new owner')
      await bench.unchanged(row, 'a settle by the owner before')
    },
  },
  {
    title: 'a settle of an absent entry is stale, with no row, and inserts nothing',
    async run(bench) {
      const row = await bench.fresh()
      const { ref } = bench.claimOf()
      const result = await bench.settle(bench.settleOf(row, { ref }))
      isKind(result, 'stale', 'a settle of an absent entry')
      same(result.entry, undefined, 'its row')
      same((await bench.store.read([ref])).results, [undefined], 'the entry')
    },
  },
  {
    title: "a lapsed lease does not stop the owner's outcome",
    async run(bench) {
      const row = await bench.fresh({ leaseMs: 1 })
      await bench.passes(row.leaseUntilMs)
      same((await bench.settled(row)).state, 'succeeded', 'the state')
    },
  },
  {
    title: "the owner's late outcome settles an entry in doubt",
    async run(bench) {
      for (const to of ['succeeded', 'failed', 'released'] as const) {
        const row = await bench.fresh()
        const doubted = await bench.resolved(row, 'in_doubt')
        const settled = await bench.settled(row, { to })
        has(settled, { state: to, rev: doubted.rev + 1 }, 'the row')
        await bench.unchanged(settled, 'the settle itself')
      }
    },
  },
  {
    title: 'of two outcomes sent at once for one attempt exactly one is kept',
    async run(bench) {
      for (let round = 0; round < 5; round += 1) {
        const row = await bench.fresh()
        const requests = [bench.settleOf(row, { to: 'succeeded' }), bench.settleOf(row, { to: 'failed' })]
        const results = await Promise.all(requests.map((request) => bench.settle(request)))
        same(countKind(results, 'settled'), 1, 'outcomes that were taken')
        const kept = results.findIndex((result) => result.kind === 'settled')
        same(
          (await bench.row(row.ref)).settledDigest,
          requests[kept]?.digest,
          'the digest of the one that was taken',
        )
      }
    },
  },
  {
    title: 'an outcome replaces the result and error of the write before',
    async run(bench) {
      const error = { code: 'RESET', message: 'connection reset' }
      const doubted = await bench.settled(await bench.fresh(), { to: 'in_doubt', error, value: utf8('1') })
      has(doubted, { error, value: utf8('1') }, 'the row in doubt')
      has(
        await bench.settled(doubted),
        { error: undefined, value: utf8('{"ok":true}') },
        'the row after the success',
      )
      const failed = await bench.settled(
        await bench.settled(await bench.fresh(), { to: 'in_doubt', value: utf8('1') }),
        { to: 'failed' },
      )
      same(failed.value, undefined, 'the result after a failure')
    },
  },
  {
    title: 'an outcome says whether its result was kept',
    async run(bench) {
      const row = await bench.settled(await bench.fresh(), { to: 'succeeded', valueKept: false })
      has(await bench.row(row.ref), { state: 'succeeded', valueKept: false, value: undefined }, 'the row')
    },
  },
  {
    title: 'an outcome writes the round and the unknown earlier attempt as its decision says',
    async run(bench) {
      const row = await bench.settled(await bench.fresh(), {
        to: 'started',
        round: 2,
        earlierUnknown: true,
        endsLease: true,
      })
      has(await bench.row(row.ref), { round: 2, earlierUnknown: true }, 'the row')
      const settled = await bench.settled(row, { earlierUnknown: false })
      has(settled, { round: 2, earlierUnknown: false }, 'the row after the success')
    },
  },
  {
    title: 'a write that ends the lease ends it now; any other leaves it',
    async run(bench) {
      const row = await bench.fresh()
      const kept = await bench.settled(row, { to: 'started', endsLease: false })
      same(kept.leaseUntilMs, row.leaseUntilMs, 'the lease after a step write')
      const ended = await bench.settled(kept, { to: 'started', endsLease: true })
      check(ended.leaseUntilMs <= (await bench.nowMs()), 'the lease has ended')
      same(ended.leaseMs, row.leaseMs, 'its length is kept')
      const lapsed = await bench.fresh({ leaseMs: 1 })
      await bench.passes(lapsed.leaseUntilMs + 1)
      const late = await bench.settled(lapsed, { to: 'started', endsLease: true })
      same(late.leaseUntilMs, lapsed.leaseUntilMs, 'a lease that lapsed before is not moved')
    },
  },
  {
    title: 'an outcome leaves identity, fingerprint, safety, attempt, retention and first times alone',
    async run(bench) {
      const row = await bench.fresh({ subject: 'order:9', safety: 'keyed', retainMs: 1_000_000 })
      await bench.passes()
      const settled = await bench.settled(row)
      const { ref, scope, operation, key, subject, fingerprint, safety, owner, epoch, attempt } = row
      has(
        settled,
        { ref, scope, operation, key, subject, fingerprint, safety, owner, epoch, attempt },
        'the row',
      )
      const { retainMs, leaseMs, claimedAtMs, firstPossibleSendAtMs } = row
      has(settled, { retainMs, leaseMs, claimedAtMs, firstPossibleSendAtMs }, 'the row')
    },
  },
]
