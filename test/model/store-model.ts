import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { Runtime } from '../../src/kernel/runtime.ts'
import { type Entry, entryStates } from '../../src/ledger/entry.ts'
import type { ListQuery, Reply, Store } from '../../src/ledger/store.ts'
import { type MemoryData, memoryData, memoryStore } from '../../src/stores/memory/index.ts'
import { systemRuntime } from '../../src/system.ts'
import { type Command, commands, keyCount } from './commands.ts'
import {
  claimRequest,
  type Moment,
  recallRequest,
  refOfKey,
  renewRequest,
  resolveRequest,
  settleRequest,
} from './requests.ts'

/** A store for the model test to drive, and whose clock it goes by. */
export interface ModelSubject {
  readonly name: string
  /** `given`: by the runtime it is made with, so that times are compared too. `own`: by one of its own. */
  readonly clock: 'given' | 'own'
  /** An empty place for one run. `connect` gives a handle on it, not opened. */
  create(runtime: Runtime): Promise<ModelPlace> | ModelPlace
}

export interface ModelPlace {
  connect(): Store | Promise<Store>
  /** Takes rows away, as a failover does. */
  lose(refs: readonly string[]): void | Promise<void>
  destroy?(): void | Promise<void>
}

/** How many lists of commands are tried: seconds, minutes or hours. */
export function runs(): number {
  switch (process.env['ONCEWARD_TEST_SIZE']) {
    case 'full':
      return 20_000
    case 'verify':
      return 3000
    default:
      return 60
  }
}

/** What must have happened at least once in all runs together, or they have shown nothing. */
const mustHappen: readonly string[] = [
  'claim: claimed',
  'claim: held',
  'claim: gone',
  'settle: settled',
  'settle: stale',
  'renew: renewed',
  'renew: finished',
  'renew: lost',
  'resolve: resolved',
  'resolve: stale',
  'recall: recalled',
  'recall: kept',
  'recall: conflict',
  'a failover',
  'list: an entry',
  'twins: a twin',
  'purge: a row',
  'reopen',
  ...entryStates.map((state) => `a row that is ${state}`),
  'a third attempt',
]

/**
 * Sends the same commands to the store and to the reference and compares every answer, and at the end of each command
 * every row. fast-check prints the seed and the shortest list of commands that still differs.
 */
export async function compareWithReference(subject: ModelSubject, numRuns: number = runs()): Promise<void> {
  const happened = new Set<string>()
  const property = fc.asyncProperty(commands, async (list) => {
    const run = await ModelRun.begin(subject, happened)
    try {
      for (const command of list) await run.step(command)
    } finally {
      await run.end()
    }
  })
  await fc.assert(property, { numRuns })
  const missed = mustHappen.filter((one) => !happened.has(one))
  assert.deepEqual(missed, [], `what never happened in ${numRuns} runs`)
}

interface Opened {
  readonly place: ModelPlace
  readonly store: Store
  readonly reference: Store
  readonly referenceData: MemoryData
  readonly clock: { nowMs: number }
  readonly happened: Set<string>
}

class ModelRun {
  readonly #subject: ModelSubject
  readonly #place: ModelPlace
  readonly #reference: Store
  readonly #referenceData: MemoryData
  /** Every row that was seen: in the reference, and in the store. */
  readonly #seen = new Map<string, Entry[]>()
  readonly #ownSeen = new Map<string, Entry[]>()
  readonly #owners = new Map<string, string>()
  readonly #clock: { nowMs: number }
  #store: Store
  #rows: ReadonlyMap<string, Entry> = new Map()
  #ownRows: ReadonlyMap<string, Entry> = new Map()
  #at = 0

  readonly #happened: Set<string>

  private constructor(subject: ModelSubject, opened: Opened) {
    this.#subject = subject
    this.#place = opened.place
    this.#store = opened.store
    this.#reference = opened.reference
    this.#referenceData = opened.referenceData
    this.#clock = opened.clock
    this.#happened = opened.happened
  }

  static async begin(subject: ModelSubject, happened: Set<string>): Promise<ModelRun> {
    const clock = { nowMs: 1_800_000_000_000 }
    const runtime: Runtime = { ...systemRuntime, wallMs: () => clock.nowMs }
    const place = await subject.create(runtime)
    const referenceData = memoryData()
    const reference = memoryStore({ runtime, share: referenceData })
    const store = await place.connect()
    await Promise.all([store.open(), reference.open()])
    return new ModelRun(subject, { place, store, reference, referenceData, clock, happened })
  }

  async end(): Promise<void> {
    await this.#store.close()
    await this.#place.destroy?.()
  }

  async step(command: Command): Promise<void> {
    this.#at += 1
    await this.#tick()
    await this.#do(command)
    const refs = Array.from({ length: keyCount }, (_, key) => refOfKey(key))
    await this.#both(`the rows after ${command.do}`, (store) => store.read(refs))
  }

  async #do(command: Command): Promise<void> {
    const moment = await this.#moment(this.#reference, this.#rows, this.#seen)
    // What an owner knows of a row it knows from its own store, whose times are its own.
    const own = await this.#moment(this.#store, this.#ownRows, this.#ownSeen)
    this.#rows = moment.rows
    this.#ownRows = own.rows
    switch (command.do) {
      case 'claim': {
        const requests = command.items.map((item) => claimRequest(item, moment))
        const { results } = await this.#both('claim', (store) => store.claim(requests))
        for (const result of results) {
          if (result.kind === 'claimed')
            this.#owners.set(`${result.entry.ref} ${result.entry.attempt}`, result.entry.owner)
        }
        return
      }
      case 'settle':
        await this.#both('settle', (store) =>
          store.settle(
            command.items.map((item) => settleRequest(item, store === this.#reference ? moment : own)),
          ),
        )
        return
      case 'renew':
        await this.#both('renew', (store) =>
          store.renew(command.items.map((item) => renewRequest(item, moment))),
        )
        return
      case 'resolve':
        await this.#both('resolve', (store) =>
          store.resolve(command.items.map((item) => resolveRequest(item, moment))),
        )
        return
      case 'recall':
        await this.#both('recall', (store) => {
          const its = store === this.#reference ? moment : own
          const requests = command.items.map((item) => recallRequest(item, its))
          return store.recall(requests.filter((request) => request !== undefined))
        })
        return
      case 'lose':
        return this.#lose(command.keys.map(refOfKey))
      case 'list':
        return this.#list(command)
      case 'twins': {
        const requests = Array.from({ length: keyCount }, (_, key) => ({
          ref: refOfKey(key),
          windowMs: 1_000_000_000,
        }))
        const sorted = async (store: Store): Promise<Reply<readonly string[]>> => {
          const reply = await store.twins(requests)
          return { ...reply, results: reply.results.map((refs) => refs.toSorted()) }
        }
        await this.#both('twins', sorted)
        return
      }
      case 'purge':
        return this.#purge(command)
      case 'pass':
        this.#clock.nowMs += command.ms
        return
      case 'reopen':
        await this.#store.close()
        this.#store = await this.#place.connect()
        await this.#store.open()
        this.#happened.add('reopen')
    }
  }

  async #lose(refs: readonly string[]): Promise<void> {
    await this.#place.lose(refs)
    for (const ref of refs) this.#referenceData.rows.delete(ref)
    const left = async (store: Store): Promise<number> => (await store.leave(await store.open())).epoch
    assert.equal(await left(this.#store), await left(this.#reference), 'the epoch')
    this.#happened.add('a failover')
  }

  /** Pages through both stores, each with its own cursors. */
  async #list(command: Extract<Command, { do: 'list' }>): Promise<void> {
    const query: ListQuery = {
      scope: 'model',
      limit: command.limit,
      ...(command.states === null ? {} : { states: command.states }),
      ...(command.subject === null ? {} : { subject: `order:${command.subject}` }),
      ...(command.lapsed ? { lapsed: true } : {}),
    }
    const pages = async (store: Store): Promise<Reply<Entry>> => {
      const first = await store.list(query)
      const found = [...first.entries]
      for (let next = first.next; next !== undefined; ) {
        const page = await store.list({ ...query, cursor: next })
        found.push(...page.entries)
        next = page.next
      }
      return { nowMs: first.nowMs, results: found }
    }
    await this.#both('list', pages)
  }

  /** Which entries a bounded purge takes first is a store's own affair, so purges go on until nothing is left to do. */
  async #purge({ limit, tombstones }: Extract<Command, { do: 'purge' }>): Promise<void> {
    const tombstoneMs = tombstones === 'stay' ? {} : { tombstoneMs: tombstones === 'go' ? 0 : 1_000_000_000 }
    const purge = async (store: Store): Promise<Reply<number>> => {
      const total = { buried: 0, deleted: 0 }
      for (let rounds = 0; rounds < 20; rounds += 1) {
        const { buried, deleted } = await store.purge({ scope: 'model', limit, ...tombstoneMs })
        total.buried += buried
        total.deleted += deleted
        if (buried + deleted === 0) break
      }
      return { nowMs: (await store.read([])).nowMs, results: [total.buried, total.deleted] }
    }
    await this.#both('purge', purge)
  }

  async #moment(
    store: Store,
    formerRows: ReadonlyMap<string, Entry>,
    seen: Map<string, Entry[]>,
  ): Promise<Moment> {
    const refs = Array.from({ length: keyCount }, (_, key) => refOfKey(key))
    const rows = (await store.read(refs)).results.flatMap((row) => (row === undefined ? [] : [row]))
    for (const row of rows) seen.set(row.ref, [...(seen.get(row.ref) ?? []), row])
    return {
      rows: new Map(rows.map((row) => [row.ref, row])),
      formerRows,
      seen,
      owners: this.#owners,
      at: this.#at,
    }
  }

  /** With a clock of its own, each command has a moment of its own, in the store as in the reference. */
  async #tick(): Promise<void> {
    if (this.#subject.clock === 'given') return
    this.#clock.nowMs += 1
    const beforeMs = (await this.#store.read([])).nowMs
    for (let nowMs = beforeMs; nowMs <= beforeMs + 1; nowMs = (await this.#store.read([])).nowMs) {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  async #both<R>(what: string, work: (store: Store) => Promise<Reply<R>>): Promise<Reply<R>> {
    const expected = await work(this.#reference)
    const actual = await work(this.#store)
    assert.deepEqual(this.#comparable(actual), this.#comparable(expected), `${what}, command ${this.#at}`)
    this.#notice(what, expected.results)
    return expected
  }

  #notice(what: string, results: readonly unknown[]): void {
    for (const result of results) {
      if (what === 'list') this.#happened.add('list: an entry')
      if (what === 'purge' && result !== 0) this.#happened.add('purge: a row')
      if (what === 'twins' && Array.isArray(result) && result.length > 0) this.#happened.add('twins: a twin')
      if (typeof result !== 'object' || result === null) continue
      if ('kind' in result) this.#happened.add(`${what}: ${String(result.kind)}`)
      if ('state' in result) this.#happened.add(`a row that is ${String(result.state)}`)
      if ('attempt' in result && Number(result.attempt) > 2) this.#happened.add('a third attempt')
    }
  }

  #comparable(reply: Reply<unknown>): unknown {
    if (this.#subject.clock === 'given') return comparable(reply)
    return comparable(reply.results, reply.nowMs)
  }
}

const timeNames = new Set(['claimedAtMs', 'firstPossibleSendAtMs', 'finishedAtMs', 'sinceMs', 'atMs'])

/**
 * Bytes as text. With `nowMs`, the store's clock, times are reduced to what both clocks must agree on: that there is
 * one and that it is past, and whether the lease runs.
 */
function comparable(value: unknown, nowMs?: number): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return value.map((item) => comparable(item, nowMs))
  if (typeof value !== 'object' || value === null) return value
  const isOwn = nowMs !== undefined
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (isOwn && name === 'steps') return [name, comparable(member)]
      if (isOwn && timeNames.has(name))
        return [name, typeof member === 'number' && member <= nowMs ? 'past' : member]
      if (isOwn && name === 'leaseUntilMs')
        return [name, typeof member === 'number' && member <= nowMs ? 'lapsed' : 'runs']
      return [name, comparable(member, nowMs)]
    }),
  )
}
