import { isOncewardError, OncewardError } from '../../kernel/errors.ts'
import { connectPostgres } from '../postgres-client.ts'
import { judgePostgres, unreachablePostgres } from './postgres.ts'
import { type LedgerTables, readPostgresFacts } from './postgres-facts.ts'
import type { Examination } from './report.ts'

/** Asks a PostgreSQL server what its durability rests on, in one connection that writes nothing. */
export async function examinePostgres(url: string, tables: LedgerTables): Promise<Examination> {
  const connected = await connectPostgres(url).catch((error: unknown) => ({ error }))
  if ('error' in connected) {
    const { error } = connected
    if (isOncewardError(error)) throw error
    const examination = unreachablePostgres(url, error)
    const message = examination.findings.map((finding) => finding.text).join(' ')
    return { ...examination, error: new OncewardError('STORE_UNAVAILABLE', message, { cause: error }) }
  }
  try {
    return judgePostgres(url, await readPostgresFacts(connected, tables))
  } finally {
    await connected.end()
  }
}
