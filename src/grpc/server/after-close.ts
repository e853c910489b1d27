import { setImmediate } from 'node:timers/promises'

/**
 * Resolves when a request that seems to have ended has shown whether it was cut instead. Node ends the readable side of
 * an HTTP/2 stream that is reset or loses its connection as if the client had ended it, and tells of the close in the
 * same turn of the event loop: half a client stream would be taken for a whole one.
 */
export function afterClose(): Promise<void> {
  return setImmediate()
}
