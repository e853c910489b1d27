import type { Lineage } from '../../ledger/store.ts'
import { isStoreFault } from '../../ledger/store.ts'
import { check, countKind, has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'

/** One lineage after the other: who begins them, and what writes have to do with them. */
export const epochCases: readonly ContractCase[] = [
  {
    title: 'the first lineage of a place has no beginning: before it nothing can have been lost',
    run({ lineage }) {
      same(lineage.beganAtMs, undefined, 'when the first lineage began')
      return Promise.resolve()
    },
  },
  {
    title: 'leaving a lineage begins the next: a greater epoch, another nonce, and when by the store’s clock',
    async run(bench) {
      const beforeMs = await bench.nowMs()
      const next = await bench.store.leave(bench.lineage)
      check(next.epoch > bench.lineage.epoch, `the epoch rises, ${bench.lineage.epoch} to ${next.epoch}`)
      check(next.nonce !== bench.lineage.nonce && next.nonce.length >= 16, 'the nonce is another one')
      const { beganAtMs = 0 } = next
      check(beforeMs <= beganAtMs && beganAtMs <= (await bench.nowMs()), 'it began just now')
      same((await bench.fresh()).epoch, next.epoch, 'the epoch of a claim')
    },
  },
  {
    title: 'a lineage that does not stand any more is not left again',
    async run(bench) {
      const next = await bench.store.leave(bench.lineage)
      same(await bench.store.leave(bench.lineage), next, 'the lineage that stands')
    },
  },
  {
    title: 'of many handles that leave one lineage at once, one begins the next and all learn of it',
    needs: 'shared',
    async run(bench) {
      const handles = [bench.store, await bench.another(), await bench.another(), await bench.another()]
      const [first, ...others] = await Promise.all(handles.map((store) => store.leave(bench.lineage)))
      for (const other of others) same(other, first, 'the lineage that stands')
      same(first?.epoch, bench.lineage.epoch + 1, 'the epoch')
    },
  },
  {
    title: 'a write that names another lineage writes nothing, and is told which one stands',
    async run(bench) {
      const row = await bench.fresh()
      const stands = await bench.nextLineage()
      const claim = bench.claimOf()
      for (const named of otherLineages(stands, bench.lineage)) {
        await refused(() => bench.store.claim([claim], named), stands, 'a claim')
        await refused(() => bench.store.claim([bench.takeoverOf(row)], named), stands, 'a takeover')
        await refused(() => bench.store.settle([bench.settleOf(row)], named), stands, 'a settle')
        await refused(() => bench.store.renew([bench.renewOf(row)], named), stands, 'a renewal')
        await refused(() => bench.store.resolve([bench.resolveOf(row, 'in_doubt')], named), stands, 'a doubt')
        const entry = { ...row, ref: claim.ref, key: claim.key }
        await refused(() => bench.store.recall([{ entry }], named), stands, 'a recall')
        const record = { stream: 's', id: '1', version: 0, body: 'b', lineage: named }
        await refused(() => bench.store.records.replaceIf(record), stands, 'a record')
      }
      same((await bench.store.read([row.ref, claim.ref])).results, [row, undefined], 'the rows')
      same(await bench.store.records.read({ stream: 's', limit: 1 }), [], 'the records')
    },
  },
  {
    title: 'a write that names the lineage that stands is taken',
    async run(bench) {
      const { store } = bench
      const named = await bench.nextLineage()
      const [claimed] = (await store.claim([bench.claimOf()], named)).results
      check(claimed?.kind === 'claimed', 'a claim is taken')
      const [renewed] = (await store.renew([bench.renewOf(claimed.entry)], named)).results
      same(renewed?.kind, 'renewed', 'a renewal')
      const [settled] = (await store.settle([bench.settleOf(claimed.entry)], named)).results
      same(settled?.kind, 'settled', 'a settle')
    },
  },
  {
    title:
      'another handle learns of a new lineage by its next write, which writes nothing, and goes on under it',
    needs: 'shared',
    async run(bench) {
      const other = await bench.another()
      const next = await bench.nextLineage()
      const claim = bench.claimOf()
      await refused(() => other.claim([claim]), next, 'the first claim')
      const result = await bench.claim(claim, other)
      isKind(result, 'claimed', 'the second claim')
      same(result.entry.epoch, next.epoch, 'its epoch')
    },
  },
  {
    title: 'a new lineage changes no row, and the fence rises over it',
    async run(bench) {
      const row = await bench.fresh()
      const next = await bench.nextLineage()
      await bench.unchanged(row, 'a new lineage')
      const taken = await bench.takenOver(row)
      has(taken, { epoch: next.epoch, attempt: row.attempt + 1 }, 'the fence')
      const settled = await bench.settled(taken)
      same(settled.epoch, next.epoch, 'the epoch after the owner has settled')
      const results = [await bench.claim(bench.claimAgain(row))]
      same(countKind(results, 'held'), 1, 'claims of what has ended')
    },
  },
  {
    title: 'a lineage that was begun is there after closing and opening again',
    needs: 'durable',
    async run(bench) {
      const next = await bench.nextLineage()
      same((await bench.reopen()).lineage, next, 'the lineage')
    },
  },
]

/** The one before, one of the same epoch, and one of the same nonce. */
function otherLineages(stands: Lineage, former: Lineage): readonly Lineage[] {
  return [former, { ...stands, nonce: 'another-nonce-of-this-epoch' }, { ...stands, epoch: stands.epoch + 1 }]
}

async function refused(write: () => Promise<unknown>, stands: Lineage, what: string): Promise<void> {
  const fault: unknown = await write().then(
    () => undefined,
    (error: unknown) => error,
  )
  check(isStoreFault(fault) && fault.kind === 'conflict', `${what} is a conflict, not ${String(fault)}`)
  same(fault.lineage, stands, `the lineage that ${what} is told of`)
}
