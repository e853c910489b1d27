import { messageOf, OncewardError } from '../../kernel/errors.ts'
import { timestamp } from '../../kernel/time.ts'
import { type Collected, type Collecting, linesOf } from './collected.ts'

const maxMetrics = 60
const maxSeries = 20
const maxPoints = 1000
const maxBodyBytes = 32 << 20
const timeoutMs = 20_000

/** Of thousands of metrics, those that the signals look at. */
const wanted =
  /pool|connections?_(active|used|wait|max|pending)|queue|backlog|lag|dedup|idempoten|duplicate|retr(y|ies)|failover|replica|leader|(message|msg|request|batch|payload|received)_\w*(size|bytes)|negative|restarts?|workers|in_?flight|evict|expired_keys|conflict/i

/** Range queries over the window, at most a thousand points each. */
export async function collectPrometheus(url: string, collecting: Collecting): Promise<Collected[]> {
  const { window } = collecting
  const names = await get(url, '/api/v1/label/__name__/values', collecting)
  const chosen = strings(names)
    .filter((name) => wanted.test(name))
    .slice(0, maxMetrics)
  const stepSeconds = Math.max(60, Math.ceil((window.toMs - window.fromMs) / 1000 / maxPoints))
  const rows: Record<string, unknown>[] = []
  for (const name of chosen) {
    const query = new URLSearchParams({
      query: `topk(${maxSeries}, {__name__=${JSON.stringify(name)}})`,
      start: String(window.fromMs / 1000),
      end: String(window.toMs / 1000),
      step: String(stepSeconds),
    })
    const data = await get(url, `/api/v1/query_range?${query.toString()}`, collecting)
    for (const { metric, values } of seriesIn(data)) {
      const { __name__: _, ...labels } = metric
      for (const [at, value] of values)
        rows.push({ at: timestamp(at * 1000), name, value, labels: JSON.stringify(labels) })
    }
  }
  return rows.length === 0 ? [] : [{ path: 'prometheus-metrics.jsonl', text: linesOf(rows) }]
}

interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [number, string])[]
}

async function get(base: string, path: string, { print, signal }: Collecting): Promise<unknown> {
  const url = new URL(base)
  const { username, password } = url
  url.username = ''
  url.password = ''
  const target = new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url)
  print(`GET ${target.href}`)
  const headers: Record<string, string> =
    username === ''
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
        }
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    // A redirect would carry the credentials to somebody else.
    const answer = await fetch(target, {
      headers,
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
    if (!answer.ok) throw new Error(`it answers ${answer.status}`)
    const document = JSON.parse(await boundedText(answer)) as { data?: unknown }
    return document.data
  } catch (error) {
    signal?.throwIfAborted()
    throw new OncewardError('SOURCE_UNAVAILABLE', `Prometheus at ${url.origin}: ${messageOf(error)}`)
  }
}

async function boundedText(answer: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of answer.body ?? []) {
    const chunk = part as Uint8Array
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new Error('its answer is larger than 32 MiB')
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function seriesIn(data: unknown): readonly Series[] {
  const result = (data as { result?: unknown } | undefined)?.result
  return Array.isArray(result)
    ? (result as Series[]).filter(({ metric, values }) => typeof metric === 'object' && Array.isArray(values))
    : []
}
