import { setTimeout as sleep } from 'node:timers/promises'
import { utf8 } from '../kernel/bytes.ts'
import { refOf, sha256Text } from '../kernel/ids.ts'
import type { Entry, EntryState } from '../ledger/entry.ts'
import type {
  ClaimRequest,
  ClaimResult,
  Lineage,
  RecallResult,
  RenewRequest,
  RenewResult,
  ResolveRequest,
  ResolveResult,
  SettleRequest,
  SettleResult,
  Store,
} from '../ledger/store.ts'
import { check, ContractBroken, isKind, plain, same } from './assert.ts'
import type { StorePlace, StoreUnderTest, UserRows } from './place.ts'

type Takeover = NonNullable<ClaimRequest['expect']>

/** A minute's lease and a month's retention: long enough that nothing lapses by itself while a case runs. */
const leaseMs = 60_000
const retainMs = 30 * 24 * 60 * 60 * 1000

/**
 * What a case gets: an opened store on an empty place, builders of requests that are unique unless told otherwise, and
 * short ways to bring an entry into any state by the Store interface alone.
 */
export class StoreBench {
  readonly #subject: StoreUnderTest
  readonly #places: StorePlace[]
  readonly #handles: Store[]
  #made = 0
  /** The opened store. */
  readonly store: Store
  /** What its `open` answered. */
  readonly lineage: Lineage

  private constructor(
    subject: StoreUnderTest,
    place: StorePlace,
    opened: { store: Store; lineage: Lineage },
  ) {
    this.#subject = subject
    this.#places = [place]
    this.#handles = [opened.store]
    this.store = opened.store
    this.lineage = opened.lineage
  }

  static async open(subject: StoreUnderTest): Promise<StoreBench> {
    const place = await subject.create()
    const store = await place.connect()
    return new StoreBench(subject, place, { store, lineage: await store.open() })
  }

  /** Closes every handle, then removes every place. */
  async end(): Promise<void> {
    for (const handle of this.#handles.splice(0)) await handle.close()
    for (const place of this.#places.splice(0)) await place.destroy?.()
  }

  // --- Handles --------------------------------------------------------------------------------------------------

  get #place(): StorePlace {
    const [place] = this.#places
    if (place === undefined) throw new TypeError('The bench has ended.')
    return place
  }

  /** A handle that is not opened yet, on the same data, or on those of `place`. */
  async connect(place: StorePlace = this.#place): Promise<Store> {
    const store = await place.connect()
    this.#handles.push(store)
    return store
  }

  /** Another empty place. */
  async elsewhere(): Promise<StorePlace> {
    const place = await this.#subject.create()
    this.#places.push(place)
    return place
  }

  /** Another handle on the same data, opened. */
  async another(): Promise<Store> {
    const store = await this.connect()
    await store.open()
    return store
  }

  /** Closes every handle and opens a new one on the same data. */
  async reopen(): Promise<{ readonly store: Store; readonly lineage: Lineage }> {
    for (const handle of this.#handles.splice(0)) await handle.close()
    const store = await this.connect()
    return { store, lineage: await store.open() }
  }

  get userRows(): UserRows {
    const { userRows } = this.#place
    if (userRows === undefined)
      throw new TypeError('A store with the trait "transactions" needs userRows in its place.')
    return userRows
  }

  // --- Time: always the store's -----------------------------------------------------------------------------------

  /** The store's clock. */
  async nowMs(): Promise<number> {
    return (await this.store.read([])).nowMs
  }

  /** Waits until the store's clock is past `atMs`, or has gone on by more than a millisecond. */
  async passes(atMs?: number): Promise<void> {
    const untilMs = atMs ?? (await this.nowMs()) + 1
    for (let tries = 0; tries < 2000; tries += 1) {
      if ((await this.nowMs()) > untilMs) return
      await sleep(2)
    }
    throw new ContractBroken(`The store's clock did not pass ${untilMs} within seconds.`)
  }

  // --- Requests ---------------------------------------------------------------------------------------------------

  /** A text nobody has used in this case yet. */
  unique(prefix: string): string {
    this.#made += 1
    return `${prefix}-${this.#made}`
  }

  /** An owner token: 16 bytes in base64url, new each time. */
  owner(): string {
    return sha256Text(this.unique('owner')).slice(0, 22)
  }

  /** The fingerprint of some input. */
  fingerprint(input: string): string {
    return sha256Text(input)
  }

  /** A claim of an entry that is not there, started, blind. `ref` follows scope, operation and key. */
  claimOf(wanted: Partial<ClaimRequest> = {}): ClaimRequest {
    const identity = { scope: 'shop', operation: 'charge', key: this.unique('order'), ...wanted }
    return {
      ref: refOf(identity.scope, identity.operation, identity.key),
      fingerprint: this.fingerprint(identity.key),
      safety: 'blind',
      to: 'started',
      owner: this.owner(),
      leaseMs,
      retainMs,
      ...identity,
    }
  }

  /** A claim of `row` again, as another caller with the same wish would send it. */
  claimAgain(row: Entry, wanted: Partial<ClaimRequest> = {}): ClaimRequest {
    const { ref, scope, operation, key, subject, fingerprint, safety } = row
    const identity = { ref, scope, operation, key, ...(subject === undefined ? {} : { subject }) }
    return this.claimOf({ ...identity, fingerprint, safety, ...wanted })
  }

  /** A claim that takes `row` over with its attempt and rev, raising the attempt, keeping everything else. */
  takeoverOf(row: Entry, wanted: Partial<ClaimRequest> = {}, expect: Partial<Takeover> = {}): ClaimRequest {
    return {
      ...this.claimAgain(row, {
        to: row.state === 'claimed' ? 'claimed' : 'started',
        retainMs: row.retainMs,
        ...wanted,
      }),
      expect: {
        attempt: row.attempt,
        rev: row.rev,
        raisesAttempt: true,
        round: row.round,
        earlierUnknown: row.earlierUnknown,
        keepsFirstSend: true,
        ...expect,
      },
    }
  }

  /** The owner's next write: by default its success, with a small result, ending the lease. */
  settleOf(row: Entry, wanted: Partial<SettleRequest> = {}): SettleRequest {
    const to = wanted.to ?? 'succeeded'
    const isEnd = to !== 'claimed' && to !== 'started'
    const content: Omit<SettleRequest, 'digest'> = {
      ref: row.ref,
      owner: row.owner,
      attempt: row.attempt,
      ownerWrite: row.ownerWrite + 1,
      to,
      round: row.round,
      earlierUnknown: row.earlierUnknown,
      endsLease: isEnd,
      valueKept: true,
      ...(to === 'succeeded' && wanted.valueKept !== false ? { value: utf8('{"ok":true}') } : {}),
      ...(to === 'failed'
        ? {
            error: {
              code: 'DECLINED',
              message: 'the card was declined',
            },
          }
        : {}),
      ...(to === 'in_doubt' ? { why: 'the connection broke' } : {}),
      ...wanted,
    }
    const { known: _known, ...digested } = content
    const digest = sha256Text(JSON.stringify(plain(digested)))
    return { ...content, digest: wanted.digest ?? digest }
  }

  renewOf(row: Entry, wanted: Partial<RenewRequest> = {}): RenewRequest {
    return { ref: row.ref, owner: row.owner, attempt: row.attempt, leaseMs, ...wanted }
  }

  /** A decision on `row` as it was read: with evidence, or for `in_doubt` with a reason. */
  resolveOf(row: Entry, to: ResolveRequest['to'], wanted: Partial<ResolveRequest> = {}): ResolveRequest {
    return {
      ref: row.ref,
      expect: { attempt: row.attempt, rev: row.rev },
      to,
      valueKept: true,
      ...(to === 'in_doubt'
        ? { why: 'the lease lapsed' }
        : { resolution: { by: 'Ada', because: 'the statement shows it' } }),
      ...wanted,
    }
  }

  // --- Batches of one -----------------------------------------------------------------------------------------------

  async claim(request: ClaimRequest, store: Store = this.store): Promise<ClaimResult> {
    return only((await store.claim([request])).results, 'claim')
  }

  async settle(request: SettleRequest, store: Store = this.store): Promise<SettleResult> {
    return only((await store.settle([request])).results, 'settle')
  }

  async renew(request: RenewRequest, store: Store = this.store): Promise<RenewResult> {
    return only((await store.renew([request])).results, 'renew')
  }

  async resolve(request: ResolveRequest, store: Store = this.store): Promise<ResolveResult> {
    return only((await store.resolve([request])).results, 'resolve')
  }

  /** Asserts `entry` as it was acknowledged. */
  async recall(entry: Entry, store: Store = this.store): Promise<RecallResult> {
    return only((await store.recall([{ entry }])).results, 'recall')
  }

  /** Begins the next lineage. */
  async nextLineage(): Promise<Lineage> {
    return this.store.leave(await this.store.open())
  }

  /** The row as `read` shows it. It must be there. */
  async row(ref: string, store: Store = this.store): Promise<Entry> {
    const [entry] = (await store.read([ref])).results
    check(entry !== undefined, `the entry ${ref} is there`)
    return entry
  }

  /** `read` still shows `row` exactly as it was. */
  async unchanged(row: Entry, after: string): Promise<void> {
    same(await this.row(row.ref), row, `${after} leaves the row as it was`)
  }

  // --- Entries in a state -------------------------------------------------------------------------------------------

  /** A fresh entry, owned by its first attempt. */
  async fresh(wanted: Partial<ClaimRequest> = {}): Promise<Entry> {
    const result = await this.claim(this.claimOf(wanted))
    isKind(result, 'claimed', 'a claim of an absent entry gets it')
    return result.entry
  }

  /** Takes `row` over. */
  async takenOver(row: Entry, wanted: Partial<ClaimRequest> = {}): Promise<Entry> {
    const result = await this.claim(this.takeoverOf(row, wanted))
    isKind(result, 'claimed', 'a takeover of an unchanged row gets it')
    return result.entry
  }

  /** The owner's write, which must be taken. */
  async settled(row: Entry, wanted: Partial<SettleRequest> = {}): Promise<Entry> {
    const result = await this.settle(this.settleOf(row, wanted))
    isKind(result, 'settled', `the owner settles its own entry (${wanted.to ?? 'succeeded'})`)
    return result.entry
  }

  /** A decision on an unchanged row, which must be taken. */
  async resolved(row: Entry, to: ResolveRequest['to'], wanted: Partial<ResolveRequest> = {}): Promise<Entry> {
    const result = await this.resolve(this.resolveOf(row, to, wanted))
    isKind(result, 'resolved', `${row.state} is resolved to ${to}`)
    return result.entry
  }

  /** A fresh entry that its owner, or a purge, has brought into `state`. */
  async inState(state: EntryState, wanted: Partial<ClaimRequest> = {}): Promise<Entry> {
    if (state === 'claimed' || state === 'started') return this.fresh({ to: state, ...wanted })
    if (state !== 'tombstone') return this.settled(await this.fresh(wanted), { to: state })
    return this.buried(await this.settled(await this.fresh({ ...wanted, retainMs: 1 })))
  }

  /** Waits until the ended `row` is past its retention, and purges. */
  async buried(row: Entry): Promise<Entry> {
    await this.passes((row.finishedAtMs ?? 0) + row.retainMs)
    await this.store.purge({ scope: row.scope, limit: 500 })
    const buried = await this.row(row.ref)
    same(buried.state, 'tombstone', 'a purge buries what has ended and is past its retention')
    return buried
  }
}

function only<R>(results: readonly R[], method: string): R {
  const [result] = results
  check(
    results.length === 1 && result !== undefined,
    `${method} of one request has one answer, not ${results.length}`,
  )
  return result
}
