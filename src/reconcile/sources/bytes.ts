import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import { messageOf, OncewardError } from '../../kernel/errors.ts'
import { type Compression, compressionOf } from './magic.ts'
import type { Encoding } from './source.ts'

export interface ByteOptions {
  readonly signal?: AbortSignal
  /** Called with the bytes read from disk so far, compressed as they are. */
  readonly onBytes?: (count: number) => void
}

/** A file's bytes, decompressed. Throws `SOURCE_INVALID` where they cannot be. */
export async function* bytesOf(
  path: string,
  compression: Compression,
  options: ByteOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 })
  const stream = compression === 'none' ? file : file.pipe(decompressor(compression, path))
  file.on('error', (error) => stream.destroy(error))
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      options.signal?.throwIfAborted()
      options.onBytes?.(file.bytesRead)
      yield chunk
    }
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    const what = compression === 'none' ? 'cannot be read' : `is no whole ${compression} file`
    throw new OncewardError('SOURCE_INVALID', `${path} ${what}: ${messageOf(error)}`, { cause: error })
  } finally {
    file.destroy()
    stream.destroy()
  }
}

/** Node has zstd from 22.15 on. */
function decompressor(compression: 'gzip' | 'zstd', path: string): Readable & NodeJS.WritableStream {
  if (compression === 'gzip') return zlib.createGunzip()
  const create = (zlib as { createZstdDecompress?: typeof zlib.createZstdDecompress }).createZstdDecompress
  if (create !== undefined) return create()
  const message = `${path} is compressed with zstd, which needs Node 22.15 or newer; this is ${process.versions.node}. Or decompress it first: zstd -d.`
  throw new OncewardError('SOURCE_INVALID', message)
}

export interface Head {
  readonly compression: Compression
  /** The first bytes, decompressed. */
  readonly bytes: Uint8Array
  /** They are all of it. */
  readonly isWhole: boolean
}

export async function headOf(path: string, maxBytes: number): Promise<Head> {
  const first = await collect(bytesOf(path, 'none'), 8)
  const compression = compressionOf(first.bytes)
  return { compression, ...(await collect(bytesOf(path, compression), maxBytes)) }
}

async function collect(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ bytes: Uint8Array; isWhole: boolean }> {
  const parts: Uint8Array[] = []
  let count = 0
  for await (const chunk of chunks) {
    parts.push(chunk)
    count += chunk.length
    if (count > maxBytes) return { bytes: Buffer.concat(parts).subarray(0, maxBytes), isWhole: false }
  }
  return { bytes: Buffer.concat(parts), isWhole: true }
}

/** Latin-1 as the web has it: its second row of control characters is Windows-1252. */
export function decoderOf(encoding: Encoding): InstanceType<typeof TextDecoder> {
  return new TextDecoder(encoding === 'latin1' ? 'windows-1252' : encoding)
}

export async function* textOf(
  chunks: AsyncIterable<Uint8Array>,
  encoding: Encoding,
): AsyncGenerator<string, void, undefined> {
  const decoder = decoderOf(encoding)
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}
