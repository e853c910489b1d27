import type { Entry } from '../../ledger/entry.ts'
import type { Reply, TwinRequest } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import { batchOf, batchValues, type Param } from './params.ts'
import type { Reader } from './read.ts'
import { stateCodes } from './rows.ts'
import { serverMs } from './tables.ts'

interface Asked {
  readonly row: Entry
  readonly windowMs: number
}

const params: readonly Param<Asked>[] = [
  { name: 'ref', type: 'text', of: ({ row }) => row.ref },
  { name: 'scope', type: 'text', of: ({ row }) => row.scope },
  { name: 'operation', type: 'text', of: ({ row }) => row.operation },
  { name: 'subject', type: 'text', of: ({ row }) => row.subject },
  { name: 'fingerprint', type: 'text', of: ({ row }) => row.fingerprint },
  { name: 'claimed_at_ms', type: 'bigint', of: ({ row }) => row.claimedAtMs },
  { name: 'window_ms', type: 'bigint', of: ({ windowMs }) => windowMs },
]

/** A bound on how many twins of one entry are named. */
const maxTwins = 100

export type Twins = (requests: readonly TwinRequest[]) => Promise<Reply<readonly string[]>>

/** `twins`: what two of them share is frozen, so that the row is read only where the asker does not know it. */
export function makeTwins(database: Database, reader: Reader): Twins {
  const statement = database.statement('twins', twinsSql(database.tables.entries))
  return async (requests) => {
    const unknown = requests.filter(({ known }) => known === undefined).map(({ ref }) => ref)
    const looked = unknown.length === 0 && requests.length > 0 ? undefined : await reader.look(unknown)
    const found = new Map<string, string[]>()
    const asked: Asked[] = []
    for (const { ref, known, windowMs } of requests) {
      const row = known ?? looked?.rows.get(ref)
      if (row !== undefined && row.subject !== undefined && row.fingerprint !== '' && !found.has(ref)) {
        found.set(ref, [])
        asked.push({ row, windowMs })
      }
    }
    const rows = asked.length === 0 ? [] : await database.run(statement, batchValues(params, asked))
    for (const [, ref, twin] of rows) {
      if (typeof ref === 'string' && typeof twin === 'string') found.get(ref)?.push(twin)
    }
    const nowMs = Number(rows[0]?.[0] ?? looked?.nowMs ?? (await reader.look([])).nowMs)
    return { nowMs, results: requests.map(({ ref }) => found.get(ref) ?? []) }
  }
}

/** Older, so that of two racing twins only one is refused; a released entry did nothing. */
function twinsSql(entries: string): string {
  return `SELECT ${serverMs}, i.ref, twin.ref FROM ${batchOf(params)}
LEFT JOIN LATERAL (
  SELECT o.ref FROM ${entries} o
  WHERE o.subject = i.subject AND o.fingerprint = i.fingerprint AND o.scope = i.scope AND o.operation = i.operation
    AND o.state <> ${stateCodes.released}
    AND (o.claimed_at_ms < i.claimed_at_ms OR (o.claimed_at_ms = i.claimed_at_ms AND o.ref < i.ref))
    AND o.claimed_at_ms >= ${serverMs} - i.window_ms
  ORDER BY o.claimed_at_ms, o.ref LIMIT ${maxTwins}
) AS twin ON true`
}
