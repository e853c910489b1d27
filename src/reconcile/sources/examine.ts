import { extname } from 'node:path'
import { OncewardError } from '../../kernel/errors.ts'
import { decoderOf, type Head, headOf } from './bytes.ts'
import { csvRecords } from './csv.ts'
import { cellAt, jsonRecords, type Path, pathsOf } from './jsonl.ts'
import { type Compression, guessEncoding, magicOf } from './magic.ts'
import { delimiterName, type Layout, layoutOf } from './sniff.ts'
import { type Encoding, type Row, sampleRows, type SourceOptions } from './source.ts'

/** One file, and how it is to be read. */
export interface TextFile {
  readonly kind: 'text'
  readonly path: string
  readonly compression: Compression
  readonly encoding: Encoding
  readonly layout: Exclude<Layout, { format: 'none' }>
  /** Names of its columns; of JSON lines, their paths joined with dots. */
  readonly names: readonly string[]
  readonly paths: readonly Path[]
  readonly sample: readonly Row[]
  readonly notes: readonly string[]
}

export interface ParquetFile {
  readonly kind: 'parquet'
  readonly path: string
  readonly notes: readonly string[]
}

const headBytes = 1 << 18

/** Looks at the beginning of a file. Throws `SOURCE_INVALID` where it holds no rows. */
export async function examineFile(path: string, options: SourceOptions): Promise<TextFile | ParquetFile> {
  const head = await headOf(path, headBytes)
  if (head.bytes.length === 0) throw new OncewardError('SOURCE_INVALID', `${path} is empty.`)
  const magic = magicOf(head.bytes)
  if (magic.kind === 'parquet')
    return { kind: 'parquet', path, notes: endingNotes(path, 'parquet', head.compression) }
  if (magic.kind === 'foreign' && options.encoding === undefined)
    throw new OncewardError('SOURCE_INVALID', `${path} is ${magic.what}.`)
  return examineText(path, head, options)
}

async function examineText(path: string, head: Head, options: SourceOptions): Promise<TextFile> {
  const encoding = options.encoding ?? guessEncoding(head.bytes).encoding
  const text = decoderOf(encoding).decode(head.bytes)
  if (text.trim() === '')
    throw new OncewardError('SOURCE_INVALID', `${path} is empty: it has only white space.`)
  const layout = layoutOf(text, options)
  if (layout.format === 'none') throw new OncewardError('SOURCE_INVALID', `${path} is ${layout.what}.`)
  // The last line may be cut in the middle.
  const whole = head.isWhole ? text : text.slice(0, Math.max(text.lastIndexOf('\n'), 0) || text.length)
  const read = layout.format === 'csv' ? await csvSample(path, layout, whole) : await jsonSample(path, whole)
  const notes = [...endingNotes(path, layout.format, head.compression), ...read.notes]
  return { kind: 'text', path, compression: head.compression, encoding, layout, ...read, notes }
}

interface Sample {
  readonly names: readonly string[]
  readonly paths: readonly Path[]
  readonly sample: readonly Row[]
  readonly notes: readonly string[]
}

async function csvSample(
  name: string,
  layout: Extract<Layout, { format: 'csv' }>,
  text: string,
): Promise<Sample> {
  const records: string[][] = []
  const chunks = chunksOf(text)
  try {
    for await (const batch of csvRecords({ name, layout, chunks, isUtf8: false, onReject: () => undefined }))
      records.push(...batch)
  } catch {
    // A beginning may be cut inside a quote. If the quote never closes, the first scan says so.
  }
  const [header = [], ...rows] = records
  const { names, notes } = namesOf(header)
  const sample = rows.slice(0, sampleRows).map((row) => row.map((cell) => (cell === '' ? null : cell)))
  return { names, paths: [], sample, notes }
}

async function* chunksOf(text: string): AsyncGenerator<string, void, undefined> {
  yield text
}

async function jsonSample(name: string, text: string): Promise<Sample> {
  const records = []
  for await (const batch of jsonRecords({ chunks: chunksOf(text), onReject: () => undefined }))
    records.push(...batch)
  const first = records.slice(0, sampleRows)
  if (first.length === 0)
    throw new OncewardError('SOURCE_INVALID', `${name}: none of its lines is a JSON object.`)
  const paths = pathsOf(first)
  const { names, notes } = namesOf(paths.map((path) => path.join('.')))
  const sample = first.map(({ value }) => paths.map((path) => cellAt(value, path)))
  return { names, paths, sample, notes }
}

/** A name for every column: empty ones and repeated ones get a number, which is said. */
function namesOf(header: readonly string[]): { names: string[]; notes: string[] } {
  const seen = new Map<string, number>()
  const repeated = new Set<string>()
  const names = header.map((cell, at) => {
    const name = cell.trim() === '' ? `column ${at + 1}` : cell.trim()
    // DuckDB makes no difference between Ref and ref.
    const count = (seen.get(name.toLowerCase()) ?? 0) + 1
    seen.set(name.toLowerCase(), count)
    if (count === 1) return name
    repeated.add(name)
    return `${name} (${count})`
  })
  const notes = [...repeated].map(
    (name) => `Several columns are named ${JSON.stringify(name)}; the later ones got a number.`,
  )
  return { names, notes }
}

const endings: Readonly<Record<string, string>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.txt': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.parquet': 'parquet',
}
const formatNames: Readonly<Record<string, string>> = { csv: 'CSV', jsonl: 'JSON lines', parquet: 'Parquet' }

/** What is inside counts; an ending that says otherwise is mentioned. */
function endingNotes(path: string, format: string, compression: Compression): string[] {
  const outer = extname(path).toLowerCase()
  const isPacked = ['.gz', '.zst', '.gzip', '.zstd'].includes(outer)
  const inner = isPacked ? extname(path.slice(0, -outer.length)).toLowerCase() : outer
  const said = endings[inner]
  const notes: string[] = []
  if (said !== undefined && said !== format)
    notes.push(`${path} ends in ${inner} and holds ${formatNames[format] ?? format}: read as that.`)
  if (isPacked && compression === 'none')
    notes.push(`${path} ends in ${outer} and is not compressed: read as it is.`)
  if (!isPacked && compression !== 'none')
    notes.push(`${path} is compressed with ${compression}: read as that.`)
  return notes
}

export function readingOf(file: TextFile): string {
  const parts = [
    file.layout.format === 'csv' ? `CSV with ${delimiterName(file.layout.delimiter)}` : 'JSON lines',
    file.encoding.toUpperCase(),
    ...(file.compression === 'none' ? [] : [file.compression]),
  ]
  return parts.join(', ')
}
