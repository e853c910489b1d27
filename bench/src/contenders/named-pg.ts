import { Pool } from 'pg'
import { measureLoad, type Work } from '../load.ts'
import { type Contender, replayEntries, type Setting } from './contender.ts'
import { PostgresProbe } from './postgres-probe.ts'
import { postgresReference, type ReferenceRow } from './reference-row.ts'
import { ReferenceValues } from './reference-values.ts'

/** `pg` with named (server-side prepared) statements over a pool: INSERT and UPDATE, each its own transaction. */
export async function namedPgContender(setting: Setting): Promise<Contender> {
  if (setting.postgresUrl === undefined) throw new Error('pg needs a server')
  const probe = await PostgresProbe.connect(setting.postgresUrl)
  const rows = new Map<boolean, ReferenceRow>()
  return {
    measure: async (cell, window) => {
      const row = rows.get(cell.withSubject) ?? (await postgresReference(setting, probe, cell.withSubject))
      rows.set(cell.withSubject, row)
      await probe.empty()
      const pool = new Pool({ connectionString: probe.url, max: window.poolSize ?? 16 })
      const statements = new Statements(await probe.entriesTable(), row, pool)
      try {
        const run = cell.work === 'replay' ? await replays(statements) : (n: number) => statements.guard(n)
        await probe.checkpoint()
        const work: Work = { run, logBytes: () => probe.logBytes() }
        return await measureLoad(work, cell.concurrency, window)
      } finally {
        await pool.end()
      }
    },
    close: () => probe.close(),
  }
}

async function replays(statements: Statements): Promise<Work['run']> {
  const refs = await Promise.all(Array.from({ length: replayEntries }, (_, n) => statements.guard(n)))
  return (n) => statements.select(refs[n % replayEntries] as string)
}

class Statements {
  readonly #values: ReferenceValues
  readonly #pool: Pool
  readonly #insert: { name: string; text: string }
  readonly #update: { name: string; text: string }
  readonly #select: { name: string; text: string }

  constructor(table: string, row: ReferenceRow, pool: Pool) {
    const { columns, inserted, changed } = row
    this.#values = new ReferenceValues(row)
    this.#pool = pool
    const marks = inserted.map((_, index) => `$${index + 1}`).join(', ')
    const sets = changed.map((name, index) => `${name} = $${index + 1}`).join(', ')
    const [ref, owner, attempt] = [1, 2, 3].map((index) => `$${changed.length + index}`)
    const where = `ref = ${ref} AND owner = ${owner} AND attempt = ${attempt}`
    this.#insert = {
      name: 'reference-insert',
      text: `INSERT INTO ${table} (${inserted.join(', ')}) VALUES (${marks}) ON CONFLICT (ref) DO NOTHING`,
    }
    this.#update = { name: 'reference-update', text: `UPDATE ${table} SET ${sets} WHERE ${where}` }
    this.#select = {
      name: 'reference-select',
      text: `SELECT ${columns.join(', ')} FROM ${table} WHERE ref = $1`,
    }
  }

  async guard(n: number): Promise<string> {
    const { ref, inserted, updated } = this.#values.operation(n)
    const insert = await this.#pool.query({ ...this.#insert, values: inserted })
    if (insert.rowCount !== 1) throw new Error('the reference met a row of its own')
    const update = await this.#pool.query({ ...this.#update, values: updated })
    if (update.rowCount !== 1) throw new Error('the reference lost a row of its own')
    return ref
  }

  async select(ref: string): Promise<void> {
    const { rowCount } = await this.#pool.query({ ...this.#select, values: [ref] })
    if (rowCount !== 1) throw new Error('the reference lost a row of its own')
  }
}
