import type { Entry } from '../../ledger/entry.ts'
import {
  type ClaimRequest,
  type ClaimResult,
  type Lineage,
  type Reply,
  StoreFault,
} from '../../ledger/store.ts'
import { claimRow } from '../../ledger/transitions.ts'
import { type Database, requireDistinct } from './database.ts'
import { type Insert, makeInsert } from './insert.ts'
import { checkLineage } from './lineage.ts'
import type { Reader } from './read.ts'
import type { Session } from './session.ts'
import { makeTakeover, type Takeover } from './takeover.ts'

/** Tries after which rows that come and go between two statements are left to the caller's next try. */
const maxRounds = 5

type Verdicts = Map<string, ClaimResult>

/** `claim`: inserts what is absent, takes over what is unchanged, shows what is there otherwise. */
export class Claims {
  readonly #database: Database
  readonly #reader: Reader
  readonly #insert: Insert
  readonly #takeover: Takeover
  /**
   * What comes singly is mostly new or mostly a replay. Whichever was right last time is tried first; being wrong costs
   * a round trip.
   */
  #expectsHeld = false

  constructor(database: Database, reader: Reader) {
    this.#database = database
    this.#reader = reader
    this.#insert = makeInsert(database)
    this.#takeover = makeTakeover(database)
  }

  async claim(requests: readonly ClaimRequest[], named?: Lineage): Promise<Reply<ClaimResult>> {
    requireDistinct(requests)
    const verdicts: Verdicts = new Map()
    const isLone = requests.length === 1 && requests[0]?.expect === undefined
    let nowMs = 0
    if (requests.length === 0 || (isLone && this.#expectsHeld))
      ({ nowMs } = await this.#look(requests, verdicts))
    if (verdicts.size < requests.length) {
      nowMs = await this.#claim(requests, verdicts, named ?? this.#database.writes)
    }
    const results = requests.map(({ ref }) => verdicts.get(ref) as ClaimResult)
    if (isLone) this.#expectsHeld = results[0]?.kind === 'held'
    return { nowMs, results }
  }

  async #claim(requests: readonly ClaimRequest[], verdicts: Verdicts, wrote: Lineage): Promise<number> {
    let nowMs = 0
    let open = requests
    for (let round = 1; open.length > 0; round += 1) {
      if (round > maxRounds) throw restless(this.#database)
      nowMs = Math.max(nowMs, await this.#write(open, verdicts, wrote))
      open = open.filter(({ ref }) => !verdicts.has(ref))
      if (open.length === 0) break
      const seen = await this.#look(open, verdicts)
      nowMs = Math.max(nowMs, seen.nowMs)
      if (seen.isPuzzling) await checkLineage(this.#database, wrote)
      open = open.filter(({ ref }) => !verdicts.has(ref))
    }
    return nowMs
  }

  /** One statement, or two in a transaction: a `conflict` has to mean that nothing of the batch was written. */
  #write(requests: readonly ClaimRequest[], verdicts: Verdicts, wrote: Lineage): Promise<number> {
    const takeovers = requests.filter((request) => request.expect !== undefined)
    const inserts = takeovers.length === 0 ? requests : requests.filter(({ expect }) => expect === undefined)
    const work = async (session: Session, phase: 'inside' | 'commit'): Promise<number> => {
      const insertedMs = await this.#insert({ session, phase, wrote }, inserts, verdicts)
      return Math.max(insertedMs, await this.#takeover({ session, phase, wrote }, takeovers, verdicts))
    }
    return this.#database.session((session) => {
      if (inserts.length === 0 || takeovers.length === 0) return work(session, 'commit')
      return session.transaction(() => work(session, 'inside'))
    })
  }

  /**
   * Looks, in a statement of its own, at what has no verdict: the one that wrote cannot see what was committed after
   * its snapshot. `isPuzzling` where a write should have gone through.
   */
  async #look(
    open: readonly ClaimRequest[],
    verdicts: Verdicts,
  ): Promise<{ nowMs: number; isPuzzling: boolean }> {
    const { nowMs, rows } = await this.#reader.look(open.map(({ ref }) => ref))
    for (const request of open) {
      const row = rows.get(request.ref)
      // A row that could be taken over and was not is locked (rule 10): whoever asked looks again later.
      if (row !== undefined) verdicts.set(request.ref, { kind: 'held', entry: row })
      else if (request.expect !== undefined) verdicts.set(request.ref, { kind: 'gone' })
    }
    return { nowMs, isPuzzling: open.some((request) => wouldGoThrough(request, rows.get(request.ref))) }
  }
}

function wouldGoThrough(request: ClaimRequest, row: Entry | undefined): boolean {
  return claimRow(row, request, { nowMs: 0, epoch: 0 }).kind === 'claimed'
}

/** For rows that change between every two statements. */
export function restless(database: Database): StoreFault {
  return new StoreFault(
    'conflict',
    `${database.options.location}: rows change faster than they can be written`,
  )
}
