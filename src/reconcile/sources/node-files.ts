import { OncewardError } from '../../kernel/errors.ts'
import { typeOf } from '../values/types.ts'
import { bytesOf, textOf } from './bytes.ts'
import { csvRecords } from './csv.ts'
import { readingOf, type TextFile } from './examine.ts'
import { cellAt, jsonRecords } from './jsonl.ts'
import { rejectionList } from './rejections.ts'
import type { Batch, Column, Rejected, Row, Source, SourceOptions } from './source.ts'

export interface Files {
  readonly name: string
  readonly files: readonly TextFile[]
  readonly bytes: number
  remove(this: void): Promise<void>
}

/** Files of text, read by Node alone: nothing is kept, each scan reads them anew. */
export function nodeFiles(at: Files, options: SourceOptions): Source {
  const [first] = at.files
  if (first === undefined) throw new OncewardError('SOURCE_INVALID', `${at.name} has no files.`)
  const columns = columnsOf(first)
  const rejections = rejectionList()
  return {
    name: at.name,
    engine: 'node',
    reading: readingOf(first),
    columns,
    bytes: at.bytes,
    sample: first.sample,
    notes: at.files.flatMap((file) => file.notes),
    scan: (names) => scan(at, names, { options, rejections }),
    rejections: () => Promise.resolve(rejections.read()),
    close: () => at.remove(),
  }
}

export function columnsOf(file: TextFile): Column[] {
  return file.names.map((name, at) => ({
    name,
    type: typeOf(file.sample.map((row) => row[at] ?? null)),
    ...(/ \(\d+\)$/.test(name) && file.names.includes(name.replace(/ \(\d+\)$/, ''))
      ? { isRepeated: true }
      : {}),
  }))
}

interface Scanning {
  readonly options: SourceOptions
  readonly rejections: ReturnType<typeof rejectionList>
}

async function* scan(
  at: Files,
  names: readonly string[],
  { options, rejections }: Scanning,
): AsyncGenerator<Batch, void, undefined> {
  rejections.clear()
  let [position, before] = [0, 0]
  for (const file of at.files) {
    const onReject = (rejected: Rejected): void =>
      rejections.add(at.files.length === 1 ? rejected : { ...rejected, file: file.path })
    let inFile = 0
    const onBytes = (count: number): void => {
      inFile = count
    }
    for await (const rows of rowsOf(file, names, { options, onReject, onBytes })) {
      options.signal?.throwIfAborted()
      yield { rows, firstPosition: position }
      position += rows.length
      options.onProgress?.({ rows: position, share: (before + inFile) / at.bytes })
    }
    before += inFile
  }
}

interface Reading {
  readonly options: SourceOptions
  onReject(this: void, rejected: Rejected): void
  onBytes(this: void, count: number): void
}

function rowsOf(
  file: TextFile,
  names: readonly string[],
  reading: Reading,
): AsyncGenerator<Row[], void, undefined> {
  const { signal } = reading.options
  const bytes = bytesOf(file.path, file.compression, { onBytes: reading.onBytes, ...(signal && { signal }) })
  return rowsIn(file, names, { bytes, onReject: reading.onReject })
}

interface Bytes {
  readonly bytes: AsyncIterable<Uint8Array>
  /** They are those of a file that is being written. */
  readonly isLive?: boolean
  onReject(this: void, rejected: Rejected): void
}

/** The named columns of the rows in some bytes, which are those of `file` or are written to it right now. */
export async function* rowsIn(
  file: TextFile,
  names: readonly string[],
  { bytes, onReject, isLive = false }: Bytes,
): AsyncGenerator<Row[], void, undefined> {
  const places = placesOf(file, names)
  const { layout } = file
  if (layout.format === 'jsonl') {
    // A member that the beginning of the file does not have may come later.
    const paths = places.map((place, at) => file.paths[place] ?? (names[at] ?? '').split('.'))
    for await (const records of jsonRecords({ chunks: textOf(bytes, file.encoding), onReject }))
      yield records.map(({ value }) => paths.map((path) => cellAt(value, path)))
    return
  }
  const isUtf8 = file.encoding === 'utf-8'
  const chunks = isUtf8 ? bytes : textOf(bytes, file.encoding)
  const counted = withCount(file, onReject)
  let isHeader = true
  for await (const records of csvRecords({
    name: file.path,
    layout,
    chunks,
    isUtf8,
    isLive,
    onReject: counted,
  })) {
    const rows = isHeader ? records.slice(1) : records
    isHeader &&= records.length === 0
    yield rows.map((record) => places.map((place) => record[place] || null))
  }
}

/** The parser says how many columns a broken row has, the header how many it should have. */
function withCount(file: TextFile, onReject: (rejected: Rejected) => void): (rejected: Rejected) => void {
  return ({ line, why }) =>
    onReject({ line, why: why.endsWith(' columns') ? `${why} instead of ${file.names.length}` : why })
}

/** Several files may have their columns in another order each. Throws `SOURCE_INVALID` where one lacks a column. */
export function placesOf(file: TextFile, names: readonly string[]): number[] {
  return names.map((name) => {
    const place = file.names.indexOf(name)
    if (place === -1 && file.layout.format === 'csv')
      throw new OncewardError(
        'SOURCE_INVALID',
        `${file.path} has no column ${JSON.stringify(name)}, which the first file has.`,
      )
    return place
  })
}
