import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declaredType } from './declared-type.ts'
import { brokenQuote, maxLostLines } from './csv.ts'
import { type Duckdb, openDuckdb } from './duckdb-driver.ts'
import { relationOf } from './duckdb-relation.ts'
import { type ParquetFile, readingOf, type TextFile } from './examine.ts'
import { columnsOf } from './node-files.ts'
import {
  type Batch,
  type Column,
  maxListedRejections,
  type Rejected,
  type Rejections,
  type Row,
  sampleRows,
  type Source,
  type SourceOptions,
} from './source.ts'
import { identifier } from './sql.ts'

export interface DuckdbFiles {
  readonly name: string
  readonly files: readonly (TextFile | ParquetFile)[]
  remove(this: void): Promise<void>
}

const defaultMemory = '2GB'
const progressMs = 500

/** Files that DuckDB reads where they lie. Only rows that are asked for come into this process. */
export async function duckdbFiles(at: DuckdbFiles, options: SourceOptions): Promise<Source> {
  const directory = await mkdtemp(join(tmpdir(), 'onceward-duckdb-'))
  const { threads, signal } = options
  const db = await openDuckdb({
    directory,
    memory: options.memory ?? defaultMemory,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
  })
  const timer = setInterval(() => {
    const progress = db.progress()
    if (progress !== undefined) options.onProgress?.(progress)
  }, progressMs)
  const close = async (): Promise<void> => {
    clearInterval(timer)
    db.close()
    await rm(directory, { recursive: true, force: true })
    await at.remove()
  }
  try {
    return await opened(db, at, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function opened(db: Duckdb, at: DuckdbFiles, close: () => Promise<void>): Promise<Source> {
  const relation = relationOf(at.files)
  await db.run(`CREATE TEMP VIEW data AS ${relation.select}`)
  const [first] = at.files
  const columns = first?.kind === 'text' ? columnsOf(first) : await parquetColumns(db)
  const names = columns.map((column) => column.name)
  const text = (name: string): string => `CAST(${identifier(name)} AS VARCHAR)`
  const select = (wanted: readonly string[]): string =>
    `SELECT ${wanted.map((name) => `nullif(${text(name)}, '')`).join(', ') || "''"} FROM data`
  const sample: Row[] = []
  if (first?.kind === 'text') sample.push(...first.sample)
  else for await (const rows of db.query(`${select(names)} LIMIT ${sampleRows}`)) sample.push(...rows)
  return {
    name: at.name,
    engine: 'duckdb',
    reading: first?.kind === 'text' ? readingOf(first) : 'Parquet',
    columns,
    sample,
    notes: at.files.flatMap((file) => file.notes),
    scan: (wanted) => batches(db.query(select(wanted))),
    rejections: () => rejectionsOf(db, at, relation.rejections),
    sql: {
      dialect: 'duckdb',
      from: 'data',
      definition: relation.select,
      position: relation.position,
      text,
      run: db.run,
      query: db.query,
    },
    close,
  }
}

async function* batches(all: AsyncIterable<readonly Row[]>): AsyncGenerator<Batch, void, undefined> {
  let firstPosition = 0
  for await (const rows of all) {
    yield { rows, firstPosition }
    firstPosition += rows.length
  }
}

async function parquetColumns(db: Duckdb): Promise<Column[]> {
  const columns: Column[] = []
  for await (const rows of db.query('SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM data)'))
    for (const [name, type] of rows)
      if (name !== '_onceward_position')
        columns.push({ name: name ?? '', type: declaredType(type ?? ''), declared: type ?? '' })
  return columns
}

async function rejectionsOf(db: Duckdb, at: DuckdbFiles, queries: readonly string[]): Promise<Rejections> {
  const listed: Rejected[] = []
  let count = 0
  for (const query of queries) {
    for await (const rows of db.query(query)) {
      for (const [line, why, file, lostLines] of rows) {
        if (Number(lostLines ?? 0) > maxLostLines) throw brokenQuote(at.name, Number(line))
        count++
        if (listed.length < maxListedRejections)
          listed.push({
            line: Number(line),
            why: why ?? '',
            ...(file === null || file === undefined ? {} : { file }),
          })
      }
    }
  }
  return { count, listed }
}
