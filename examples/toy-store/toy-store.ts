import { randomBytes } from 'node:crypto'
// In a package of yours: from 'onceward/store'.
import {
  applyClaim,
  applyRecall,
  applyRenew,
  applyResolve,
  applySettle,
  decodeCursor,
  type Entry,
  isSameLineage,
  isTwin,
  type Lineage,
  lineageConflict,
  type ListPage,
  type ListQuery,
  matches,
  newestFirst,
  pageOf,
  type PurgeRequest,
  type PurgeResult,
  purgeRow,
  type Reply,
  type Rows,
  type Store,
  type StoredRecord,
  StoreFault,
  type StoreMoment,
} from '../../src/store.ts'
import { toyRecords } from './toy-records.ts'
import { VersionedFile } from './versioned-file.ts'

/** An entry in JSON, which has no bytes. */
type StoredEntry = Omit<Entry, 'value'> & { readonly value?: string }

export interface Content {
  lineage?: Lineage
  /** By ref. */
  readonly entries: Record<string, StoredEntry>
  readonly records: StoredRecord[]
}

/** How the parts of the store get at the document. */
export interface Access {
  readonly read: <T>(work: (content: Content) => T) => Promise<T>
  readonly change: <T>(work: (content: Content) => T) => Promise<T>
  /** A change that belongs to a lineage: the one it names, else the one that this handle knows. */
  readonly write: <T>(named: Lineage | undefined, work: (content: Content, epoch: number) => T) => Promise<T>
}

/**
 * A whole store in a folder of JSON files: small enough to read, slow, and correct, also for several processes. It
 * rewrites everything at each change, so keep it to thousands of entries.
 */
export function toyStore(folder: string, file: VersionedFile<Content> = toyFile(folder)): Store {
  const location = `toy:${folder}`
  let isOpen = false
  let known: Lineage | undefined
  const access: Access = {
    read: async (work) => guarded(folder, isOpen, () => work(file.read())),
    change: async (work) => guarded(folder, isOpen, () => file.change(work)),
    write: (named, work) => {
      const believed = named ?? known
      return access.change((content) => {
        const stands = (known = lineageOf(content))
        // Under another lineage nothing is written: the ledger first recalls what it was acknowledged.
        if (believed !== undefined && !isSameLineage(believed, stands))
          throw lineageConflict(location, stands)
        return work(content, stands.epoch)
      })
    },
  }
  return {
    name: 'toy',
    location,
    maxBatch: 100,
    isTransactional: false,
    open: async () => {
      isOpen = true
      guarded(folder, isOpen, () => file.open())
      return access.change((content) => (known = lineageOf(content)))
    },
    leave: (left) =>
      access.change((content) => {
        const stands = lineageOf(content)
        if (isSameLineage(left, stands))
          content.lineage = { epoch: stands.epoch + 1, nonce: newNonce(), beganAtMs: Date.now() }
        return (known = lineageOf(content))
      }),
    ...writes(access),
    ...reads(access),
    records: toyRecords(access),
    close: async () => {
      isOpen = false
    },
  }
}

/** Made by whoever opens the place first. */
function lineageOf(content: Content): Lineage {
  content.lineage ??= { epoch: 1, nonce: newNonce() }
  return content.lineage
}

function newNonce(): string {
  return randomBytes(16).toString('base64url')
}

export function toyFile(folder: string): VersionedFile<Content> {
  return new VersionedFile<Content>(folder, { entries: {}, records: [] })
}

/** For processes that open the store by themselves: the crash tests, `--store module:./toy-store.ts#folder`. */
export function openStore(place: string): Store {
  return toyStore(place)
}

/** What fails here may or may not have been written: `lost` makes the ledger send the same requests again. */
function guarded<T>(folder: string, isOpen: boolean, work: () => T): T {
  if (!isOpen) throw new StoreFault('unavailable', `${folder} is not open`)
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new StoreFault('lost', `${folder}: ${error.message}`, { cause: error })
  }
}

type Writes = Pick<Store, 'claim' | 'settle' | 'renew' | 'resolve' | 'recall' | 'purge'>

function writes({ change, write }: Access): Writes {
  /** A batch is one change of the document: all of it is written, or nothing. */
  function batch<Q, R>(
    one: (rows: Rows, request: Q, at: StoreMoment) => R,
  ): (requests: readonly Q[], lineage?: Lineage) => Promise<Reply<R>> {
    return (requests, lineage) =>
      write(lineage, (content, epoch) => {
        const at = { nowMs: Date.now(), epoch }
        const rows: Rows = {
          get: (ref) => entryOf(content, ref),
          put: (entry) => putEntry(content, entry),
        }
        return { nowMs: at.nowMs, results: requests.map((request) => one(rows, request, at)) }
      })
  }
  return {
    claim: batch(applyClaim),
    settle: batch(applySettle),
    renew: batch(applyRenew),
    resolve: batch(applyResolve),
    recall: batch(applyRecall),
    purge: (request) => change((content) => purge(content, request)),
  }
}

function reads({ read }: Access): Pick<Store, 'read' | 'twins' | 'list'> {
  return {
    read: (refs) =>
      read((content) => ({ nowMs: Date.now(), results: refs.map((ref) => entryOf(content, ref)) })),
    twins: (requests) =>
      read((content) => {
        const nowMs = Date.now()
        return {
          nowMs,
          results: requests.map(({ ref, windowMs }) => twinsOf(content, ref, nowMs - windowMs)),
        }
      }),
    list: (query) => read((content) => list(content, query)),
  }
}

function entryOf(content: Content, ref: string): Entry | undefined {
  const stored = content.entries[ref]
  return stored === undefined ? undefined : fromStored(stored)
}

function fromStored(stored: StoredEntry): Entry {
  const { value, ...rest } = stored
  return { ...rest, value: value === undefined ? undefined : new Uint8Array(Buffer.from(value, 'base64')) }
}

function putEntry(content: Content, { value, ...rest }: Entry): void {
  const bytes = value === undefined ? {} : { value: Buffer.from(value).toString('base64') }
  content.entries[rest.ref] = { ...rest, ...bytes }
}

function allEntries(content: Content): Entry[] {
  return Object.values(content.entries).map(fromStored)
}

function twinsOf(content: Content, ref: string, sinceMs: number): readonly string[] {
  const row = entryOf(content, ref)
  if (row?.subject === undefined || row.fingerprint === '') return []
  return allEntries(content)
    .filter((other) => isTwin(row, other, sinceMs))
    .map((other) => other.ref)
}

function list(content: Content, query: ListQuery): ListPage {
  const nowMs = Date.now()
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor)
  const found = allEntries(content)
    .filter((row) => matches(row, query, nowMs))
    .filter((row) => after === undefined || newestFirst(after, row) < 0)
    .toSorted(newestFirst)
  return pageOf(found.slice(0, query.limit + 1), query.limit, nowMs)
}

function purge(content: Content, request: PurgeRequest): PurgeResult {
  const nowMs = Date.now()
  const done = { buried: 0, deleted: 0 }
  for (const row of allEntries(content).filter(({ scope }) => scope === request.scope)) {
    if (done.buried + done.deleted >= request.limit) break
    const what = purgeRow(row, request, nowMs)
    if (what === 'delete') {
      delete content.entries[row.ref]
      done.deleted += 1
    } else if (what !== undefined) {
      putEntry(content, what.bury)
      done.buried += 1
    }
  }
  return done
}
