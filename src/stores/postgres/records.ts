import type { RecordStore, StoredRecord } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import { checkLineage, lineageHolds, lineageValues } from './lineage.ts'
import { batchOf, batchValues, type Param } from './params.ts'
import { serverMs } from './tables.ts'

type NewRecord = Pick<StoredRecord, 'stream' | 'id' | 'body'>

const params: readonly Param<NewRecord>[] = [
  { name: 'stream', type: 'text', of: (record) => record.stream },
  { name: 'ref', type: 'text', of: (record) => record.id },
  { name: 'body', type: 'text', of: (record) => record.body },
]

/** The generic group: small documents by stream and id. */
export function makeRecords(database: Database): RecordStore {
  return {
    append: (records) => append(database, records),
    read: (query) => read(database, query),
    replaceIf: (record) => replaceIf(database, record),
    prune: (query) => prune(database, query),
    remove: (records) => remove(database, records),
  }
}

async function append(database: Database, records: readonly NewRecord[]): Promise<void> {
  if (records.length === 0) return
  const { records: table } = database.tables
  const wrote = database.writes
  const holds = lineageHolds(database, `$${params.length + 2}`, `$${params.length + 3}`)
  const statement = database.statement(
    'append',
    `WITH appended AS (
  INSERT INTO ${table} (stream, id, version, at_ms, body)
  SELECT i.stream, i.ref, 1, ${serverMs}, i.body FROM ${batchOf(params)}
  WHERE ${holds}
  ON CONFLICT (stream, id) DO NOTHING
  RETURNING 1
)
SELECT count(*) FROM appended`,
  )
  const [row] = await database.run(statement, [...batchValues(params, records), ...lineageValues(wrote)])
  if (row?.[0] === '0') await checkLineage(database, wrote)
}

async function read(
  database: Database,
  query: { stream: string; after?: string; limit: number },
): Promise<readonly StoredRecord[]> {
  const statement = database.statement(
    query.after === undefined ? 'read_records' : 'read_records_after',
    `SELECT id, version, at_ms, body FROM ${database.tables.records}
WHERE stream = $1::text AND id ${query.after === undefined ? '>=' : '>'} $2::text ORDER BY id LIMIT $3::bigint`,
  )
  const rows = await database.run(statement, [query.stream, query.after ?? '', query.limit])
  return rows.map(([id, version, atMs, body]) => ({
    stream: query.stream,
    id: String(id),
    version: Number(version),
    atMs: Number(atMs),
    body: String(body),
  }))
}

async function replaceIf(
  database: Database,
  record: Parameters<RecordStore['replaceIf']>[0],
): Promise<boolean> {
  const { records: table } = database.tables
  const { stream, id, version, body, lineage } = record
  const wrote = lineage ?? database.writes
  const holds = lineageHolds(database, '$5', '$6')
  const insert = `INSERT INTO ${table} (stream, id, version, at_ms, body)
SELECT $1::text, $2::text, $3::integer + 1, ${serverMs}, $4::text WHERE ${holds}
ON CONFLICT (stream, id) DO NOTHING RETURNING version`
  const update = `UPDATE ${table} SET version = version + 1, at_ms = ${serverMs}, body = $4::text
WHERE stream = $1::text AND id = $2::text AND version = $3::integer AND ${holds} RETURNING version`
  const statement =
    version === 0 ? database.statement('add_record', insert) : database.statement('replace_record', update)
  const rows = await database.run(statement, [stream, id, version, body, ...lineageValues(wrote)])
  if (rows.length === 0) await checkLineage(database, wrote)
  return rows.length > 0
}

async function prune(
  database: Database,
  query: { stream: string; olderThanMs: number; limit: number },
): Promise<number> {
  const { records: table } = database.tables
  const wrote = database.writes
  const statement = database.statement(
    'prune_records',
    `WITH old AS MATERIALIZED (
  SELECT stream, id FROM ${table}
  WHERE at_ms < ${serverMs} - $2::bigint AND stream = $1::text AND ${lineageHolds(database, '$4', '$5')}
  ORDER BY at_ms LIMIT $3::bigint FOR UPDATE SKIP LOCKED
), pruned AS (
  DELETE FROM ${table} r USING old WHERE r.stream = old.stream AND r.id = old.id RETURNING 1
)
SELECT count(*) FROM pruned`,
  )
  const [row] = await database.run(statement, [
    query.stream,
    query.olderThanMs,
    query.limit,
    ...lineageValues(wrote),
  ])
  return Number(row?.[0] ?? 0)
}

async function remove(database: Database, records: readonly Omit<NewRecord, 'body'>[]): Promise<void> {
  if (records.length === 0) return
  const { records: table } = database.tables
  const wrote = database.writes
  // Stream and id alone.
  const named = params.slice(0, 2)
  const holds = lineageHolds(database, `$${named.length + 2}`, `$${named.length + 3}`)
  const statement = database.statement(
    'remove_records',
    `WITH removed AS (
  DELETE FROM ${table} r USING ${batchOf(named)}
  WHERE r.stream = i.stream AND r.id = i.ref AND ${holds} RETURNING 1
)
SELECT count(*) FROM removed`,
  )
  const asked = records.map((record) => ({ ...record, body: '' }))
  const [row] = await database.run(statement, [...batchValues(named, asked), ...lineageValues(wrote)])
  if (row?.[0] === '0') await checkLineage(database, wrote)
}
