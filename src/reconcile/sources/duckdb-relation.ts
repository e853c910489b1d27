import { OncewardError } from '../../kernel/errors.ts'
import type { ParquetFile, TextFile } from './examine.ts'
import type { Path } from './jsonl.ts'
import { placesOf } from './node-files.ts'
import type { Encoding } from './source.ts'
import { identifier, literal } from './sql.ts'

/** How DuckDB reads some files as one relation, the same way as the Node engine does. */
export interface DuckdbRelation {
  readonly select: string
  /** An expression for the place of a row. */
  readonly position: string
  /** Queries for (line, why, file) of what could not be read. */
  readonly rejections: readonly string[]
}

const encodingNames: Readonly<Record<Encoding, string>> = {
  'utf-8': 'utf-8',
  'utf-16le': 'utf-16',
  'utf-16be': 'utf-16be',
  latin1: 'latin-1',
}

export function relationOf(files: readonly (TextFile | ParquetFile)[]): DuckdbRelation {
  const texts = files.filter((file) => file.kind === 'text')
  if (texts.length === 0) return parquetRelation(files)
  const [first] = texts
  if (
    first === undefined ||
    texts.length !== files.length ||
    texts.some((file) => file.layout.format !== first.layout.format)
  )
    throw new OncewardError('SOURCE_INVALID', 'The files of one source must all be of one format.')
  const isSeveral = texts.length > 1
  return first.layout.format === 'csv'
    ? csvRelation(texts, first, isSeveral)
    : jsonRelation(texts, first, isSeveral)
}

function parquetRelation(files: readonly { path: string }[]): DuckdbRelation {
  const paths = files.map(({ path }) => literal(path)).join(', ')
  return {
    select: `SELECT *, file_index * 1099511627776 + file_row_number AS _onceward_position FROM read_parquet([${paths}], union_by_name = true)`,
    position: '_onceward_position',
    rejections: [],
  }
}

/** Files with the same header are read together. */
function csvRelation(files: readonly TextFile[], first: TextFile, isSeveral: boolean): DuckdbRelation {
  for (const file of files) placesOf(file, first.names)
  const kinds = Map.groupBy(files, (file) =>
    JSON.stringify([file.names, file.layout, file.encoding, file.compression]),
  )
  const columns = first.names.map(identifier).join(', ')
  const selects = [...kinds.values()].map((same) => `SELECT ${columns} FROM ${readCsv(same)}`)
  // Each scan adds what it could not read: the last one counts.
  const file = isSeveral ? 'file_path' : 'NULL'
  const rejections = `SELECT CAST(line AS VARCHAR), CASE WHEN error_type IN ('MISSING COLUMNS', 'TOO MANY COLUMNS')
      THEN regexp_extract(error_message, 'Found: (\\d+)', 1) || ' columns instead of ' || regexp_extract(error_message, 'Columns: (\\d+)', 1)
      WHEN error_type = 'INVALID ENCODING' THEN 'bytes that are no UTF-8 (is it --encoding latin1?)'
      WHEN error_type = 'UNQUOTED VALUE' THEN 'a quote that is opened and never closes'
      ELSE lower(CAST(error_type AS VARCHAR)) END, ${file}, CAST(length(csv_line) - length(replace(csv_line, chr(10), '')) AS VARCHAR)
    FROM (SELECT DISTINCT ON (file_path, line) e.line, e.error_type, e.error_message, e.csv_line, s.file_path
      FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id)
      ORDER BY file_path, line) ORDER BY file_path, line`
  return {
    select: selects.join(' UNION ALL '),
    position: 'row_number() OVER () - 1',
    rejections: [rejections],
  }
}

function readCsv(files: readonly TextFile[]): string {
  const [first] = files
  if (first?.layout.format !== 'csv') throw new Error('no CSV')
  const quote = first.layout.quote ?? ''
  const columns = first.names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')
  return `read_csv([${files.map((file) => literal(file.path)).join(', ')}], auto_detect = false, header = true,
    delim = ${literal(first.layout.delimiter)}, quote = ${literal(quote)}, escape = ${literal(quote)},
    columns = {${columns}}, ${textOptions(first)}, ignore_errors = true, store_rejects = true, rejects_limit = 0)`
}

function textOptions(file: TextFile): string {
  const compression = file.compression === 'none' ? 'none' : file.compression
  return `encoding = ${literal(encodingNames[file.encoding])}, compression = ${literal(compression)}, max_line_size = 16777216`
}

/** Each line is one cell, so that a broken one has its number; members are taken out of it. */
function jsonRelation(files: readonly TextFile[], first: TextFile, isSeveral: boolean): DuckdbRelation {
  const kinds = Map.groupBy(files, (file) => JSON.stringify([file.encoding, file.compression]))
  const lines = [...kinds.values()]
    .map((same) => `SELECT line, filename FROM ${readLines(same)}`)
    .join(' UNION ALL ')
  const members = first.names.map(
    (name, at) => `(line ->> ${literal(jsonPath(first.paths[at] ?? []))}) AS ${identifier(name)}`,
  )
  const good = `line IS NOT NULL AND trim(line) <> '' AND CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END`
  const file = isSeveral ? 'filename' : 'NULL'
  // Lines are numbered as they come, over all files; each file's own numbers begin where it does.
  const numbered = `(SELECT *, row_number() OVER () AS place FROM (${lines}))`
  const firsts = isSeveral
    ? `JOIN (SELECT filename, min(place) AS first FROM ${numbered} GROUP BY filename) AS firsts USING (filename)`
    : 'CROSS JOIN (SELECT 1 AS first) AS firsts'
  const rejected = `SELECT CAST(place - first + 1 AS VARCHAR), CASE WHEN json_valid(line) THEN 'not a JSON object' ELSE 'not valid JSON' END, ${file}
    FROM ${numbered} AS numbered ${firsts}
    WHERE trim(coalesce(line, '')) <> '' AND NOT (${good}) ORDER BY filename, place`
  return {
    // The filter alone would not do: DuckDB may take members out of a line before it has filtered it.
    select: `SELECT ${members.join(', ')} FROM (SELECT CASE WHEN ${good} THEN line END AS line FROM (${lines})) WHERE line IS NOT NULL`,
    position: 'row_number() OVER () - 1',
    rejections: [rejected],
  }
}

function readLines(files: readonly TextFile[]): string {
  const [first] = files
  if (first === undefined) throw new Error('no files')
  return `read_csv([${files.map((file) => literal(file.path)).join(', ')}], auto_detect = false, header = false,
    delim = '\u0001', quote = '', escape = '', columns = {'line': 'VARCHAR'}, filename = true, ${textOptions(first)})`
}

function jsonPath(path: Path): string {
  return `$${path.map((name) => `."${name.replaceAll('"', '\\"')}"`).join('')}`
}
