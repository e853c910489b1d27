import { createOnceward, type Receipt } from '../../index.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import { type Collected, type Collecting, linesOf } from './collected.ts'

const pageSize = 500
const maxEntries = 50_000

/** The newest entries of a ledger, opened as `onceward ls` opens it: what does not exist is not made. */
export async function collectLedger(url: string, collecting: Collecting): Promise<Collected[]> {
  const { print, signal, scope = 'default' } = collecting
  const store = await openStoreFromUrl(url, { mustExist: true })
  const once = createOnceward({ store, scope, sweep: false })
  try {
    const rows: Record<string, unknown>[] = []
    let cursor: string | undefined
    do {
      signal?.throwIfAborted()
      print(`onceward ls --limit ${pageSize}${cursor === undefined ? '' : ` --cursor ${cursor}`}`)
      const page = await once.entries({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
      rows.push(...page.entries.map(rowOf))
      cursor = page.next
    } while (cursor !== undefined && rows.length < maxEntries)
    return rows.length === 0 ? [] : [{ path: 'ledger.jsonl', text: linesOf(rows) }]
  } finally {
    await once.close()
  }
}

/** Values and errors stay where they are: they may hold what nobody wants in a bundle. */
function rowOf(entry: Receipt): Record<string, unknown> {
  const { subject, operation, key, state, attempts, claimedAt, finishedAt } = entry
  const text = typeof key === 'string' ? key : JSON.stringify(key)
  return {
    at: claimedAt,
    ref: subject ?? text,
    key: text,
    kind: operation,
    status: state,
    attempt: attempts,
    finished: finishedAt,
  }
}
