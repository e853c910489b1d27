import { once as event } from 'node:events'
import type { ServerResponse } from 'node:http'

/** Answers piece by piece, waiting where the client is slower. Rejects where the source breaks off. */
export async function writePieces(
  response: ServerResponse,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const piece of pieces) {
    if (!response.write(piece)) await event(response, 'drain')
  }
  response.end()
}
