import { messageOf, OncewardError } from '../../kernel/errors.ts'
import type { QueryOptions, Row } from './source.ts'

/** What is used of `@duckdb/node-api`, an optional peer. */
interface DuckdbModule {
  readonly DuckDBInstance: {
    create(path: string, options: Readonly<Record<string, string>>): Promise<DuckdbInstance>
  }
}

interface DuckdbInstance {
  connect(): Promise<DuckdbConnection>
  closeSync(): void
}

interface DuckdbConnection {
  run(text: string): Promise<unknown>
  stream(text: string): Promise<DuckdbResult>
  interrupt(): void
  readonly progress: { readonly percentage: number; readonly rows_processed: bigint }
  closeSync(): void
}

interface DuckdbResult {
  fetchChunk(): Promise<{ readonly rowCount: number; getRows(): unknown[][] } | null | undefined>
}

export interface Duckdb {
  run(this: void, statement: string): Promise<void>
  query(this: void, text: string, how?: QueryOptions): AsyncGenerator<Row[], void, undefined>
  /** How far the running statement is, from 0 to 1; undefined where it cannot say. */
  progress(this: void): { readonly share: number; readonly rows: number } | undefined
  close(this: void): void
}

export interface DuckdbOptions {
  /** Where it spills to. */
  readonly directory: string
  readonly memory: string
  readonly threads?: number
  readonly signal?: AbortSignal
}

/** An empty database in memory. Extensions are neither fetched nor loaded: what is read needs none. */
export async function openDuckdb(options: DuckdbOptions): Promise<Duckdb> {
  const { DuckDBInstance } = await loadDuckdb()
  const settings: Record<string, string> = {
    memory_limit: options.memory,
    temp_directory: options.directory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  }
  if (options.threads !== undefined) settings['threads'] = String(options.threads)
  const instance = await DuckDBInstance.create(':memory:', settings)
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  const interrupt = (): void => connection.interrupt()
  options.signal?.addEventListener('abort', interrupt)
  return {
    run: async (statement) => {
      await guarded(connection.run(statement), options)
    },
    query: (text, how) =>
      how?.isHeavy === true ? heavyRows(connection, text, options) : rows(connection, text, options),
    progress: () => {
      const { percentage, rows_processed: count } = connection.progress
      return percentage < 0 ? undefined : { share: percentage / 100, rows: Number(count) }
    },
    close: () => {
      options.signal?.removeEventListener('abort', interrupt)
      connection.closeSync()
      instance.closeSync()
    },
  }
}

let heavy = 0

async function* heavyRows(
  connection: DuckdbConnection,
  text: string,
  options: DuckdbOptions,
): AsyncGenerator<Row[], void, undefined> {
  const table = `heavy_${++heavy}`
  await guarded(connection.run(`CREATE TEMP TABLE ${table} AS ${text}`), options)
  yield* rows(connection, `SELECT * FROM ${table}`, options)
  await guarded(connection.run(`DROP TABLE ${table}`), options)
}

const separator = '\u001f'

/** A row comes as one text: to take a text out of DuckDB costs more than to part it. A separator in a cell is replaced. */
function packed(text: string): string {
  return `SELECT concat_ws(chr(31), *COLUMNS(*)) FROM (
    SELECT coalesce(replace(CAST(COLUMNS(*) AS VARCHAR), chr(31), chr(26)), '') FROM (${text}))`
}

async function* rows(
  connection: DuckdbConnection,
  text: string,
  options: DuckdbOptions,
): AsyncGenerator<Row[], void, undefined> {
  const result = await guarded(connection.stream(packed(text)), options)
  for (;;) {
    const chunk = await guarded(result.fetchChunk(), options)
    if (chunk === null || chunk === undefined || chunk.rowCount === 0) return
    yield chunk.getRows().map(([row]) =>
      String(row)
        .split(separator)
        .map((cell) => (cell === '' ? null : cell)),
    )
  }
}

async function guarded<T>(work: Promise<T>, { signal, memory }: DuckdbOptions): Promise<T> {
  try {
    return await work
  } catch (error) {
    signal?.throwIfAborted()
    const text = messageOf(error)
    const hint = /out of memory/i.test(text) ? ` It may use ${memory}: raise it with --memory.` : ''
    throw new OncewardError('SOURCE_INVALID', `DuckDB: ${text}${hint}`, { cause: error })
  }
}

async function loadDuckdb(): Promise<DuckdbModule> {
  try {
    // A specifier that the compiler does not follow: the published types must not need the package.
    const name = '@duckdb/node-api'
    return (await import(name)) as DuckdbModule
  } catch (error) {
    const message =
      'Parquet files, and files above 200 MB, need the package @duckdb/node-api: npm install @duckdb/node-api'
    throw new OncewardError('DEPENDENCY_MISSING', message, { cause: error })
  }
}
