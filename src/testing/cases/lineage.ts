import { entryStates } from '../../ledger/entry.ts'
import { check, countKind, has, isKind, same } from '../assert.ts'
import type { ContractCase } from '../contract.ts'

/** Opening, closing, several handles, fences. */
export const lineageCases: readonly ContractCase[] = [
  {
    title: 'a store says what it is: a name, a location, and whether it has transactions',
    run({ store }) {
      const said = [store.name, store.location].filter((text) => typeof text === 'string' && text !== '')
      same(said.length, 2, 'names and locations that are not empty')
      same(
        typeof store.transaction === 'function',
        store.isTransactional,
        'it has transaction() exactly when it says so',
      )
      return Promise.resolve()
    },
  },
  {
    title: 'the lineage is an epoch from 1 on and a nonce, and opening again answers the same',
    async run({ store, lineage }) {
      check(
        Number.isInteger(lineage.epoch) && lineage.epoch >= 1,
        `the epoch is a whole number from 1 on, not ${lineage.epoch}`,
      )
      check(lineage.nonce.length >= 16, 'the nonce has at least 16 characters')
      same(await store.open(), lineage, 'the lineage when opened again')
    },
  },
  {
    title: 'two places have two nonces, and what one holds the other does not',
    async run(bench) {
      const row = await bench.fresh()
      const other = await bench.connect(await bench.elsewhere())
      const lineage = await other.open()
      check(lineage.nonce !== bench.lineage.nonce, 'another place has another nonce')
      same((await other.read([row.ref])).results, [undefined], 'the entry in the other place')
    },
  },
  {
    title: 'every handle on one place answers the same lineage',
    needs: 'shared',
    async run(bench) {
      const other = await bench.connect()
      same(await other.open(), bench.lineage, 'the lineage of another handle')
    },
  },
  {
    title: 'handles that open an empty place at once agree on its lineage, and all of them work',
    needs: 'shared',
    async run(bench) {
      const place = await bench.elsewhere()
      const handles = await Promise.all(Array.from({ length: 4 }, () => bench.connect(place)))
      const [lineage, ...others] = await Promise.all(handles.map((store) => store.open()))
      for (const other of others) same(other, lineage, 'the lineage')
      const claim = bench.claimOf()
      const results = await Promise.all(
        handles.map((store) => bench.claim({ ...claim, owner: bench.owner() }, store)),
      )
      same(countKind(results, 'claimed'), 1, 'claims of one key through all of them that got it')
    },
  },
  {
    title: 'a claim carries the epoch of the lineage',
    async run(bench) {
      const row = await bench.fresh()
      same(row.epoch, bench.lineage.epoch, 'the epoch of a new entry')
      same((await bench.takenOver(row)).epoch, bench.lineage.epoch, 'the epoch after a takeover')
    },
  },
  {
    title: 'the fence rises with every claim of an entry, over takeovers, releases, doubts and decisions',
    async run(bench) {
      let row = await bench.fresh()
      const fences: (readonly [number, number])[] = [[row.epoch, row.attempt]]
      const ways = ['takeover', 'release', 'own doubt', 'doubt', 'takeover'] as const
      for (const way of ways) {
        if (way === 'release') row = await bench.settled(row, { to: 'released' })
        if (way === 'own doubt')
          row = await bench.resolved(await bench.settled(row, { to: 'in_doubt' }), 'released')
        if (way === 'doubt') row = await bench.resolved(await bench.resolved(row, 'in_doubt'), 'released')
        row = await bench.takenOver(row)
        fences.push([row.epoch, row.attempt])
      }
      const falls = fences.slice(1).filter(([epoch, attempt], index) => {
        const [epochBefore, attemptBefore] = fences[index] ?? [0, 0]
        return epoch < epochBefore || (epoch === epochBefore && attempt <= attemptBefore)
      })
      same(falls, [], `fences that did not rise, of ${JSON.stringify(fences)}`)
    },
  },
  {
    title: 'what one handle was acknowledged every other handle sees at once',
    needs: 'shared',
    async run(bench) {
      const other = await bench.another()
      const row = await bench.fresh()
      same(await bench.row(row.ref, other), row, 'the claim')
      isKind(await bench.renew(bench.renewOf(row), other), 'renewed', 'a renewal by the other handle')
      same((await bench.row(row.ref)).rev, row.rev + 1, 'the rev')
      const settled = await bench.settled(row)
      same(await bench.row(row.ref, other), settled, 'the success')
      await other.records.append([{ stream: 's', id: '1', body: 'b' }])
      same((await bench.store.records.read({ stream: 's', limit: 5 })).length, 1, 'records')
    },
  },
  {
    title: 'closing and opening again keeps every row, every record and the lineage',
    needs: 'durable',
    async run(bench) {
      const rows = []
      for (const state of entryStates) rows.push(await bench.inState(state))
      await bench.store.records.append([{ stream: 's', id: '1', body: 'b' }])
      const records = await bench.store.records.read({ stream: 's', limit: 5 })
      const { store, lineage } = await bench.reopen()
      same(lineage, bench.lineage, 'the lineage')
      same((await store.read(rows.map((row) => row.ref))).results, rows, 'the rows')
      same(await store.records.read({ stream: 's', limit: 5 }), records, 'the records')
    },
  },
  {
    title: 'an entry goes on after closing and opening again: its owner settles it, others may take it over',
    needs: 'durable',
    async run(bench) {
      const [mine, theirs] = [await bench.fresh(), await bench.fresh()]
      const { store } = await bench.reopen()
      isKind(
        await bench.settle(bench.settleOf(mine), store),
        'settled',
        "the owner's success after opening again",
      )
      const taken = await bench.claim(bench.takeoverOf(theirs), store)
      isKind(taken, 'claimed', 'a takeover after opening again')
      has(taken.entry, { attempt: theirs.attempt + 1, rev: theirs.rev + 1 }, 'the row')
    },
  },
  {
    title: 'closing one handle leaves the others working',
    needs: 'shared',
    async run(bench) {
      const other = await bench.connect()
      await other.open()
      await other.close()
      isKind(await bench.claim(bench.claimOf()), 'claimed', 'a claim by a handle that is still open')
    },
  },
]
