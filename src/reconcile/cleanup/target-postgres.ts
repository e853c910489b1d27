import { fromOf } from '../sources/postgres.ts'
import { openPostgres } from '../sources/postgres-driver.ts'
import { literal } from '../sources/sql.ts'
import type { Target, TargetRow } from './target.ts'

export interface PostgresPlace {
  readonly url: string
  readonly name: string
  readonly table: string
}

/** A table of PostgreSQL, to be changed. */
export async function postgresTarget({ url, name, table }: PostgresPlace): Promise<Target> {
  const db = await openPostgres(url, name)
  try {
    const quoted = fromOf({ kind: 'table', table })
    const { fields } = await db.ask(`SELECT * FROM ${quoted} LIMIT 0`)
    const { rows } = await db.ask(
      `SELECT a.attname::text FROM pg_catalog.pg_index i
       CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
       JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
       WHERE i.indrelid = ${literal(quoted)}::regclass AND i.indisprimary ORDER BY k.place`,
    )
    const ask = (text: string, values: readonly string[]): ReturnType<typeof db.ask> =>
      db.ask(numbered(text, values.length), values)
    return {
      dialect: 'postgres',
      name,
      table: quoted,
      bareTable: table.split('.').at(-1) ?? table,
      columns: fields.map((field) => field.name),
      primaryKey: rows.map(([column]) => column ?? ''),
      query: async (text, values = []) => {
        const answer = await ask(text, values)
        return answer.rows.map(
          (row): TargetRow =>
            Object.fromEntries(answer.fields.map((field, at) => [field.name, row[at] ?? null])),
        )
      },
      change: async (text, values = []) => {
        const answer = await ask(
          `WITH changed AS (${text} RETURNING 1) SELECT count(*)::text FROM changed`,
          values,
        )
        return Number(answer.rows[0]?.[0] ?? 0)
      },
      transaction: async (work) => {
        await db.run('BEGIN')
        try {
          const result = await work()
          await db.run('COMMIT')
          return result
        } catch (error) {
          await db.run('ROLLBACK').catch(() => undefined)
          throw error
        }
      },
      close: db.close,
    }
  } catch (error) {
    await db.close()
    throw error
  }
}

/** The first `?` outside of quotes become $1, $2, …; what comes behind them is an operator in a user's condition. */
function numbered(text: string, values: number): string {
  let count = 0
  return text.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/g, (found) =>
    found === '?' && count < values ? `$${++count}` : found,
  )
}
