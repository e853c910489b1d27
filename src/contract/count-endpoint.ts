import { compile } from 'json-p3'
import { messageOf, OncewardError, optionInvalid } from '../kernel/errors.ts'
import { isAccepted, jsonOf, textOfAnswer } from './answer.ts'
import type { EffectCounter } from './counting.ts'
import { type Bounds, type HeaderList, send } from './send.ts'
import { fill, hasPlaceholder, type Payload } from './template.ts'

export interface CountEndpoint {
  /** May hold `{{uuid}}` or `{{n}}`: then it is asked for each payload. */
  readonly url: string
  /** RFC 9535. May hold them as well. */
  readonly path: string
  readonly headers: HeaderList
}

const placeholders = { uuid: '00000000-0000-4000-8000-000000000000', n: 0 }

/**
 * Counts by asking the service for its effects. A path that names one number gives it, one that names one list its
 * length, any other the number of nodes it selects. JSONPath is parsed and walked by json-p3; nothing is evaluated.
 */
export function countEndpoint({ url, path, headers }: CountEndpoint, bounds: Bounds): EffectCounter {
  const isPerPayload = hasPlaceholder(url) || hasPlaceholder(path)
  parsePath(fill(path, placeholders))
  parseUrl(fill(url, placeholders))
  const ask = async (at: Pick<Payload, 'uuid' | 'n'>): Promise<number> => {
    const target = parseUrl(fill(url, at))
    const answer = await send({ url: target, method: 'GET', headers, body: Buffer.alloc(0) }, bounds)
    if (answer.kind === 'unanswered')
      throw new OncewardError('TARGET_UNREACHABLE', `--count-url ${target.href} gave ${answer.why}.`)
    if (isPerPayload && answer.status === 404) return 0
    const value = isAccepted(answer) ? jsonOf(answer) : undefined
    if (value === undefined)
      throw optionInvalid('--count-url', 'a URL that answers a GET with 2xx and JSON', textOfAnswer(answer))
    return numberAt(fill(path, at), value)
  }
  return {
    how: `${path} of ${url}`,
    count: async (payloads) => {
      if (!isPerPayload || payloads.length === 0) return ask(placeholders)
      const counts = await Promise.all(payloads.map(ask))
      return counts.reduce((sum, count) => sum + count, 0)
    },
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw optionInvalid('--count-url', 'an http or https URL', text)
}

function parsePath(path: string): ReturnType<typeof compile> {
  try {
    return compile(path)
  } catch (error) {
    throw optionInvalid('--count-path', `a JSONPath such as $.orders[*] (${messageOf(error)})`, path)
  }
}

function numberAt(path: string, document: unknown): number {
  const query = parsePath(path)
  const values = query.query(document as Parameters<typeof query.query>[0]).values() as unknown[]
  const [only] = values
  if (values.length === 1 && query.singularQuery()) {
    if (typeof only === 'number') return only
    if (Array.isArray(only)) return only.length
  }
  return values.length
}
