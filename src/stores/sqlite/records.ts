import type { SQLOutputValue } from 'node:sqlite'
import type { Runtime } from '../../kernel/runtime.ts'
import type { RecordStore, StoredRecord } from '../../ledger/store.ts'
import type { Database } from './database.ts'

const appendSql =
  'INSERT INTO onceward_records (stream, id, version, at_ms, body) VALUES (?, ?, 1, ?, ?) ON CONFLICT DO NOTHING'
const readSql =
  'SELECT stream, id, version, at_ms, body FROM onceward_records WHERE stream = ? AND id > ? ORDER BY id LIMIT ?'
const replaceSql =
  'UPDATE onceward_records SET version = version + 1, at_ms = ?, body = ? WHERE stream = ? AND id = ? AND version = ?'
const pruneSql =
  'DELETE FROM onceward_records WHERE stream = ? AND id IN (SELECT id FROM onceward_records WHERE stream = ? AND at_ms < ? LIMIT ?)'

const removeSql = 'DELETE FROM onceward_records WHERE stream = ? AND id = ?'

/** The generic group beside the entries. */
export function sqliteRecords(database: Database, runtime: Runtime): RecordStore {
  const nowMs = (): number => Math.floor(runtime.wallMs())
  return {
    append: (records) =>
      database.write(() => {
        for (const { stream, id, body } of records)
          database.statement(appendSql).run(stream, id, nowMs(), body)
      }),
    read: ({ stream, after, limit }) =>
      database.read(() =>
        database
          .statement(readSql)
          .all(stream, after ?? '', limit)
          .map(recordOf),
      ),
    replaceIf: ({ stream, id, version, body, lineage }) =>
      database.write(() => {
        if (lineage !== undefined) database.checkLineage(lineage)
        const statement = version === 0 ? database.statement(appendSql) : database.statement(replaceSql)
        const { changes } =
          version === 0
            ? statement.run(stream, id, nowMs(), body)
            : statement.run(nowMs(), body, stream, id, version)
        return changes === 1
      }),
    prune: ({ stream, olderThanMs, limit }) =>
      database.write(() =>
        Number(database.statement(pruneSql).run(stream, stream, nowMs() - olderThanMs, limit).changes),
      ),
    remove: (records) =>
      database.write(() => {
        for (const { stream, id } of records) database.statement(removeSql).run(stream, id)
      }),
  }
}

function recordOf(row: Record<string, SQLOutputValue>): StoredRecord {
  return {
    stream: String(row['stream']),
    id: String(row['id']),
    version: Number(row['version']),
    atMs: Number(row['at_ms']),
    body: String(row['body']),
  }
}
