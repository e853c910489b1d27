import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import {
  type EnvelopeHead,
  type EnvelopeOptions,
  envelopeDigest,
  maxHeadBytes,
  packEnvelopeStream,
  readEnvelopeHead,
  readEnvelopeTail,
} from './envelope.ts'
import type { Integrity } from './integrity.ts'
import type { Flaw } from './rules.ts'
import { nodeNames } from './statement.ts'

/** A file whose content has been checked. Close it. */
export interface EnvelopeFile {
  readonly contentType: string
  /** Of the content. */
  readonly bytes: number
  /** The content, from its beginning. It is held to the digest once more on the way: a file may change meanwhile. */
  content(): AsyncGenerator<Uint8Array, void, undefined>
  close(): Promise<void>
}

const pieceBytes = 256 * 1024

/** Writes a file in one pass, with little memory. A crash in the middle leaves a file without a tail, which is refused. */
export async function writeEnvelopeFile(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: EnvelopeOptions = {},
): Promise<void> {
  await pipeline(packEnvelopeStream(pieces, options), createWriteStream(path, { flush: true }))
}

/**
 * Reads the whole file once, a piece at a time, before it gives anything of it: a stream that is checked at its end has
 * been handed on by then. Throws `PAYLOAD_ALTERED`.
 */
export async function openEnvelopeFile(path: string, integrity: Integrity): Promise<EnvelopeFile> {
  const handle = await open(path, 'r')
  try {
    const fileBytes = (await handle.stat()).size
    const refuse = (why: Flaw): never => integrity.refuse({ method: 'file', why, bytes: fileBytes })
    const start = Buffer.alloc(Math.min(maxHeadBytes, fileBytes))
    await handle.read(start, 0, start.length, 0)
    const head = readEnvelopeHead(start)
    if (head === undefined || fileBytes < head.headBytes + head.tailBytes) return refuse('malformed')
    const checked: Checked = {
      handle,
      head,
      contentBytes: fileBytes - head.headBytes - head.tailBytes,
      refuse,
    }
    for await (const _ of checkedContent(checked));
    integrity.sizes.record('file', fileBytes)
    return {
      contentType: head.contentType,
      bytes: checked.contentBytes,
      content: () => checkedContent(checked),
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

interface Checked {
  readonly handle: FileHandle
  readonly head: EnvelopeHead
  readonly contentBytes: number
  readonly refuse: (why: Flaw) => never
}

/** Yields the content and throws at the end where it is not what the tail states. */
async function* checkedContent(file: Checked): AsyncGenerator<Uint8Array, void, undefined> {
  const { handle, head, contentBytes, refuse } = file
  const end = head.headBytes + contentBytes
  const hash = createHash(nodeNames[head.algorithm])
  hash.update(await readAt(handle, 0, head.headBytes))
  for (let at = head.headBytes; at < end; ) {
    const piece = await readAt(handle, at, Math.min(pieceBytes, end - at))
    if (piece.length === 0) return refuse('cut')
    hash.update(piece)
    at += piece.length
    yield piece
  }
  const tail = await readAt(handle, end, head.tailBytes)
  if (tail.length < head.tailBytes) return refuse('cut')
  const stated = readEnvelopeTail(tail)
  // A cut file's tail is whatever lies there: where its length makes no sense, the end is not the end.
  if (stated.bytes > contentBytes) refuse('cut')
  if (stated.bytes < contentBytes) refuse('padded')
  if (!envelopeDigest(hash, stated.bytes).equals(stated.digest)) refuse('altered')
}

async function readAt(handle: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, at + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
