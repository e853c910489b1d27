import type { RecordStore, Store, StoredRecord } from '../../ledger/store.ts'
import { type Break, type Mutant, noted } from './wrap.ts'

const appended = 'an appended record is kept as it was given, at version 1'
const there = 'an id that is already there is left as it is, and its neighbours are added'
const order = 'records are read in the order of their ids, in pages, each once'
const streams = 'streams do not see each other, not even where names begin alike'
const replaced = 'a record is replaced only at the version that was read, and its version rises'
const absent = 'version 0 adds a record where there is none, and another version does not'
const race = 'of concurrent replacements of one record exactly one counts'
const pruned = 'only records older than asked are pruned, of one stream, at most as many as asked'

export const brokenRecords: readonly Mutant[] = [
  {
    id: 'records-from-zero',
    breaks: 'begins the versions of records at 0',
    caughtBy: [appended],
    broken: reading((found) => found.map((record) => ({ ...record, version: record.version - 1 }))),
  },
  {
    id: 'records-undated',
    breaks: 'dates records by another clock',
    caughtBy: [appended],
    broken: reading((found) => found.map((record) => ({ ...record, atMs: record.atMs + 3_600_000 }))),
  },
  {
    id: 'records-of-this-handle',
    breaks: 'shows a handle only the records that it has written itself',
    caughtBy: [
      'what one handle was acknowledged every other handle sees at once',
      'closing and opening again keeps every row, every record and the lineage',
    ],
    broken: (store) => {
      const mine = new Set<string>()
      return records({
        append: (added) => {
          for (const { id } of added) mine.add(id)
          return store.records.append(added)
        },
        read: async (query) => (await store.records.read(query)).filter(({ id }) => mine.has(id)),
      })(store, new Map())
    },
  },
  {
    id: 'append-overwrites',
    breaks: 'overwrites a record that is already there',
    caughtBy: [there],
    broken: (store, notes) =>
      records({
        append: async (added) => {
          for (const record of added) {
            const now = (await everyRecord(store, record.stream)).find(({ id }) => id === record.id)
            await store.records.replaceIf({ ...record, version: now?.version ?? 0 })
          }
        },
      })(store, notes),
  },
  {
    id: 'append-all-or-nothing',
    breaks: 'adds none of several records when one is already there',
    caughtBy: [there],
    broken: (store, notes) =>
      records({
        append: async (added) => {
          const now = await Promise.all(added.map(({ stream }) => everyRecord(store, stream)))
          const ids = new Set(now.flat().map(({ stream, id }) => `${stream}/${id}`))
          if (!added.some(({ stream, id }) => ids.has(`${stream}/${id}`))) await store.records.append(added)
        },
      })(store, notes),
  },
  {
    id: 'records-by-locale',
    breaks: 'orders ids as a dictionary does',
    caughtBy: [order],
    broken: reading((found) =>
      found.toSorted((a, b) => a.id.toLowerCase().localeCompare(b.id.toLowerCase())),
    ),
  },
  {
    id: 'page-from-inclusive',
    breaks: 'begins a page with the record after which it was asked',
    caughtBy: [order],
    broken: (store, notes) =>
      records({
        read: async (query) => {
          const all = await everyRecord(store, query.stream)
          return all.filter(({ id }) => query.after === undefined || id >= query.after).slice(0, query.limit)
        },
      })(store, notes),
  },
  {
    id: 'records-without-limit',
    breaks: 'reads all records whatever the limit',
    caughtBy: [order],
    broken: (store, notes) =>
      records({ read: (query) => store.records.read({ ...query, limit: 1000 }) })(store, notes),
  },
  {
    id: 'streams-by-prefix',
    breaks: 'reads every stream whose name begins alike',
    caughtBy: [streams],
    broken: (store, notes) =>
      records({
        read: async (query) => {
          const names = ['a', 'ab', 'A', 'a '].filter(
            (name) => name.startsWith(query.stream) && name !== query.stream,
          )
          const found = await Promise.all(
            [query.stream, ...names].map((stream) => store.records.read({ ...query, stream })),
          )
          return found.flat()
        },
      })(store, notes),
  },
  {
    id: 'replaces-any-version',
    breaks: 'replaces a record whatever its version is by now',
    caughtBy: [replaced, absent],
    broken: (store, notes) =>
      records({
        replaceIf: async (record) => {
          const now = (await everyRecord(store, record.stream)).find(({ id }) => id === record.id)
          return store.records.replaceIf({ ...record, version: now?.version ?? 0 })
        },
      })(store, notes),
  },
  {
    id: 'zero-means-any',
    breaks: 'takes version 0 for "whatever is there"',
    caughtBy: [replaced],
    broken: (store, notes) =>
      records({
        replaceIf: async (record) => {
          const now = (await everyRecord(store, record.stream)).find(({ id }) => id === record.id)
          return store.records.replaceIf(
            record.version === 0 ? { ...record, version: now?.version ?? 0 } : record,
          )
        },
      })(store, notes),
  },
  {
    id: 'adds-at-no-version',
    breaks: 'cannot add a record by replacing nothing',
    caughtBy: [absent],
    broken: (store, notes) =>
      records({
        replaceIf: (record) =>
          record.version === 0 ? Promise.resolve(false) : store.records.replaceIf(record),
      })(store, notes),
  },
  {
    id: 'every-replacement-counts',
    breaks: 'looks at the version first and says afterwards that it replaced',
    caughtBy: [race],
    broken: (store, notes) =>
      records({
        replaceIf: async (record) => {
          const now = (await everyRecord(store, record.stream)).find(({ id }) => id === record.id)
          await store.records.replaceIf(record)
          return (now?.version ?? 0) === record.version
        },
      })(store, notes),
  },
  {
    id: 'replacement-keeps-date',
    breaks: 'dates a record by its first version',
    caughtBy: ['a replacement dates the record anew, so that what is still written is not pruned'],
    broken: (store, notes) => {
      const dates = noted(notes, 'dates', () => new Map<string, number>())
      const dated = (record: StoredRecord): StoredRecord => {
        const name = `${record.stream}/${record.id}`
        if (!dates.has(name)) dates.set(name, record.atMs)
        return { ...record, atMs: dates.get(name) ?? record.atMs }
      }
      return records({
        append: async (added) => {
          await store.records.append(added)
          for (const { stream } of added) (await everyRecord(store, stream)).forEach(dated)
        },
        read: async (query) => (await store.records.read(query)).map(dated),
      })(store, notes)
    },
  },
  {
    id: 'prunes-all-ages',
    breaks: 'prunes records without regard to their age',
    caughtBy: [pruned],
    broken: (store, notes) =>
      records({ prune: (query) => store.records.prune({ ...query, olderThanMs: 0 }) })(store, notes),
  },
  {
    id: 'prunes-without-limit',
    breaks: 'prunes more than it may',
    caughtBy: [pruned],
    broken: (store, notes) =>
      records({ prune: (query) => store.records.prune({ ...query, limit: 1000 }) })(store, notes),
  },
  {
    id: 'prunes-every-stream',
    breaks: 'prunes the records of other streams too',
    caughtBy: [pruned],
    broken: (store, notes) =>
      records({
        prune: async (query) => {
          await store.records.prune({ ...query, stream: 'audit' })
          return store.records.prune(query)
        },
      })(store, notes),
  },
  {
    id: 'prunes-nothing',
    breaks: 'says that it pruned and did not',
    caughtBy: [pruned],
    broken: (store, notes) =>
      records({ prune: ({ olderThanMs, limit }) => Promise.resolve(olderThanMs > 1000 ? 0 : limit) })(
        store,
        notes,
      ),
  },
  {
    id: 'removes-nothing',
    breaks: 'says that it removed and did not',
    caughtBy: ['records that are removed are gone, and no others'],
    broken: records({ remove: () => Promise.resolve() }),
  },
  {
    id: 'removes-in-every-stream',
    breaks: 'removes records of the same id in other streams too',
    caughtBy: ['records that are removed are gone, and no others'],
    broken: (store, notes) =>
      records({
        remove: async (named) => {
          await store.records.remove?.(named)
          await store.records.remove?.(named.map(({ id }) => ({ stream: 'audit', id })))
        },
      })(store, notes),
  },
  {
    id: 'bodies-as-json',
    breaks: 'takes bodies for JSON and writes them in its own way',
    caughtBy: ['records keep texts as they were given'],
    broken: reading((found) => found.map((record) => ({ ...record, body: record.body.trim() }))),
  },
  {
    id: 'bodies-cut-short',
    breaks: 'keeps the first 32 KiB of a body',
    caughtBy: ['records keep texts as they were given'],
    broken: reading((found) => found.map((record) => ({ ...record, body: record.body.slice(0, 32_768) }))),
  },
]

function records(broken: Partial<RecordStore>): Break {
  return (store) => ({ records: { ...store.records, ...broken } })
}

function reading(edit: (found: readonly StoredRecord[]) => readonly StoredRecord[]): Break {
  return (store, notes) =>
    records({ read: async (query) => edit(await store.records.read(query)) })(store, notes)
}

function everyRecord(store: Store, stream: string): Promise<readonly StoredRecord[]> {
  return store.records.read({ stream, limit: 1000 })
}
