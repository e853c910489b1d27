import { canonicalJson, type Json } from '../kernel/json.ts'
import { sha256Hex } from '../kernel/ids.ts'
import { OncewardError } from '../kernel/errors.ts'
import type { Runtime } from '../kernel/runtime.ts'
import { timestamp } from '../kernel/time.ts'
import type { RecordStore } from '../ledger/store.ts'

const stream = 'audit-trail'
const headStream = 'audit-trail-head'
/** What the first record names as the one before it. */
export const beginning: string = '0'.repeat(64)
const maxTries = 1000
const pageSize = 500

/** A decision, before it has its place in the trail. */
export interface AuditWish {
  readonly who: { readonly id: string; readonly name: string; readonly role: string }
  /** `doubt.resolve`, `token.create` … */
  readonly what: string
  /** The ref of an entry, the id of a token. */
  readonly about: string
  /** Absent for what concerns the whole store. */
  readonly scope?: string | undefined
  readonly why?: string | undefined
  readonly before?: unknown
  readonly after?: unknown
}

/** One decision. Each names the digest of the one before it, so that none can be changed or taken out unseen. */
export interface AuditRecord extends AuditWish {
  readonly seq: number
  readonly at: string
  readonly previous: string
  readonly hash: string
}

export interface AuditHead {
  readonly seq: number
  readonly hash: string
}

export type TrailCheck =
  | { readonly intact: true; readonly records: number; readonly head: AuditHead }
  | {
      readonly intact: false
      readonly records: number
      readonly head: AuditHead
      /** The first place that does not fit, and how. */
      readonly broken: { readonly seq: number; readonly why: string }
    }

/** The append-only audit trail of a store, written by all its servers. */
export class AuditTrail {
  readonly #records: RecordStore
  readonly #runtime: Runtime

  constructor(records: RecordStore, runtime: Runtime) {
    this.#records = records
    this.#runtime = runtime
  }

  /** Adds a decision behind whatever is the last one, also while others do the same. Resolves when it is durable. */
  async append(wish: AuditWish): Promise<AuditRecord> {
    const hint = await this.#hint()
    let last: AuditHead = hint.head
    for (let tries = 0; tries < maxTries; tries += 1) {
      last = await this.#last(last)
      const record = linked(wish, last, timestamp(this.#runtime.wallMs()))
      const { seq } = record
      const body = JSON.stringify(record)
      if (!(await this.#records.replaceIf({ stream, id: idOf(seq), version: 0, body }))) continue
      await this.#keepHint({ seq, hash: record.hash })
      return record
    }
    throw new OncewardError('CONFLICT', 'The audit trail could not be added to: too many decide at once.')
  }

  /** One page, the oldest first, from behind `after`. */
  async read(after: number, limit: number): Promise<readonly AuditRecord[]> {
    const found = await this.#records.read({ stream, after: idOf(after), limit })
    return found.map(({ body }) => JSON.parse(body) as AuditRecord)
  }

  /** The last one that is known without reading the trail. */
  async head(): Promise<AuditHead> {
    return this.#last((await this.#hint()).head)
  }

  /** Follows the whole chain. `expected`: a head that was noted elsewhere, which must still be in it. */
  async verify(expected?: AuditHead): Promise<TrailCheck> {
    let head: AuditHead = { seq: 0, hash: beginning }
    const broken = (seq: number, why: string): TrailCheck => ({
      intact: false,
      records: head.seq,
      head,
      broken: { seq, why },
    })
    for (;;) {
      const page = await this.#records.read({ stream, after: idOf(head.seq), limit: pageSize })
      for (const { id, body } of page) {
        const seq = head.seq + 1
        const why = flawOfLink(body, { id, seq, previous: head.hash })
        if (why !== undefined) return broken(seq, why)
        head = { seq, hash: (JSON.parse(body) as AuditRecord).hash }
        if (seq === expected?.seq && head.hash !== expected.hash)
          return broken(seq, 'it is not the record that was noted')
      }
      if (page.length < pageSize) break
    }
    const { seq: hinted } = (await this.#hint()).head
    const least = Math.max(hinted, expected?.seq ?? 0)
    if (head.seq < least) return broken(head.seq + 1, `it is missing: there were ${least} records`)
    return { intact: true, records: head.seq, head }
  }

  async #last(from: AuditHead): Promise<AuditHead> {
    let last = from
    for (;;) {
      const page = await this.read(last.seq, pageSize)
      const newest = page.at(-1)
      if (newest === undefined) return last
      last = { seq: newest.seq, hash: newest.hash }
      if (page.length < pageSize) return last
    }
  }

  async #hint(): Promise<{ readonly head: AuditHead; readonly version: number }> {
    const [record] = await this.#records.read({ stream: headStream, limit: 1 })
    if (record === undefined) return { head: { seq: 0, hash: beginning }, version: 0 }
    return { head: JSON.parse(record.body) as AuditHead, version: record.version }
  }

  /** Saves the next one from reading the whole trail, and tells of an end that was cut off. A later one may stand already. */
  async #keepHint(head: AuditHead): Promise<void> {
    for (let tries = 0; tries < 5; tries += 1) {
      const known = await this.#hint()
      if (known.head.seq >= head.seq) return
      const body = JSON.stringify(head)
      if (await this.#records.replaceIf({ stream: headStream, id: 'head', version: known.version, body }))
        return
    }
  }
}

/** Sorted as numbers are. */
function idOf(seq: number): string {
  return String(seq).padStart(12, '0')
}

function linked(wish: AuditWish, last: AuditHead, at: string): AuditRecord {
  // As it will be read again: what is undefined is not there.
  const { who, what, about, scope, why, before, after } = JSON.parse(JSON.stringify(wish)) as AuditWish
  const record = {
    seq: last.seq + 1,
    at,
    who: { id: who.id, name: who.name, role: who.role },
    what,
    about,
    ...(scope === undefined ? {} : { scope }),
    ...(why === undefined ? {} : { why }),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    previous: last.hash,
  }
  return { ...record, hash: hashOf(record) }
}

/** SHA-256 over the RFC 8785 form of everything but the digest itself. */
function hashOf(record: Omit<AuditRecord, 'hash'>): string {
  return sha256Hex('onceward.audit.1', canonicalJson(record as unknown as Json))
}

function flawOfLink(
  body: string,
  expected: { readonly id: string; readonly seq: number; readonly previous: string },
): string | undefined {
  if (expected.id !== idOf(expected.seq)) return 'it is missing'
  let record: AuditRecord
  try {
    record = JSON.parse(body) as AuditRecord
    const { hash, ...rest } = record
    if (hashOf(rest) !== hash) return 'it was changed after it was written'
  } catch {
    return 'it cannot be read'
  }
  if (record.seq !== expected.seq) return `it says that it is ${record.seq}`
  return record.previous === expected.previous ? undefined : 'it does not follow the one before it'
}
