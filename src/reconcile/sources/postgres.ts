import { OncewardError } from '../../kernel/errors.ts'
import { declaredType } from './declared-type.ts'
import type { Place, Relation } from './locate.ts'
import { nearest } from './nearest.ts'
import { openPostgres, type Postgres, readOnly } from './postgres-driver.ts'
import { type Batch, type Column, type Row, sampleRows, type Source, type SourceOptions } from './source.ts'
import { identifier, literal } from './sql.ts'

/** A table or query of PostgreSQL. Counting and grouping are asked of the server; plain SQL, so that its kin do it too. */
export async function postgresSource(
  place: Extract<Place, { kind: 'postgres' }>,
  options: SourceOptions,
): Promise<Source> {
  const db = await openPostgres(place.url, place.name)
  try {
    await db.run(readOnly)
    return await opened(db, place, options)
  } catch (error) {
    await db.close()
    throw error
  }
}

async function opened(
  db: Postgres,
  place: Extract<Place, { kind: 'postgres' }>,
  options: SourceOptions,
): Promise<Source> {
  const from = fromOf(place.relation)
  const columns = await columnsOf(db, place, from)
  const text = (name: string): string => `CAST(${identifier(name)} AS text)`
  const select = (wanted: readonly string[]): string =>
    `SELECT ${wanted.map((name) => `nullif(${text(name)}, '')`).join(', ') || "''"} FROM ${from}`
  const names = columns.map((column) => column.name)
  const { rows: sample } = await db.ask(`${select(names)} LIMIT ${sampleRows}`)
  return {
    name: place.name,
    engine: 'postgres',
    reading: place.relation.kind === 'table' ? 'a table of PostgreSQL' : 'a query of PostgreSQL',
    columns,
    sample,
    notes: columns
      .filter((column) => column.isRepeated)
      .map((column) => `Another column has the name of ${JSON.stringify(column.name)} too.`),
    scan: (wanted) => batches(db.query(select(wanted)), options),
    rejections: () => Promise.resolve({ count: 0, listed: [] }),
    sql: { dialect: 'postgres', from, text, run: db.run, query: db.query },
    close: db.close,
  }
}

export function fromOf(relation: Relation): string {
  if (relation.kind === 'query') return `(${relation.query}) AS data`
  return relation.table.split('.').map(identifier).join('.')
}

async function columnsOf(
  db: Postgres,
  place: Extract<Place, { kind: 'postgres' }>,
  from: string,
): Promise<Column[]> {
  const { fields } = await db.ask(`SELECT * FROM ${from} LIMIT 0`).catch(async (error: unknown) => {
    if (
      error instanceof OncewardError &&
      error.details['sqlState'] === '42P01' &&
      place.relation.kind === 'table'
    )
      throw await noTable(place.relation.table, place)
    throw error
  })
  const ids = [...new Set(fields.map((field) => field.dataTypeID))]
  const types = new Map<number, string>()
  if (ids.length > 0) {
    const { rows } = await db.ask(
      `SELECT oid::text, typname::text FROM pg_catalog.pg_type WHERE oid IN (${ids.join(', ')})`,
    )
    for (const [id, name] of rows) types.set(Number(id), name ?? '')
  }
  const seen = new Set<string>()
  return fields.map(({ name, dataTypeID }) => {
    const isRepeated = seen.has(name)
    seen.add(name)
    const declared = types.get(dataTypeID) ?? ''
    return { name, type: declaredType(declared), declared, ...(isRepeated && { isRepeated }) }
  })
}

/** The transaction has failed with the table, so its neighbours are looked up on another connection. */
async function noTable(table: string, place: Extract<Place, { kind: 'postgres' }>): Promise<OncewardError> {
  const db = await openPostgres(place.url, place.name)
  try {
    const [schema, name] = table.includes('.') ? table.split('.') : ['public', table]
    const { rows } = await db.ask(
      `SELECT table_name::text FROM information_schema.tables WHERE table_schema = ${literal(schema ?? '')} LIMIT 1000`,
    )
    const near = nearest(
      name ?? table,
      rows.map(([found]) => found ?? ''),
    )
    const hint = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`
    return new OncewardError(
      'OPTION_INVALID',
      `SOURCE: the database has no table ${JSON.stringify(table)}.${hint}`,
    )
  } finally {
    await db.close()
  }
}

async function* batches(
  all: AsyncIterable<readonly Row[]>,
  { onProgress, signal }: SourceOptions,
): AsyncGenerator<Batch, void, undefined> {
  let firstPosition = 0
  for await (const rows of all) {
    signal?.throwIfAborted()
    yield { rows, firstPosition }
    firstPosition += rows.length
    onProgress?.({ rows: firstPosition })
  }
}
