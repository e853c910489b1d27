import { type Entry, entryStates, type EntryState, openStates } from '../../ledger/entry.ts'
import type { ListQuery } from '../../ledger/store.ts'
import { isOncewardError } from '../../kernel/errors.ts'
import { check, same } from '../assert.ts'
import type { StoreBench } from '../bench.ts'
import type { ContractCase } from '../contract.ts'

export const listCases: readonly ContractCase[] = [
  {
    title: 'entries are listed newest first, and by ref falling where they are equally new',
    async run(bench) {
      const rows = await spread(bench)
      const { entries } = await bench.store.list({ limit: 500 })
      same(entries, newestFirst(rows), 'the entries')
    },
  },
  {
    title: 'pages hold every entry once, in the order of one long page',
    async run(bench) {
      const rows = newestFirst(await spread(bench))
      for (const limit of [1, 4, rows.length - 1, rows.length]) {
        const pages = await allPages(bench, { limit })
        same(
          pages.flat().map((row) => row.ref),
          rows.map((row) => row.ref),
          `the entries in pages of ${limit}`,
        )
        same(
          pages.map((page) => page.length).slice(0, -1),
          Array.from({ length: pages.length - 1 }, () => limit),
          'the sizes of the full pages',
        )
      }
    },
  },
  {
    title: 'only a page that others follow has a next',
    async run(bench) {
      const rows = await spread(bench)
      for (const limit of [rows.length, rows.length + 1, 500]) {
        same(
          (await bench.store.list({ limit })).next,
          undefined,
          `next of a page of ${limit} of ${rows.length}`,
        )
      }
      check(
        (await bench.store.list({ limit: rows.length - 1 })).next !== undefined,
        'a page that others follow has a next',
      )
      same(
        await bench.store
          .list({ scope: 'nobody', limit: 5 })
          .then(({ entries, next }) => ({ entries, next })),
        { entries: [] },
        'an empty page',
      )
    },
  },
  {
    title: 'what is claimed or changed between two pages neither repeats nor hides an entry',
    async run(bench) {
      const rows = newestFirst(await spread(bench))
      const first = await bench.store.list({ limit: 4 })
      await bench.passes()
      await bench.fresh()
      const unread = rows.at(-1)
      if (unread !== undefined) await bench.settled(unread)
      const rest = await allPages(bench, {
        limit: 4,
        ...(first.next === undefined ? {} : { cursor: first.next }),
      })
      same(
        [first.entries, ...rest].flat().map((row) => row.ref),
        rows.map((row) => row.ref),
        'the entries',
      )
    },
  },
  {
    title: 'filters by scope, operation, key and subject hold alone and together',
    async run(bench) {
      const rows = await spread(bench)
      const wishes: readonly Pick<ListQuery, 'scope' | 'operation' | 'key' | 'subject'>[] = [
        { scope: 'shop' },
        { operation: 'mail' },
        { key: 'k-3' },
        { subject: 'order:1' },
        { scope: 'other', operation: 'charge' },
        { scope: 'shop', operation: 'charge', subject: 'order:0' },
        { scope: 'shop', operation: 'mail', key: 'k-1' },
        { scope: 'nobody' },
      ]
      for (const wish of wishes) {
        const fits = (row: Entry): boolean =>
          Object.entries(wish).every(([name, text]) => row[name as keyof Entry] === text)
        const { entries } = await bench.store.list({ ...wish, limit: 500 })
        same(entries, newestFirst(rows.filter(fits)), `the entries with ${JSON.stringify(wish)}`)
      }
    },
  },
  {
    title: 'filters by state hold, for one state and for several',
    async run(bench) {
      const rows: Entry[] = []
      for (const state of entryStates) rows.push(await bench.inState(state))
      const wishes: readonly (readonly EntryState[])[] = [
        ...entryStates.map((state) => [state]),
        openStates,
        ['failed', 'tombstone'],
      ]
      for (const wanted of wishes) {
        const { entries } = await bench.store.list({ states: wanted, limit: 500 })
        same(
          entries,
          newestFirst(rows.filter((row) => wanted.includes(row.state))),
          `the entries that are ${wanted.join(' or ')}`,
        )
      }
    },
  },
  {
    title: 'fromMs is inclusive and toMs exclusive, on the first claim',
    async run(bench) {
      const rows = await spread(bench)
      const times = [...new Set(rows.map((row) => row.claimedAtMs))].toSorted((a, b) => a - b)
      const [, secondMs = 0] = times
      const lastMs = times.at(-1) ?? 0
      const between = async (query: Pick<ListQuery, 'fromMs' | 'toMs'>): Promise<readonly Entry[]> =>
        (await bench.store.list({ ...query, limit: 500 })).entries
      same(
        await between({ fromMs: secondMs }),
        newestFirst(rows.filter((row) => row.claimedAtMs >= secondMs)),
        'from the second time on',
      )
      same(
        await between({ toMs: secondMs }),
        newestFirst(rows.filter((row) => row.claimedAtMs < secondMs)),
        'before the second time',
      )
      const within = rows.filter((row) => row.claimedAtMs >= secondMs && row.claimedAtMs < lastMs)
      same(
        await between({ fromMs: secondMs, toMs: lastMs }),
        newestFirst(within),
        'between the second time and the last',
      )
    },
  },
  {
    title: "lapsed entries are those whose lease is over by the store's clock",
    async run(bench) {
      const short = await bench.fresh({ leaseMs: 1 })
      const long = await bench.fresh({ leaseMs: 60_000 })
      const ended = await bench.settled(await bench.fresh(), { to: 'started', endsLease: true })
      await bench.passes(short.leaseUntilMs)
      const states = ['claimed', 'started'] as const
      const { entries } = await bench.store.list({ lapsed: true, states, limit: 500 })
      same(entries, newestFirst([short, ended]), 'the lapsed entries')
      const all = await bench.store.list({ lapsed: false, states, limit: 500 })
      same(all.entries, newestFirst([short, long, ended]), 'the entries, lapsed or not')
    },
  },
  {
    title: 'a filter holds on every page',
    async run(bench) {
      const rows = newestFirst((await spread(bench)).filter((row) => row.scope === 'shop'))
      const pages = await allPages(bench, { scope: 'shop', limit: 3 })
      same(
        pages.flat().map((row) => row.ref),
        rows.map((row) => row.ref),
        'the entries of one scope in pages of three',
      )
    },
  },
  {
    title: 'a cursor that no page gave is refused as OPTION_INVALID',
    async run(bench) {
      await bench.fresh()
      for (const cursor of [
        '',
        'nonsense',
        '💥',
        Buffer.from('12/x').toString('base64url'),
        Buffer.from("1/' OR 1=1").toString('base64url'),
      ]) {
        const refused = await bench.store.list({ limit: 5, cursor }).then(
          () => 'answered',
          (error: unknown) => (isOncewardError(error) ? error.code : String(error)),
        )
        same(refused, 'OPTION_INVALID', `the answer to the cursor ${JSON.stringify(cursor)}`)
      }
    },
  },
]

/** Twelve entries over two scopes, two operations, three subjects and three moments, several to a moment. */
async function spread(bench: StoreBench): Promise<readonly Entry[]> {
  const rows: Entry[] = []
  for (let moment = 0; moment < 3; moment += 1) {
    const requests = Array.from({ length: Math.min(4, bench.store.maxBatch) }, (_, index) => {
      const subject = index === 3 ? {} : { subject: `order:${moment}` }
      return bench.claimOf({
        scope: index % 2 === 0 ? 'shop' : 'other',
        operation: index < 2 ? 'charge' : 'mail',
        key: `k-${moment + index}`,
        ...subject,
      })
    })
    for (const result of (await bench.store.claim(requests)).results)
      if (result.kind === 'claimed') rows.push(result.entry)
    await bench.passes()
  }
  return rows
}

function newestFirst(rows: readonly Entry[]): readonly Entry[] {
  return rows.toSorted((a, b) => b.claimedAtMs - a.claimedAtMs || (a.ref < b.ref ? 1 : -1))
}

/** Every page from `query` on, until one has no next. */
async function allPages(bench: StoreBench, query: ListQuery): Promise<readonly (readonly Entry[])[]> {
  const pages: (readonly Entry[])[] = []
  for (let cursor = query.cursor; pages.length < 100; ) {
    const page = await bench.store.list({ ...query, ...(cursor === undefined ? {} : { cursor }) })
    pages.push(page.entries)
    if (page.next === undefined) return pages
    cursor = page.next
  }
  check(false, 'the pages end')
  return pages
}
