import { isOncewardError, OncewardError } from '../../kernel/errors.ts'
import { connectPostgres } from '../postgres-client.ts'
import { findPoolMode } from './pool-mode.ts'
import { judgePostgres, unreachablePostgres } from './postgres.ts'
import { readPostgresFacts } from './postgres-facts.ts'
import { ledgerTables } from './postgres-tables.ts'
import type { Examination } from './report.ts'

/** Asks a PostgreSQL server what its durability rests on, in connections that write nothing. */
export async function examinePostgres(url: string, nowMs: () => number = Date.now): Promise<Examination> {
  const connected = await connectPostgres(url).catch((error: unknown) => ({ error }))
  if ('error' in connected) {
    const { error } = connected
    if (isOncewardError(error)) throw error
    const examination = unreachablePostgres(url, error)
    const message = examination.findings.map((finding) => finding.text).join(' ')
    return { ...examination, error: new OncewardError('STORE_UNAVAILABLE', message, { cause: error }) }
  }
  try {
    const poolMode = await findPoolMode(connected, () => connectPostgres(url))
    return judgePostgres(url, await readPostgresFacts(connected, { tables: ledgerTables, poolMode, nowMs }))
  } finally {
    await connected.end()
  }
}
