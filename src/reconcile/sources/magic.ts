import type { Encoding } from './source.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** What a file's first bytes say it is. Endings are only hints: they are compared with this, never trusted. */
export type Magic =
  | { readonly kind: 'parquet' }
  | { readonly kind: 'foreign'; readonly what: string }
  | { readonly kind: 'text' }

export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return 'zstd'
  return 'none'
}

/** Of the bytes as they are after decompression. */
export function magicOf(head: Uint8Array): Magic {
  const text = Buffer.from(head.subarray(0, 16)).toString('latin1')
  if (text.startsWith('PAR1')) return { kind: 'parquet' }
  if (text.startsWith('PK\u0003\u0004'))
    return foreign('a ZIP archive, or an Excel workbook: save it as CSV first')
  if (text.startsWith('SQLite format 3')) return foreign('a SQLite database: export its table as CSV first')
  if (text.startsWith('%PDF')) return foreign('a PDF')
  if (text.startsWith('\u00d0\u00cf\u0011\u00e0'))
    return foreign('an old Excel workbook: save it as CSV first')
  if (text.startsWith('Obj\u0001')) return foreign('an Avro file')
  if (text.startsWith('ORC')) return foreign('an ORC file')
  if (text.startsWith('BZh')) return foreign('compressed with bzip2, which is not read here')
  if (text.startsWith('\u00fd7zXZ')) return foreign('compressed with xz, which is not read here')
  return isBinary(head) ? foreign('binary, and no text') : { kind: 'text' }
}

function foreign(what: string): Magic {
  return { kind: 'foreign', what }
}

/** NUL in text means UTF-16 or no text at all. */
function isBinary(head: Uint8Array): boolean {
  if (!head.includes(0)) return false
  return !guessEncoding(head).encoding.startsWith('utf-16')
}

export interface EncodingGuess {
  readonly encoding: Encoding
  /** Of the byte-order mark. */
  readonly bomBytes: number
}

/** By the byte-order mark; else by where the zero bytes are; else UTF-8 where the bytes are that, and Latin-1 if not. */
export function guessEncoding(head: Uint8Array): EncodingGuess {
  if (startsWith(head, [0xef, 0xbb, 0xbf])) return { encoding: 'utf-8', bomBytes: 3 }
  if (startsWith(head, [0xff, 0xfe])) return { encoding: 'utf-16le', bomBytes: 2 }
  if (startsWith(head, [0xfe, 0xff])) return { encoding: 'utf-16be', bomBytes: 2 }
  const utf16 = utf16ByZeros(head)
  if (utf16 !== undefined) return { encoding: utf16, bomBytes: 0 }
  return { encoding: isUtf8(head) ? 'utf-8' : 'latin1', bomBytes: 0 }
}

/** Latin letters in UTF-16 are every other byte a zero, always on the same side. */
function utf16ByZeros(head: Uint8Array): Encoding | undefined {
  const pairs = Math.floor(Math.min(head.length, 4096) / 2)
  if (pairs < 2) return undefined
  let [high, low] = [0, 0]
  for (let at = 0; at < pairs; at++) {
    if (head[2 * at] === 0) high++
    if (head[2 * at + 1] === 0) low++
  }
  if (low > pairs * 0.4 && high === 0) return 'utf-16le'
  if (high > pairs * 0.4 && low === 0) return 'utf-16be'
  return undefined
}

/** The last bytes may be the beginning of a character. */
function isUtf8(head: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

function startsWith(head: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, at) => head[at] === byte)
}
