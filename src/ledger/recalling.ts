import { EpochGate } from './epoch-gate.ts'
import type { Entry } from './entry.ts'
import { nobody } from './events.ts'
import { Lane, withinTime } from './group-commit.ts'
import { Pulse } from './pulse.ts'
import { RecallMemory } from './recall-memory.ts'
import { mayBeTakenOver, recallRules } from './recall-rules.ts'
import { Recaller } from './recaller.ts'
import type { RecallRules } from './rules.ts'
import type {
  ClaimRequest,
  ClaimResult,
  Lineage,
  MakeRecalling,
  RecallingStore,
  RecallSettings,
  Reply,
  ResolveResult,
  SettleRequest,
  SettleResult,
  Store,
} from './store.ts'
import { Unsure } from './unsure.ts'

/** What an instance puts before a store that can lose what it acknowledged (docs/decisions/013). */
export const makeRecalling: MakeRecalling = (store, settings) => new Remembering(store, settings).front()

/** Remembers what this process was acknowledged, and asserts it again in a new epoch before anything else is written. */
class Remembering {
  readonly #store: Store
  readonly #settings: RecallSettings
  readonly #rules: RecallRules
  readonly #memory: RecallMemory
  readonly #recaller: Recaller
  readonly #gate: EpochGate
  readonly #pulse: Pulse
  readonly #unsure: Unsure
  /** By the monotonic clock: while a store is out, nothing grows too old to be recalled. */
  #lastHeardMs = 0
  #isClosed = false

  constructor(store: Store, settings: RecallSettings) {
    this.#store = store
    this.#settings = settings
    this.#rules = { ...recallRules, ...settings.rules.recall }
    const { runtime, events, scope, storeTimeoutMs } = settings
    const { recallMs, recallWaitMs, recallMaxEntries, recallMaxBytes } = settings
    this.#memory = new RecallMemory({
      recallMs,
      maxEntries: recallMaxEntries,
      maxBytes: recallMaxBytes,
      onForgotten: (entries) => events.emit('recall_forgotten', nobody(scope), { entries }),
    })
    this.#recaller = new Recaller(store, { runtime, isClosed: () => this.#isClosed })
    // All writes wait for these: a store that never answers must not hang them.
    const inTime = <T>(work: Promise<T>): Promise<T> =>
      withinTime(work, { runtime, timeoutMs: storeTimeoutMs })
    this.#gate = new EpochGate({
      recallWaitMs,
      believes: (named, stands) => this.#rules.believes(named, stands),
      assert: (lineage) => this.#assert(lineage),
      isIntact: () => inTime(this.#pulse.isIntact()),
      leave: (lineage) => inTime(store.leave(lineage)),
      onTurn: (next, former) =>
        events.emit('new_epoch', nobody(scope), { epoch: next.epoch, formerEpoch: former.epoch }),
    })
    this.#unsure = new Unsure((requests) => this.#settle(requests))
    this.#pulse = new Pulse({ runtime, store, scope, worker: events.worker, gate: this.#gate })
    store.watch?.(() => this.#pulse.watched())
  }

  /** The store as the instance sees it. */
  front(): RecallingStore {
    const store = this.#store
    const gate = this.#gate
    return {
      name: store.name,
      location: store.location,
      maxBatch: store.maxBatch,
      isTransactional: store.isTransactional,
      records: store.records,
      get epoch() {
        return gate.lineage?.epoch ?? 0
      },
      get isYoung() {
        return gate.isYoung
      },
      heed: (verdict, entry, about) => {
        const { young } = gate
        return young === undefined ? verdict : this.#rules.awaitRecall(verdict, entry, { ...about, young })
      },
      open: async () => {
        const lineage = await store.open()
        gate.open(lineage)
        return lineage
      },
      ...this.#writes(),
      leave: (lineage) => store.leave(lineage),
      read: async (refs) => {
        const { nowMs, results } = this.#heard(await store.read(refs))
        return { nowMs, results: await this.#unsure.sure(results) }
      },
      twins: (requests) => store.twins(requests),
      list: (query) => this.#patiently('list', () => store.list(query)),
      purge: (request) => this.#patiently('purge', () => this.#gate.noticing(() => store.purge(request))),
      close: () => {
        this.#isClosed = true
        this.#pulse.stop()
        return store.close()
      },
    }
  }

  /** For calls that are no batches: made once more in a new lineage, and when a connection is lost. */
  async #patiently<R>(name: string, call: () => Promise<R>): Promise<R> {
    const { runtime, events, scope, storeTimeoutMs } = this.#settings
    const lane = new Lane<typeof call, R>({
      name,
      runtime,
      maxBatch: 1,
      refOf: () => name,
      send: async () => ({ nowMs: 0, results: [await call()] }),
      isClosed: () => this.#isClosed,
      onFault: ({ kind, message }, retried) =>
        events.emit('store_fault', nobody(scope), { kind, message, retried }),
    })
    return (await lane.ask(call, storeTimeoutMs)).result
  }

  #writes(): Pick<Store, 'claim' | 'settle' | 'renew' | 'resolve' | 'recall' | 'transaction'> {
    const store = this.#store
    const gate = this.#gate
    return {
      claim: async (requests) => {
        const { isYoung } = gate
        const reply = this.#heard(await gate.write((lineage) => this.#claim(requests, lineage)))
        const results = isYoung ? reply.results.map(heedLost) : reply.results
        let last: Entry | undefined
        for (const result of results) {
          if (result.kind !== 'claimed') continue
          last = result.entry
          this.#memory.began(last)
        }
        this.#pulse.witness('claim', last, reply.nowMs)
        return { nowMs: reply.nowMs, results: await this.#sure(results) }
      },
      settle: (requests) =>
        this.#unsure.ending(
          requests.map(({ ref }) => ref),
          () => this.#settle(requests),
        ),
      renew: async (requests) => {
        const reply = this.#heard(await gate.write((lineage) => store.renew(requests, lineage)))
        for (const [index, { ref, owner }] of requests.entries()) {
          const result = reply.results[index]
          if (result?.kind === 'renewed') this.#renewed({ ref, owner, leaseUntilMs: result.leaseUntilMs })
          if (result?.kind === 'lost') this.#memory.forget(ref, owner)
        }
        return reply
      },
      resolve: async (requests) => {
        const refs = requests.map(({ ref }) => ref)
        const send = (): Promise<Reply<ResolveResult>> =>
          gate.write((lineage) => store.resolve(requests, lineage))
        const reply = this.#heard(await this.#unsure.ending(refs, send))
        for (const result of reply.results) {
          if (result.kind !== 'resolved') continue
          this.#wrote(result.entry, true)
          this.#pulse.witness('end', result.entry, reply.nowMs)
        }
        return reply
      },
      recall: (requests) => gate.write((lineage) => store.recall(requests, lineage)),
      ...this.#transactions(),
    }
  }

  #transactions(): Pick<Store, 'transaction'> {
    const store = this.#store
    if (store.transaction === undefined) return {}
    return {
      transaction: async (work, prepare) => {
        const preparing: typeof prepare = (value) => {
          const request = prepare(value)
          this.#unsure.begin(request.ref)
          return request
        }
        const result = await this.#gate.write((lineage) =>
          (store as Required<Store>).transaction(work, preparing, lineage),
        )
        if (result.kind !== 'committed') return result
        const { ref, owner } = result.entry
        this.#unsure.acknowledged(ref)
        // Its outcome lives and dies with the user's rows: it is never asserted again.
        this.#memory.forget(ref, owner)
        return result
      },
    }
  }

  async #settle(requests: readonly SettleRequest[]): Promise<Reply<SettleResult>> {
    const send = (lineage: Lineage): Promise<Reply<SettleResult>> =>
      this.#store.settle(this.#restated(requests, lineage), lineage)
    const reply = this.#heard(await this.#gate.write(send))
    let last: Entry | undefined
    for (const [index, { ref, owner, endsLease }] of requests.entries()) {
      const result = reply.results[index]
      if (result?.kind === 'settled') {
        last = result.entry
        this.#wrote(last, endsLease)
      } else this.#memory.forget(ref, owner)
    }
    this.#pulse.witness('end', last, reply.nowMs)
    return reply
  }

  /** Claims that met a row of which it is not sure that it lasts. */
  async #sure(results: readonly ClaimResult[]): Promise<readonly ClaimResult[]> {
    const rows = results.map((result) => (result.kind === 'held' ? result.entry : undefined))
    const sure = await this.#unsure.sure(rows)
    if (sure === rows) return results
    return results.map((result, index) => {
      const entry = sure[index]
      return entry === undefined ? result : { kind: 'held', entry }
    })
  }

  /** A lease that had lapsed when the epoch began stays lapsed: its owner loses it (`Heartbeat`). */
  #renewed(lease: Pick<Entry, 'ref' | 'owner' | 'leaseUntilMs'>): void {
    const { lineage } = this.#gate
    const entry = this.#memory.runs(lease.ref, lease.owner)
    const isGap = entry !== undefined && lineage !== undefined && mayBeTakenOver(entry, lineage)
    if (!isGap) this.#memory.renewed(lease)
  }

  #restated(requests: readonly SettleRequest[], lineage: Lineage): readonly SettleRequest[] {
    if (lineage.beganAtMs === undefined) return requests
    return requests.map((request) => {
      const entry = this.#memory.runs(request.ref, request.owner)
      return entry === undefined ? request : this.#rules.restate(request, entry, lineage)
    })
  }

  /** What was decided upon in another epoch is not even sent. */
  async #claim(requests: readonly ClaimRequest[], lineage: Lineage): Promise<Reply<ClaimResult>> {
    const isDue = ({ decidedIn = lineage.epoch }: ClaimRequest): boolean => decidedIn === lineage.epoch
    if (requests.every(isDue)) return this.#store.claim(requests, lineage)
    const { nowMs, results } = await this.#store.claim(requests.filter(isDue), lineage)
    const answers = results.values()
    return {
      nowMs,
      results: requests.map((request) =>
        isDue(request) ? (answers.next().value as ClaimResult) : { kind: 'gone' },
      ),
    }
  }

  #wrote(entry: Entry, endsLease: boolean): void {
    if (!endsLease && (entry.state === 'claimed' || entry.state === 'started')) this.#memory.began(entry)
    else if (this.#rules.remembers(entry)) this.#memory.ended(entry, this.#lastHeardMs)
    else this.#memory.forget(entry.ref, entry.owner)
  }

  #heard<R>(reply: Reply<R>): Reply<R> {
    this.#lastHeardMs = this.#settings.runtime.monotonicMs()
    this.#gate.heard(reply.nowMs)
    return reply
  }

  /** Faults go to the gate. */
  async #assert(lineage: Lineage): Promise<void> {
    const { runtime, events, scope, recallMs } = this.#settings
    const sinceMs = runtime.monotonicMs()
    const entries = this.#memory.all(this.#lastHeardMs - recallMs)
    const { conflicts, ...tally } = await this.#recaller.assert(entries, lineage)
    this.#lastHeardMs = runtime.monotonicMs()
    this.#memory.asserted(entries, this.#lastHeardMs)
    for (const entry of conflicts) events.emit('recall_conflict', entry, { state: entry.state })
    this.#pulse.reset()
    events.emit('recalled', nobody(scope), {
      epoch: lineage.epoch,
      ...tally,
      conflicts: conflicts.length,
      durationMs: runtime.monotonicMs() - sinceMs,
    })
  }
}

/**
 * Rule 2 in a young epoch: an attempt that was lost may have begun what is now claimed, and has no known outcome until
 * its worker has recalled it. Only keyed work is begun meanwhile (`awaitRecall`), or what its target knows nothing of.
 */
function heedLost(result: ClaimResult): ClaimResult {
  if (result.kind !== 'claimed' || result.entry.safety !== 'keyed') return result
  return { kind: 'claimed', entry: { ...result.entry, earlierUnknown: true } }
}
