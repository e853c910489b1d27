import { check, has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'

export const renewCases: readonly ContractCase[] = [
  {
    title: "a lease runs from the store's clock: until now plus leaseMs",
    async run(bench) {
      const beforeMs = await bench.nowMs()
      const row = await bench.fresh({ leaseMs: 45_000 })
      await bench.passes()
      const afterMs = await bench.nowMs()
      check(
        beforeMs <= row.claimedAtMs && row.claimedAtMs <= afterMs,
        "the claim is dated by the store's clock",
      )
      const { leaseUntilMs } = row
      check(
        beforeMs + 45_000 <= leaseUntilMs && leaseUntilMs <= afterMs + 45_000,
        'the lease lasts leaseMs from the claim on',
      )
      const taken = await bench.takenOver(row, { leaseMs: 5000 })
      const takenMs = await bench.nowMs()
      check(
        afterMs + 5000 <= taken.leaseUntilMs && taken.leaseUntilMs <= takenMs + 5000,
        'and from a takeover on',
      )
    },
  },
  {
    title: "a renewal moves the lease to the store's now plus leaseMs, and tells until when",
    async run(bench) {
      const row = await bench.fresh({ leaseMs: 1000 })
      const beforeMs = await bench.nowMs()
      const result = await bench.renew(bench.renewOf(row, { leaseMs: 90_000 }))
      isKind(result, 'renewed', "the owner's renewal")
      const afterMs = await bench.nowMs()
      const { leaseUntilMs } = result
      check(
        beforeMs + 90_000 <= leaseUntilMs && leaseUntilMs <= afterMs + 90_000,
        'the lease lasts leaseMs from the renewal on',
      )
      same((await bench.row(row.ref)).leaseUntilMs, leaseUntilMs, 'the lease in the row')
    },
  },
  {
    title: 'a renewal changes the lease and the rev, and nothing else',
    async run(bench) {
      for (const to of ['claimed', 'started'] as const) {
        const row = await bench.fresh({ to, subject: 'order:3' })
        await bench.passes()
        const result = await bench.renew(bench.renewOf(row))
        isKind(result, 'renewed', `the renewal of an entry that is ${to}`)
        same(
          await bench.row(row.ref),
          { ...row, rev: row.rev + 1, leaseUntilMs: result.leaseUntilMs },
          'the row',
        )
      }
    },
  },
  {
    title: 'a renewal never shortens a lease',
    async run(bench) {
      const row = await bench.fresh({ leaseMs: 60_000 })
      const result = await bench.renew(bench.renewOf(row, { leaseMs: 10 }))
      isKind(result, 'renewed', 'a shorter renewal')
      same(result.leaseUntilMs, row.leaseUntilMs, 'the answer')
      same((await bench.row(row.ref)).leaseUntilMs, row.leaseUntilMs, 'the lease in the row')
    },
  },
  {
    title: 'a lapsed lease that nobody took over can be renewed',
    async run(bench) {
      const row = await bench.fresh({ leaseMs: 1 })
      await bench.passes(row.leaseUntilMs)
      isKind(await bench.renew(bench.renewOf(row)), 'renewed', 'the renewal of a lapsed lease')
      check((await bench.row(row.ref)).leaseUntilMs > (await bench.nowMs()), 'the lease runs again')
    },
  },
  {
    title: 'a renewal by another owner, of another attempt or of an absent entry is lost and changes nothing',
    async run(bench) {
      const old = await bench.fresh()
      const row = await bench.takenOver(old)
      isKind(await bench.renew(bench.renewOf(old)), 'lost', 'a renewal by the owner before')
      isKind(
        await bench.renew(bench.renewOf(row, { owner: old.owner })),
        'lost',
        'a renewal by another owner',
      )
      isKind(
        await bench.renew(bench.renewOf(row, { attempt: row.attempt - 1 })),
        'lost',
        'a renewal of an earlier attempt',
      )
      isKind(
        await bench.renew(bench.renewOf(row, { attempt: row.attempt + 1 })),
        'lost',
        'a renewal of a later attempt',
      )
      const { ref } = bench.claimOf()
      isKind(await bench.renew(bench.renewOf(row, { ref })), 'lost', 'a renewal of an absent entry')
      same((await bench.store.read([ref])).results, [undefined], 'the absent entry')
      await bench.unchanged(row, 'a renewal by somebody else')
    },
  },
  {
    title: 'a renewal of an entry in doubt is lost',
    async run(bench) {
      const row = await bench.inState('in_doubt')
      isKind(await bench.renew(bench.renewOf(row)), 'lost', 'the renewal of an entry in doubt')
      await bench.unchanged(row, 'the renewal of an entry in doubt')
    },
  },
  {
    title: 'a renewal by the owner of what it has ended answers finished and changes nothing',
    async run(bench) {
      for (const state of ['succeeded', 'failed', 'released', 'tombstone'] as const) {
        const row = await bench.inState(state)
        isKind(await bench.renew(bench.renewOf(row)), 'finished', `the renewal of an entry that is ${state}`)
        await bench.unchanged(row, `the renewal of an entry that is ${state}`)
      }
    },
  },
  {
    title: "the store's clock does not run backwards, and dates what is written between two readings",
    async run(bench) {
      let lastMs = await bench.nowMs()
      for (let index = 0; index < 10; index += 1) {
        const reply = await bench.store.claim([bench.claimOf()])
        check(reply.nowMs >= lastMs, `the clock went from ${lastMs} to ${reply.nowMs}`)
        const [result] = reply.results
        if (result?.kind === 'claimed') {
          const { claimedAtMs } = result.entry
          check(
            lastMs <= claimedAtMs && claimedAtMs <= reply.nowMs,
            'the claim is dated between the two readings',
          )
        }
        lastMs = await bench.nowMs()
        check(lastMs >= reply.nowMs, `the clock went from ${reply.nowMs} to ${lastMs}`)
      }
      const page = await bench.store.list({ limit: 1 })
      check(page.nowMs >= lastMs, "a list tells the same clock's time")
      has({ isReal: lastMs > 1_000_000_000_000 }, { isReal: true }, 'it counts milliseconds since 1970')
    },
  },
]
