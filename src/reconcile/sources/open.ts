import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { examineFile, type ParquetFile, type TextFile } from './examine.ts'
import { locate, type Place } from './locate.ts'
import { nodeFiles } from './node-files.ts'
import { encodings, type Source, type SourceOptions } from './source.ts'
import { oneOf } from '../../kernel/check.ts'

/** From here on DuckDB reads files, and where it is not installed says what to install. */
const nodeMaxBytes = 200_000_000

/**
 * Opens what `source` names: a file, several, a glob, `-`, or `postgres://…?table=NAME` (or `?query=SELECT…`). Close it when done.
 * Throws `OPTION_INVALID` for what names nothing, `SOURCE_INVALID` for data that cannot be read, `SOURCE_UNAVAILABLE`
 * for a database that cannot be reached, `DEPENDENCY_MISSING` where a driver is not installed.
 */
export async function openSource(
  source: string | readonly string[],
  options: SourceOptions = {},
): Promise<Source> {
  checkOptions(options)
  const place = await locate(typeof source === 'string' ? [source] : source)
  if (place.kind === 'files') return openFiles(place, options)
  const { postgresSource } = await import('./postgres.ts')
  return postgresSource(place, options)
}

async function openFiles(place: Extract<Place, { kind: 'files' }>, options: SourceOptions): Promise<Source> {
  const { name, bytes, remove } = place
  try {
    const files: (TextFile | ParquetFile)[] = []
    for (const path of place.paths) files.push(await examineFile(path, options))
    const texts = files.filter((file) => file.kind === 'text')
    const [first] = texts
    if (texts.some((file) => file.layout.format !== first?.layout.format))
      throw new OncewardError('SOURCE_INVALID', `${name} has files of several formats; name those of one.`)
    const isNode = texts.length === files.length && engineFor(bytes, options) === 'node'
    if (isNode) return nodeFiles({ name, files: texts, bytes, remove }, options)
    if (options.engine === 'node') throw optionInvalid('--engine', 'duckdb for Parquet files', 'node')
    const { duckdbFiles } = await import('./duckdb-files.ts')
    return await duckdbFiles({ name, files, remove }, options)
  } catch (error) {
    await remove()
    throw error
  }
}

function engineFor(bytes: number, { engine = 'auto' }: SourceOptions): 'node' | 'duckdb' {
  if (engine !== 'auto') return engine
  return bytes < nodeMaxBytes ? 'node' : 'duckdb'
}

function checkOptions({ engine, delimiter, quote, encoding, memory }: SourceOptions): void {
  if (engine !== undefined) oneOf(engine, ['auto', 'node', 'duckdb'], '--engine')
  if (encoding !== undefined) oneOf(encoding, encodings, '--encoding')
  if (delimiter !== undefined && delimiter.length !== 1)
    throw optionInvalid('--delimiter', 'one character', delimiter)
  if (quote !== undefined && quote !== 'none' && quote.length !== 1)
    throw optionInvalid('--quote', 'one character, or none', quote)
  if (memory !== undefined && !/^\d+(\.\d+)?\s*[KMGT]i?B$/i.test(memory))
    throw optionInvalid('--memory', 'a size such as 2GB', memory)
}
