import { request } from 'undici'
import { messageOf, OncewardError } from '../../kernel/errors.ts'
import { pause } from '../watch/pause.ts'
import type { ListSettings } from './options.ts'

export interface Page {
  readonly body: unknown
  readonly link: string | undefined
}

const maxPageBytes = 64 << 20
const baseMs = 250
const capMs = 60_000
/** Said by a server that may answer another time: a list is only read, so asking again is safe. */
const passing: readonly number[] = [408, 425, 429, 500, 502, 503, 504]

/**
 * One page, asked for again where the answer is of the passing kind. Redirects are not followed: they could carry a
 * secret elsewhere. Throws `SOURCE_UNAVAILABLE` or `SOURCE_INVALID`, with the name of the list alone.
 */
export async function fetchPage(
  url: URL,
  name: string,
  { settings, signal }: { readonly settings: ListSettings; readonly signal: AbortSignal | undefined },
): Promise<Page> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryPage(url, name, { settings, signal })
    if (outcome.kind === 'page') return outcome.page
    signal?.throwIfAborted()
    const waitMs = outcome.retryAfterMs ?? Math.random() * Math.min(capMs, baseMs * 2 ** attempt)
    if (attempt >= settings.attempts || waitMs > capMs) {
      const message = `${name} cannot be read: ${outcome.why}, ${attempt} attempts.`
      throw new OncewardError('SOURCE_UNAVAILABLE', message)
    }
    await pause(waitMs, signal)
  }
}

type Outcome =
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'again'; readonly why: string; readonly retryAfterMs?: number }

async function tryPage(
  url: URL,
  name: string,
  { settings, signal }: { readonly settings: ListSettings; readonly signal: AbortSignal | undefined },
): Promise<Outcome> {
  const limit = AbortSignal.timeout(settings.timeoutMs)
  let answer: Awaited<ReturnType<typeof request>>
  let text: string
  try {
    answer = await request(url, {
      headers: { ...settings.headers, 'accept-encoding': 'identity' },
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    })
    text = await boundedText(answer.body, name)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof OncewardError) throw error
    return { kind: 'again', why: limit.aborted ? `no answer in ${settings.timeoutMs} ms` : messageOf(error) }
  }
  const { statusCode, headers } = answer
  if (passing.includes(statusCode)) {
    const retryAfterMs = retryAfter(headers['retry-after'])
    const why = `it answered ${statusCode}`
    return { kind: 'again', why, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  }
  if (statusCode === 401 || statusCode === 403)
    throw new OncewardError('SOURCE_UNAVAILABLE', `${name} refuses: it answered ${statusCode}.`)
  if (statusCode !== 200)
    throw new OncewardError('SOURCE_INVALID', `${name} answered ${statusCode} instead of 200.`)
  const link = headers['link']
  return {
    kind: 'page',
    page: { body: parsed(text, name), link: Array.isArray(link) ? link.join(', ') : link },
  }
}

async function boundedText(body: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxPageBytes)
      throw new OncewardError('SOURCE_INVALID', `${name}: a page of it has more than ${maxPageBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

interface WithRaw {
  rawJSON(text: string): unknown
}

/** Numbers keep the digits that they were sent with: an id may be longer than a number of JavaScript is exact. */
function parsed(text: string, name: string): unknown {
  const keep = (_: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined
      ? (JSON as unknown as WithRaw).rawJSON(context.source)
      : value
  try {
    return JSON.parse(text, keep)
  } catch (error) {
    throw new OncewardError('SOURCE_INVALID', `${name} answered with what is no JSON.`, { cause: error })
  }
}

function retryAfter(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const ms = Date.parse(header)
  return Number.isNaN(ms) ? undefined : Math.max(0, ms - Date.now())
}
