/*
 * What every source of rows is, whatever it lies in. Cells are text, as they stand in the data, and null where there is
 * nothing: files of text have no types, and one reading of amounts and times serves them all (values/).
 */

export type Cell = string | null
export type Row = readonly Cell[]

export type ColumnType =
  | 'integer'
  | 'decimal'
  | 'time'
  | 'boolean'
  | 'uuid'
  | 'json'
  | 'text'
  | 'mixed'
  | 'empty'

export interface Column {
  readonly name: string
  /** As the sample suggests, or as the database or Parquet file declares it. */
  readonly type: ColumnType
  /** What the database or the Parquet file declares, where they do. */
  readonly declared?: string
  /** A second column of this name in the header; it has got a number behind its name. */
  readonly isRepeated?: boolean
}

/** Rows in the order of the source, with where the first of them stands (from 0; undefined where there is no order). */
export interface Batch {
  readonly rows: readonly Row[]
  readonly firstPosition: number
}

/** A row that could not be read. `line` counts from 1, in `file` where there are several. */
export interface Rejected {
  readonly line: number
  readonly why: string
  readonly file?: string
}

export interface Rejections {
  /** All of them. */
  readonly count: number
  /** The first hundred. */
  readonly listed: readonly Rejected[]
}

export type Dialect = 'duckdb' | 'postgres' | 'spark'
export type Engine = 'node' | 'duckdb' | 'postgres'

/** The side of a source that can be asked in SQL, so that the work is done where the rows are. */
export interface SqlSide {
  readonly dialect: 'duckdb' | 'postgres'
  /** What stands behind FROM. Its columns are those of the source, under their names. */
  readonly from: string
  /** A query that gives the same rows on another connection of DuckDB. */
  readonly definition?: string
  /** An expression for the place of a row in the source, where there is one. */
  readonly position?: string
  /** The column as text, as an expression. */
  text(this: void, column: string): string
  /** Runs a statement that gives nothing. */
  run(this: void, statement: string): Promise<void>
  /** Streams the rows of a query whose columns are all text. An empty cell and none are the same. */
  query(this: void, text: string, options?: QueryOptions): AsyncIterable<readonly Row[]>
}

export interface QueryOptions {
  /** All of the work is done first, by all threads, and its result kept where it can spill; then it is read. */
  readonly isHeavy?: boolean
}

export interface Source {
  /** For messages: the path or the URL, without secrets. */
  readonly name: string
  readonly engine: Engine
  /** What it was read as: `CSV, ";" between columns, latin1, gzip`. */
  readonly reading: string
  readonly columns: readonly Column[]
  /** Of its files, as they lie on disk. */
  readonly bytes?: number
  /** The first rows, at most a thousand, with all columns. */
  readonly sample: readonly Row[]
  /** What a person should know: an ending that lies, columns of the same name. */
  readonly notes: readonly string[]
  /** Every row that can be read, with the named columns. May be called several times. */
  scan(this: void, columns: readonly string[]): AsyncIterable<Batch>
  /** Of the last whole scan. */
  rejections(this: void): Promise<Rejections>
  readonly sql?: SqlSide
  close(this: void): Promise<void>
}

/** Told now and then while rows are read. A second pass counts from 0 again. */
export interface Progress {
  readonly rows: number
  /** Of this pass, from 0 to 1, where that is known. */
  readonly share?: number
}

export interface SourceOptions {
  /** Which engine reads files: `auto` takes Node below 200 MB and DuckDB above and for Parquet. */
  readonly engine?: 'auto' | 'node' | 'duckdb'
  /** One character between columns; guessed where it is not given. */
  readonly delimiter?: string
  /** The quote character, or `none`. */
  readonly quote?: string
  readonly encoding?: Encoding
  /** What DuckDB may use before it spills to disk: `2GB`. */
  readonly memory?: string
  readonly threads?: number
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

export const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'latin1'] as const
export type Encoding = (typeof encodings)[number]

export const maxListedRejections = 100
export const sampleRows = 1000
