import { OncewardError } from '../../kernel/errors.ts'
import type { RecordStore } from '../../ledger/store.ts'
import type { ReconcileReport } from '../compare/report.ts'

/** What a follower knows between two rounds. */
export interface FollowState {
  /** Times of the youngest rows seen. Undefined: everything is to be compared. */
  readonly leftMs?: number
  readonly rightMs?: number
  /** Keys that differ, or whose counterpart may still come. They are looked at in every round. */
  readonly open: readonly (readonly string[])[]
}

/** A round, as it is kept. Its samples are few. */
export interface RoundRecord {
  readonly at: string
  /** Everything was compared, not only what is new. */
  readonly isWhole: boolean
  readonly report: ReconcileReport
}

const historyMs = 30 * 86_400_000

/** The state and history of one follower, in the records of a ledger's store. */
export class FollowRecords {
  readonly #records: RecordStore
  readonly #name: string
  #version = 0

  constructor(records: RecordStore, name: string) {
    this.#records = records
    this.#name = name
  }

  async state(): Promise<FollowState> {
    const [record] = await this.#records.read({ stream: this.#stream('state'), limit: 1 })
    this.#version = record?.version ?? 0
    return record === undefined ? { open: [] } : (JSON.parse(record.body) as FollowState)
  }

  /** The round first: a crash in between compares it again, and loses nothing. */
  async keep(state: FollowState, round: RoundRecord): Promise<void> {
    const stream = this.#stream('history')
    await this.#records.append([{ stream, id: round.at, body: JSON.stringify(round) }])
    const isKept = await this.#records.replaceIf({
      stream: this.#stream('state'),
      id: 'state',
      version: this.#version,
      body: JSON.stringify(state),
    })
    if (!isKept)
      throw new OncewardError(
        'CONFLICT',
        `Somebody else follows under the name ${this.#name}: give one of them another --name.`,
      )
    this.#version++
    await this.#records.prune({ stream, olderThanMs: historyMs, limit: 100 })
  }

  async history(query: { readonly after?: string; readonly limit: number }): Promise<RoundRecord[]> {
    const found = await this.#records.read({ stream: this.#stream('history'), ...query })
    return found.map(({ body }) => JSON.parse(body) as RoundRecord)
  }

  #stream(kind: 'state' | 'history'): string {
    return `reconcile-${kind}:${this.#name}`
  }
}

/** The rounds of a follower, the oldest first, from behind `after` (the `at` of a round). Kept for 30 days. */
export function reconcileHistory(
  store: { readonly records: RecordStore },
  name: string,
  query: { readonly after?: string; readonly limit?: number } = {},
): Promise<RoundRecord[]> {
  const { after, limit = 100 } = query
  return new FollowRecords(store.records, name).history({ limit, ...(after !== undefined && { after }) })
}
