import type { Burst } from '../activity/live.ts'
import { Problem } from '../problems.ts'
import type { Route } from '../route.ts'
import { scopeQuery } from '../schema/parts.ts'

const aliveEveryMs = 15_000
/** Chunks that a listener may be behind; then it is let go, and its page connects again. */
const maxBehind = 64

export const live: Route = {
  method: 'GET',
  path: '/v1/live',
  id: 'live',
  summary:
    'Events as they happen, as server-sent events: `ledger` with one event of docs/guide, `skipped` with how many were too many.',
  role: 'viewer',
  query: { scope: scopeQuery },
  responses: {
    200: { description: 'An endless stream.', schema: { type: 'string' }, contentType: 'text/event-stream' },
  },
  handle: ({ services, scope, signal }) => {
    const feed = services.feedOf(scope)
    if (services.listeners() >= services.config.limits.listeners)
      throw new Problem('too-many-requests', `At most ${services.config.limits.listeners} listen at once.`, {
        retryAfterMs: 5000,
      })
    let leave = (): void => undefined
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const alive = services.runtime
          let timer = alive.setTimer(aliveEveryMs, tick, { background: true })
          function tick(): void {
            controller.enqueue(encoder.encode(':\n\n'))
            timer = alive.setTimer(aliveEveryMs, tick, { background: true })
          }
          const end = (): void => {
            leave()
            try {
              controller.close()
            } catch {
              // The client has closed it already.
            }
          }
          const deaf = feed.listen((burst) => {
            if ((controller.desiredSize ?? 0) < -maxBehind) {
              end()
              return false
            }
            controller.enqueue(bytesOf(burst))
            return true
          }, end)
          leave = () => {
            timer.cancel()
            signal.removeEventListener('abort', end)
            deaf()
          }
          signal.addEventListener('abort', end)
          controller.enqueue(encoder.encode('retry: 2000\n:\n\n'))
        },
        cancel: () => leave(),
      },
      { highWaterMark: 0 },
    )
    return new Response(body, {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    })
  },
}

const encoder = new TextEncoder()
const written = new WeakMap<Burst, Uint8Array>()

/** Written out once for all listeners. */
function bytesOf(burst: Burst): Uint8Array {
  const known = written.get(burst)
  if (known !== undefined) return known
  const lines = burst.events.map((event) => `event: ledger\ndata: ${JSON.stringify(event)}\n\n`)
  if (burst.skipped > 0) lines.push(`event: skipped\ndata: ${burst.skipped}\n\n`)
  const bytes = encoder.encode(lines.join(''))
  written.set(burst, bytes)
  return bytes
}
