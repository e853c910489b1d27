import { isOncewardError, messageOf } from '../kernel/errors.ts'
import type { Runtime } from '../kernel/runtime.ts'
import type { Entry } from './entry.ts'
import { Lane } from './group-commit.ts'
import type { Lineage, RecallRequest, RecallResult, Store } from './store.ts'
import { isStoreFault, StoreFault } from './store.ts'

/** How long a batch is tried before those who wait for it are told that the store is out. */
const timeoutMs = 10_000

/** What became of all that was asserted. */
export interface Assertions {
  readonly recalled: number
  readonly kept: number
  /** Entries of which another attempt had been started. As they are now. */
  readonly conflicts: readonly Entry[]
  /** Entries that the store refuses. */
  readonly refused: number
}

/** Asserts entries under a lineage, in batches, with the faults handled as in every other lane. */
export class Recaller {
  readonly #store: Pick<Store, 'recall' | 'maxBatch'>
  readonly #lane: Lane<RecallRequest, RecallResult>
  #lineage: Lineage | undefined
  #turned: StoreFault | undefined

  constructor(
    store: Pick<Store, 'recall' | 'maxBatch'>,
    { runtime, isClosed }: { readonly runtime: Runtime; readonly isClosed: () => boolean },
  ) {
    this.#store = store
    this.#lane = new Lane({
      name: 'recall',
      runtime,
      maxBatch: store.maxBatch,
      refOf: ({ entry }) => entry.ref,
      send: async (requests) => {
        // Nothing more goes to a lineage that has been left.
        if (this.#turned !== undefined) throw asFinal(this.#turned)
        return this.#store.recall(requests, this.#lineage).catch((error: unknown) => {
          if (!isStoreFault(error) || error.lineage === undefined) throw error
          this.#turned = error
          throw asFinal(error)
        })
      },
      isClosed,
      onFault: () => undefined,
    })
  }

  /** Rejects with a fault: `unavailable`, or the `conflict` with the lineage that stands instead. */
  async assert(entries: readonly Entry[], lineage: Lineage): Promise<Assertions> {
    this.#lineage = lineage
    this.#turned = undefined
    const tally = { recalled: 0, kept: 0, refused: 0 }
    const conflicts: Entry[] = []
    for (let from = 0; from < entries.length; from += this.#store.maxBatch) {
      const asked = entries
        .slice(from, from + this.#store.maxBatch)
        .map((entry) => this.#lane.ask({ entry }, timeoutMs))
      for (const answer of await Promise.allSettled(asked)) {
        if (answer.status === 'rejected') this.#refusal(answer.reason)
        const kind = answer.status === 'rejected' ? 'refused' : answer.value.result.kind
        if (kind === 'conflict')
          conflicts.push((answer as { value: { result: RecallResult } }).value.result.entry)
        else tally[kind] += 1
      }
    }
    return { ...tally, conflicts }
  }

  /** One row that the store will not have must not keep all others waiting for ever. */
  #refusal(error: unknown): void {
    if (this.#turned !== undefined) throw this.#turned
    if (isOncewardError(error, 'STORE_REJECTED')) return
    throw new StoreFault('unavailable', `recall: ${messageOf(error)}`, { cause: error })
  }
}

/** A lane tries a conflict again; this one is for the gate. */
function asFinal(fault: StoreFault): Error {
  return new Error(fault.message, { cause: fault })
}
