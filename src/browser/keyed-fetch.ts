import type { Intent } from './intent.ts'
import { isFinalStatus, isRetriedStatus, retryAfterMs, waitMs } from './rules.ts'

export interface KeyedInit extends RequestInit {
  /** How often to send at most, the first time included. Default 5. */
  readonly tries?: number
  /** How long to wait for one answer to begin, in ms. Default 30,000. */
  readonly timeoutMs?: number
  /** The longest `Retry-After` to wait for, in ms. What asks for more is handed back at once. Default 60,000. */
  readonly maxWaitMs?: number
  /** Whether an answer is the last word. Default: 2xx, 3xx and 4xx less 408, 409, 425 and 429. */
  readonly isFinal?: (response: Response) => boolean
}

const header = 'Idempotency-Key'
/** A timer that is set for longer than some 24 days fires at once. */
const longestMs = 2e9

/**
 * `fetch` that sends the key of `intent` with every try, and tries again what may end better: no answer, 408, 425, 429,
 * 500, 502, 503, 504, and 409 with `Retry-After`. After a failure without network it waits for the network.
 *
 * Gives the last answer; throws what `fetch` threw last, or the reason of `signal`. A final answer ends the intent.
 * The key goes out as a structured field (draft-07 §2.1), unless the header is there already: set it for servers that want it bare.
 */
export async function keyedFetch(
  intent: Intent,
  input: RequestInfo | URL,
  init: KeyedInit = {},
): Promise<Response> {
  const { tries = 5, timeoutMs = 30_000, maxWaitMs = 60_000, isFinal = isFinalAnswer, ...own } = init
  const { key } = intent
  const request = new Request(input, own)
  if (!request.headers.has(header)) request.headers.set(header, JSON.stringify(key))
  for (let tried = 1; ; tried += 1) {
    const { response, error } = await send(request, timeoutMs)
    if (response && isFinal(response)) {
      if (intent.key === key) intent.end()
      return response
    }
    const headers = response?.headers
    const retryAfter = headers?.get('retry-after') ?? null
    const afterMs = retryAfterMs(retryAfter, headers?.get('date') ?? null, Date.now())
    const isOver = tried >= tries || afterMs > Math.min(maxWaitMs, longestMs)
    if (response && (isOver || !isRetriedStatus(response.status, retryAfter))) return response
    if (isOver) throw error
    await until(request.signal, (done) => setTimeout(done, waitMs(tried, afterMs, Math.random())))
    // A browser that thinks it is offline may be wrong: it is believed only once a try has failed.
    if (!response && !navigator.onLine)
      await until(request.signal, (done) => addEventListener('online', done, { once: true }))
  }
}

interface Sent {
  readonly response?: Response
  readonly error?: unknown
}

/** One try. The copy keeps the very bytes for the next: another multipart boundary would be another request. */
async function send(request: Request, timeoutMs: number): Promise<Sent> {
  const timeout = new AbortController()
  const timer = setTimeout(
    () => timeout.abort(new DOMException('No answer in time', 'TimeoutError')),
    timeoutMs,
  )
  try {
    return {
      response: await fetch(request.clone(), { signal: AbortSignal.any([request.signal, timeout.signal]) }),
    }
  } catch (error) {
    request.signal.throwIfAborted()
    return { error }
  } finally {
    clearTimeout(timer)
  }
}

function isFinalAnswer({ status, headers }: Response): boolean {
  return isFinalStatus(status, headers.get('link'))
}

/** Waits for what `start` begins, or until `signal` says to stop. */
function until(signal: AbortSignal, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    start(resolve)
  })
}
