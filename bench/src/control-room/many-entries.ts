import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { loadRoot, type ProductForm, postgresStore, sqliteStore } from '../product.ts'

/** One finished operation of the product's own, whose row the others are made from. */
async function template(form: ProductForm, store: Awaited<ReturnType<typeof sqliteStore>>): Promise<void> {
  const { createOnceward } = await loadRoot(form)
  const once = createOnceward({ store, scope: 'default', sweep: false })
  await once.run({ operation: 'charge', key: 'template', input: 1, subject: 'order:template' }, () => ({
    id: 'ch_1',
  }))
  await once.close()
}

const changed: Readonly<Record<string, { readonly sqlite: string; readonly postgres: string }>> = {
  ref: { sqlite: "printf('%024d', i)", postgres: "lpad(i::text, 24, '0')" },
  key: { sqlite: "'order-' || i", postgres: "'order-' || i" },
  subject: { sqlite: "'order:' || i", postgres: "'order:' || i" },
  claimed_at_ms: { sqlite: 'claimed_at_ms - (ROWS - i)', postgres: 'claimed_at_ms - (ROWS - i)' },
  finished_at_ms: { sqlite: 'finished_at_ms - (ROWS - i)', postgres: 'finished_at_ms - (ROWS - i)' },
}

function insert(columns: readonly string[], kind: 'sqlite' | 'postgres', rows: number): string {
  const values = columns.map((name) =>
    (changed[name]?.[kind] ?? `t.${name}`).replaceAll('ROWS', String(rows)),
  )
  const numbers =
    kind === 'sqlite'
      ? `(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT i FROM n)`
      : `generate_series(1, ${rows}) AS n(i)`
  return `INSERT INTO onceward_entries (${columns.join(', ')}) SELECT ${values.join(', ')} FROM ${numbers}, onceward_entries t WHERE t.key = 'template'`
}

export async function fillSqlite(form: ProductForm, path: string, rows: number): Promise<void> {
  await template(form, await sqliteStore(form, path))
  const db = new DatabaseSync(path)
  const columns = db
    .prepare('PRAGMA table_info(onceward_entries)')
    .all()
    .map((row) => String(row['name']))
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000')
  db.exec(insert(columns, 'sqlite', rows))
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

export async function fillPostgres(form: ProductForm, url: string, rows: number): Promise<void> {
  await template(form, await postgresStore(form, url))
  const client = new Client({ connectionString: url })
  await client.connect()
  const found = await client.query<{ name: string }>(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'onceward_entries' ORDER BY ordinal_position",
  )
  await client.query(
    insert(
      found.rows.map(({ name }) => name),
      'postgres',
      rows,
    ),
  )
  await client.query('ANALYZE onceward_entries')
  await client.end()
}
