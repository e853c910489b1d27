import type { Entry } from '../../ledger/entry.ts'
import type { Lineage, Reply, SettleRequest, SettleResult } from '../../ledger/store.ts'
import { settleRow } from '../../ledger/transitions.ts'
import { restless } from './claim.ts'
import { type Database, requireDistinct } from './database.ts'
import { checkLineage, type Writing } from './lineage.ts'
import type { Reader } from './read.ts'
import { makeSettleStatements, type SettleStatements } from './settle-statements.ts'

const maxRounds = 5

type Verdicts = Map<string, SettleResult>

export interface Settle {
  readonly many: (requests: readonly SettleRequest[], named?: Lineage) => Promise<Reply<SettleResult>>
  /** Settles as the last statement of a transaction; `undefined` where no row is changed. */
  inside(writing: Writing, request: SettleRequest): Promise<Entry | undefined>
}

/** `settle`: the owner's write, conditional on owner and attempt, or the recognition that it was applied (rule 4). */
export function makeSettle(database: Database, reader: Reader): Settle {
  const statements = makeSettleStatements(database)
  return {
    many: async (requests, named) => {
      requireDistinct(requests)
      const wrote = named ?? database.writes
      const verdicts: Verdicts = new Map()
      let nowMs = requests.length === 0 ? (await reader.look([])).nowMs : 0
      const { only = [], fresh = [] } = Object.groupBy(requests, ({ recognisesOnly }) =>
        recognisesOnly === true ? 'only' : 'fresh',
      )
      let open: Open = { fresh, repeated: only }
      for (let round = 1; verdicts.size < requests.length; round += 1) {
        if (round > maxRounds) throw restless(database)
        nowMs = Math.max(nowMs, await write(database, statements, { open, verdicts, wrote }))
        if (verdicts.size === requests.length) break
        const left = requests.filter(({ ref }) => !verdicts.has(ref))
        const found = await reader.look(left.map(({ ref }) => ref))
        nowMs = Math.max(nowMs, found.nowMs)
        open = sort(left, found.rows, verdicts)
        // It would go through now. Either the row is not the one that its owner knows, or somebody has begun a new
        // lineage, or it was changed in between and the next round takes it.
        const isPuzzling = open.fresh.some(({ known }) => known === undefined)
        // A row that is missing, or older than its owner knows, may have been lost.
        const isStale = open.fresh.length + open.repeated.length < left.length
        if (isPuzzling || isStale) await checkLineage(database, wrote)
        open = { ...open, fresh: withoutKnown(open.fresh) }
      }
      const results = requests.map(({ ref }) => verdicts.get(ref) as SettleResult)
      return { nowMs, results }
    },
    inside: async (writing, request) => {
      const verdicts: Verdicts = new Map()
      // There is no second round here, so nothing may hang on what is known.
      const [unknown] = withoutKnown([request])
      await statements.settle(writing, unknown === undefined ? [] : [unknown], verdicts)
      if (verdicts.size === 0) await statements.retouch(writing, [request], verdicts)
      return verdicts.get(request.ref)?.entry
    },
  }
}

/** Requests without a verdict: `repeated` are those whose row says that it was applied before. */
interface Open {
  readonly fresh: readonly SettleRequest[]
  readonly repeated: readonly SettleRequest[]
}

function write(
  database: Database,
  statements: SettleStatements,
  batch: { readonly open: Open; readonly verdicts: Verdicts; readonly wrote: Lineage },
): Promise<number> {
  const { open, verdicts, wrote } = batch
  return database.session(async (session) => {
    const writing: Writing = { session, phase: 'commit', wrote }
    const settledMs = await statements.settle(writing, open.fresh, verdicts)
    return Math.max(settledMs, await statements.retouch(writing, open.repeated, verdicts))
  })
}

/** By the row as it is now: a settle is stale, or it was applied before, or it would go through. */
function sort(
  requests: readonly SettleRequest[],
  rows: ReadonlyMap<string, Entry>,
  verdicts: Verdicts,
): Open {
  const fresh: SettleRequest[] = []
  const repeated: SettleRequest[] = []
  for (const request of requests) {
    const row = rows.get(request.ref)
    if (settleRow(row, request, { nowMs: 0, epoch: 0 }).kind === 'stale') {
      verdicts.set(request.ref, { kind: 'stale', entry: row })
    } else if (row?.ownerWrite === request.ownerWrite) repeated.push(request)
    else fresh.push(request)
  }
  return { fresh, repeated }
}

function withoutKnown(requests: readonly SettleRequest[]): SettleRequest[] {
  return requests.map(({ known: _known, ...request }) => request)
}
