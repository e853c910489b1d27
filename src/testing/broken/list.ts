import type { Entry } from '../../ledger/entry.ts'
import type { ListPage, ListQuery, Store } from '../../ledger/store.ts'
import type { Break, Mutant } from './wrap.ts'

const order = 'entries are listed newest first, and by ref falling where they are equally new'
const pages = 'pages hold every entry once, in the order of one long page'
const next = 'only a page that others follow has a next'
const between = 'what is claimed or changed between two pages neither repeats nor hides an entry'
const filters = 'filters by scope, operation, key and subject hold alone and together'
const window = 'fromMs is inclusive and toMs exclusive, on the first claim'

export const brokenLists: readonly Mutant[] = [
  {
    id: 'oldest-first',
    breaks: 'lists the oldest first',
    caughtBy: [order],
    broken: paging((rows) => rows.toReversed()),
  },
  {
    id: 'ties-at-random',
    breaks: 'lists equally new entries in whatever order',
    caughtBy: [order],
    broken: paging((rows) =>
      rows.toSorted((a, b) => b.claimedAtMs - a.claimedAtMs || (a.ref < b.ref ? -1 : 1)),
    ),
  },
  {
    id: 'pages-by-offset',
    breaks: 'counts the entries before a page',
    caughtBy: [between],
    broken: paging((rows) => rows),
  },
  {
    id: 'pages-by-last-change',
    breaks: 'orders entries by when they were last changed',
    caughtBy: [between],
    broken: paging((rows) => rows.toSorted((a, b) => b.rev - a.rev)),
  },
  {
    id: 'page-repeats-last',
    breaks: 'begins a page with the last entry of the page before',
    caughtBy: [pages],
    broken: (store, notes) => ({
      list: async (query) => {
        const page = await store.list(query)
        const last = notes.get('last') as Entry | undefined
        notes.set('last', page.entries.at(-1))
        if (query.cursor === undefined || last === undefined) return page
        return { ...page, entries: [last, ...page.entries].slice(0, query.limit) }
      },
    }),
  },
  {
    id: 'page-skips-ties',
    breaks: 'begins a page after everything that is as new as the last entry before',
    caughtBy: [pages, 'a filter holds on every page'],
    broken: (store, notes) => ({
      list: async (query) => {
        const page = await store.list(query)
        const lastMs = notes.get('lastMs') as number | undefined
        notes.set('lastMs', page.entries.at(-1)?.claimedAtMs)
        if (query.cursor === undefined) return page
        return { ...page, entries: page.entries.filter((row) => row.claimedAtMs !== lastMs) }
      },
    }),
  },
  {
    id: 'page-of-one-more',
    breaks: 'puts one entry more on a page than it may hold',
    caughtBy: [pages],
    broken: (store) => ({ list: (query) => store.list({ ...query, limit: query.limit + 1 }) }),
  },
  {
    id: 'next-without-end',
    breaks: 'names a next page after the last one',
    caughtBy: [next],
    broken: (store) => ({
      list: async (query) => {
        const page = await store.list(query)
        return { next: query.cursor ?? 'AAAA', ...page }
      },
    }),
  },
  {
    id: 'no-next',
    breaks: 'never names a next page',
    caughtBy: [next, pages],
    broken: (store) => ({
      list: async (query) => {
        const { next: _next, ...page } = await store.list(query)
        return page
      },
    }),
  },
  ...(['scope', 'operation', 'key', 'subject'] as const).map(
    (name): Mutant => ({
      id: `ignores-${name}`,
      breaks: `lists without regard to the ${name}`,
      caughtBy: [filters],
      broken: asking(({ [name]: _ignored, ...query }) => query),
    }),
  ),
  {
    id: 'one-state-only',
    breaks: 'looks at the first of several states only',
    caughtBy: ['filters by state hold, for one state and for several'],
    broken: asking((query) =>
      query.states === undefined ? query : { ...query, states: query.states.slice(0, 1) },
    ),
  },
  {
    id: 'from-exclusive',
    breaks: 'leaves out what was claimed at fromMs',
    caughtBy: [window],
    broken: asking((query) =>
      query.fromMs === undefined ? query : { ...query, fromMs: query.fromMs + 0.001 },
    ),
  },
  {
    id: 'to-inclusive',
    breaks: 'lists what was claimed at toMs',
    caughtBy: [window],
    broken: asking((query) => (query.toMs === undefined ? query : { ...query, toMs: query.toMs + 0.001 })),
  },
  {
    id: 'lapsed-ignored',
    breaks: 'lists entries whose lease still runs as lapsed',
    caughtBy: ["lapsed entries are those whose lease is over by the store's clock"],
    broken: asking(({ lapsed: _lapsed, ...query }) => query),
  },
  {
    id: 'not-lapsed-means-running',
    breaks: 'takes lapsed: false for "only those whose lease runs"',
    caughtBy: ["lapsed entries are those whose lease is over by the store's clock"],
    broken: (store) => ({
      list: async (query) => {
        const page = await store.list(query)
        if (query.lapsed !== false) return page
        return { ...page, entries: page.entries.filter((row) => row.leaseUntilMs > page.nowMs) }
      },
    }),
  },
  {
    id: 'filter-on-first-page',
    breaks: 'forgets the filter after the first page',
    caughtBy: ['a filter holds on every page'],
    broken: asking(({ scope, ...query }) =>
      scope === undefined || query.cursor !== undefined ? query : { ...query, scope },
    ),
  },
  {
    id: 'bad-cursor-begins-anew',
    breaks: 'begins anew at a cursor that it does not know',
    caughtBy: ['a cursor that no page gave is refused as OPTION_INVALID'],
    broken: (store) => ({
      list: (query) => store.list(query).catch(() => store.list(withoutCursor(query))),
    }),
  },
]

function asking(edit: (query: ListQuery) => ListQuery): Break {
  return (store) => ({ list: (query) => store.list(edit(query)) })
}

function withoutCursor({ cursor: _cursor, ...query }: ListQuery): ListQuery {
  return query
}

/** Pages by offset over the entries that fit, in another order. */
function paging(sort: (rows: readonly Entry[]) => readonly Entry[]): Break {
  return (store) => ({ list: (query) => pageByOffset(store, query, sort) })
}

async function pageByOffset(
  store: Store,
  query: ListQuery,
  sort: (rows: readonly Entry[]) => readonly Entry[],
): Promise<ListPage> {
  const { cursor, limit } = query
  const fitting = await store.list({ ...withoutCursor(query), limit: 500 })
  const sorted = sort(fitting.entries)
  const offset = cursor === undefined ? 0 : Number(cursor)
  const isLast = offset + limit >= sorted.length
  return {
    nowMs: fitting.nowMs,
    entries: sorted.slice(offset, offset + limit),
    ...(isLast ? {} : { next: String(offset + limit) }),
  }
}
