import { type CsvError, type Options, type Parser, parse } from 'csv-parse'
import { messageOf, OncewardError } from '../../kernel/errors.ts'
import type { Rejected } from './source.ts'

export interface CsvLayout {
  readonly delimiter: string
  readonly quote: string | null
}

interface CsvReading {
  /** For messages. */
  readonly name: string
  readonly layout: CsvLayout
  readonly chunks: AsyncIterable<Uint8Array | string>
  /** The encoding is UTF-8, so a replacement character is a byte that is none. */
  readonly isUtf8: boolean
  readonly onReject: (rejected: Rejected) => void
  /** The bytes are those of a file that is being written: what ends in a line break is whole. */
  readonly isLive?: boolean
}

/** A quote that opens and never closes would swallow the rest of the file: this is more than any honest record has. */
const maxRecordBytes = 16 << 20
export const maxLostLines = 100

/** The records of one file, the header first, as they come with each chunk. A broken record is told to `onReject` and left out. */
export async function* csvRecords(reading: CsvReading): AsyncGenerator<string[][], void, undefined> {
  let batch: string[][] = []
  let failed: Error | undefined
  let lastLine = 0
  const parser = parse({
    ...parserOptions(reading.layout),
    on_record: (record: string[], { lines }) => {
      if (reading.isUtf8 && record.some((cell) => cell.includes('\ufffd'))) {
        reading.onReject({ line: lines, why: 'bytes that are no UTF-8 (is it --encoding latin1?)' })
        return null
      }
      lastLine = lines
      batch.push(record)
      return null
    },
    on_skip: (error) => {
      if (error === undefined) return
      const isQuote = error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE'
      const line = isQuote ? lastLine + 1 : lineOf(error)
      // The last record of a file that was cut may end in an open quote; one that took many lines with it is another thing.
      if (isQuote && lineOf(error) - line > maxLostLines) failed ??= brokenQuote(reading.name, line)
      else reading.onReject({ line, why: whyOf(error) })
    },
  })
  const endsRecord = recordEnds(reading.layout)
  parser.on('error', (error) => (failed ??= error))
  // What it reads goes out through on_record; its own output is empty and must flow, or it would never end.
  parser.resume()
  for await (const chunk of reading.chunks) {
    await written(parser, chunk)
    if (failed !== undefined) break
    if (reading.isLive === true && endsRecord(chunk)) await written(parser, lookAhead)
    yield batch
    batch = []
  }
  if (failed === undefined) await ended(parser)
  parser.destroy()
  if (failed !== undefined) throw failed
  if (batch.length > 0) yield batch
}

/** The parser keeps the last bytes back until it has seen what follows: empty lines, which it skips, let it go on. */
const lookAhead = '\n'.repeat(32)

/** Whether what has been read so far ends with a record: at a line break outside of quotes. */
function recordEnds({ quote }: CsvLayout): (chunk: Uint8Array | string) => boolean {
  let isQuoted = false
  return (chunk) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1')
    if (quote !== null && (text.split(quote).length - 1) % 2 === 1) isQuoted = !isQuoted
    return !isQuoted && text.endsWith('\n')
  }
}

function parserOptions({ delimiter, quote }: CsvLayout): Options {
  return {
    bom: true,
    delimiter,
    quote: quote ?? false,
    skip_empty_lines: true,
    skip_records_with_error: true,
    relax_quotes: true,
    max_record_size: maxRecordBytes,
  }
}

function written(parser: Parser, chunk: Uint8Array | string): Promise<void> {
  return new Promise((resolve) => {
    parser.write(chunk, () => resolve())
  })
}

function ended(parser: Parser): Promise<void> {
  return new Promise((resolve) => {
    parser.once('end', resolve).once('error', () => resolve())
    parser.end()
  })
}

function lineOf(error: CsvError): number {
  const lines: unknown = error['lines']
  return typeof lines === 'number' ? lines : 0
}

function whyOf(error: CsvError): string {
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') return 'a quote that is opened and never closes'
  const found: unknown = error['record']
  const columns: unknown = error['columns']
  if (error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH' && Array.isArray(found))
    return `${found.length} columns`
  if (error.code === 'CSV_RECORD_INCONSISTENT_COLUMNS' && Array.isArray(columns))
    return `${columns.length} columns`
  return messageOf(error)
}

export function brokenQuote(name: string, line: number): OncewardError {
  const message = `${name}: a quote that is opened in line ${line} never closes. If quotes mean nothing in this file, say --quote none.`
  return new OncewardError('SOURCE_INVALID', message)
}
