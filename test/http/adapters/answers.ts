import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Pipes, as handlers do. Rejects where the source breaks off or the response is closed. */
export function writePieces(response: ServerResponse, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  return pipeline(Readable.from(pieces), response)
}
