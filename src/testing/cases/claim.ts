import { entryStates } from '../../ledger/entry.ts'
import { check, countKind, has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'

const many = 50

export const claimCases: readonly ContractCase[] = [
  {
    title: 'an absent entry is inserted by its first claim and by no later one',
    async run(bench) {
      const request = bench.claimOf()
      isKind(await bench.claim(request), 'claimed', 'the first claim of an absent entry')
      isKind(
        await bench.claim({ ...request, owner: bench.owner() }),
        'held',
        'a second claim of the same entry',
      )
      isKind(await bench.claim(request), 'held', 'the first claim sent again')
    },
  },
  {
    title: 'a claim is kept as it was asked for, and begins attempt 1 of round 0',
    async run(bench) {
      const {
        expect: _expect,
        to,
        ...asked
      } = bench.claimOf({ subject: 'order:42', safety: 'verifiable', leaseMs: 1234, retainMs: 567_890 })
      const result = await bench.claim({ ...asked, to })
      isKind(result, 'claimed', 'a claim of an absent entry')
      const fresh = { state: to, attempt: 1, round: 0, ownerWrite: 0, earlierUnknown: false, valueKept: true }
      const unset = {
        value: undefined,
        error: undefined,
        steps: undefined,
        finishedAtMs: undefined,
        doubt: undefined,
      }
      has(
        result.entry,
        { ...asked, ...fresh, ...unset, resolution: undefined, buriedState: undefined },
        'the new row',
      )
      same(await bench.row(asked.ref), result.entry, 'read shows the row that the claim answered with')
    },
  },
  {
    title: 'a claim without a subject has none, and one without an input keeps an empty fingerprint',
    async run(bench) {
      const row = await bench.fresh({ fingerprint: '' })
      has(await bench.row(row.ref), { subject: undefined, fingerprint: '' }, 'the row')
    },
  },
  {
    title:
      'a plain run is started by its claim and can have been sent from then on; a stepped one is only claimed',
    async run(bench) {
      const plain = await bench.fresh({ to: 'started' })
      has(plain, { state: 'started', firstPossibleSendAtMs: plain.claimedAtMs }, 'a plain run')
      const stepped = await bench.fresh({ to: 'claimed' })
      has(stepped, { state: 'claimed', firstPossibleSendAtMs: undefined }, 'a stepped run')
    },
  },
  {
    title: 'a claim of a held entry shows the row as it is and changes nothing',
    async run(bench) {
      const row = await bench.fresh({ subject: 'order:1' })
      const other = {
        owner: bench.owner(),
        fingerprint: bench.fingerprint('other'),
        subject: 'order:2',
        leaseMs: 5,
        retainMs: 5,
      }
      const result = await bench.claim(bench.claimAgain(row, { ...other, to: 'claimed' }))
      isKind(result, 'held', 'a claim of a held entry')
      same(result.entry, row, 'held shows the row as it is')
      await bench.unchanged(row, 'a claim of a held entry')
    },
  },
  {
    title: 'a claim without an expectation takes nothing over, whatever the state',
    async run(bench) {
      for (const state of entryStates) {
        const row = await bench.inState(state)
        const result = await bench.claim(bench.claimAgain(row))
        isKind(result, 'held', `a claim of an entry that is ${state}`)
        same(result.entry, row, `held shows the ${state} row`)
        await bench.unchanged(row, `a claim of an entry that is ${state}`)
      }
    },
  },
  {
    title: 'of 50 concurrent claims of one key exactly one runs',
    async run(bench) {
      const requests = Array.from({ length: many }, () => bench.claimOf({ key: 'order-0' }))
      const results = await Promise.all(requests.map((request) => bench.claim(request)))
      same(countKind(results, 'claimed'), 1, 'claims that got the entry')
      same(countKind(results, 'held'), many - 1, 'claims that were shown the row')
      const winner = requests[results.findIndex((result) => result.kind === 'claimed')]
      same(
        (await bench.row(requests[0]?.ref ?? '')).owner,
        winner?.owner,
        'the row belongs to the claim that was told so',
      )
    },
  },
  {
    title: 'of 50 concurrent claims of one key from two handles exactly one runs',
    needs: 'shared',
    async run(bench) {
      const handles = [bench.store, await bench.another()]
      const claims = Array.from({ length: many }, (_, index) =>
        bench.claim(bench.claimOf({ key: 'order-0' }), handles[index % 2]),
      )
      const results = await Promise.all(claims)
      same(countKind(results, 'claimed'), 1, 'claims that got the entry')
      same(countKind(results, 'held'), many - 1, 'claims that were shown the row')
    },
  },
  {
    title: 'concurrent batches that share keys in different orders all get their answers, each key one owner',
    needs: 'shared',
    async run(bench) {
      const keys = Array.from({ length: 20 }, (_, index) => `order-${index}`)
      const other = await bench.another()
      const batches = Array.from({ length: 8 }, (_, index) => {
        const order = index % 2 === 0 ? keys : keys.toReversed()
        return {
          store: index % 4 < 2 ? bench.store : other,
          requests: order.map((key) => bench.claimOf({ key })),
        }
      })
      const replies = await Promise.all(batches.map(({ store, requests }) => store.claim(requests)))
      const results = replies.flatMap((reply) => reply.results)
      same(results.length, keys.length * batches.length, 'answers')
      same(countKind(results, 'claimed'), keys.length, 'claims that got their entry')
      same(countKind(results, 'held'), keys.length * (batches.length - 1), 'claims that were shown the row')
    },
  },
  {
    title: 'what a claim was told was held is the row of whoever got it',
    async run(bench) {
      const requests = Array.from({ length: 8 }, () => bench.claimOf({ key: 'order-0' }))
      const results = await Promise.all(requests.map((request) => bench.claim(request)))
      const winner = results.find((result) => result.kind === 'claimed')
      check(winner !== undefined, 'one of the claims got the entry')
      for (const result of results)
        if (result.kind === 'held') same(result.entry, winner.entry, 'the row shown to the others')
    },
  },
]
