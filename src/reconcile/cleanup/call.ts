import { request } from 'undici'
import { DefiniteFailure, OncewardError } from '../../kernel/errors.ts'
import type { Effect, Onceward } from '../../ledger/onceward.ts'
import type { CleanupPlan, RemovedRow } from './plan.ts'

/** What became of the calls of a plan, one for each row. */
export interface CallCounts {
  /** Answered with success, now or before. */
  readonly done: number
  /** Of those, before. */
  readonly replayed: number
  /** Refused by the service: nothing was done for these. */
  readonly failed: number
  /** Nobody knows: `onceward doubt list` shows them. */
  readonly inDoubt: number
}

interface Calling {
  readonly once?: Onceward
  readonly by: string
  readonly signal?: AbortSignal
  readonly onBatch?: (done: { readonly rows: number; readonly of: number }) => void
}

const timeoutMs = 30_000
/** It is renewed while the call lasts. Whoever goes on after a crash waits as long. */
const leaseMs = 5000
const keyLifetimeMs = 23 * 3_600_000
/** The service may have done it, or may do it when asked again. */
const unclear: readonly number[] = [408, 409, 425, 429]

/** Calls for each row that is to go, through the ledger: a row has one key, whichever plan names it. */
export async function callRows(
  plan: CleanupPlan,
  { once, by, signal, onBatch }: Calling,
): Promise<CallCounts> {
  const { action, question } = plan
  if (action.kind !== 'call') throw new Error('the plan calls nobody')
  if (once === undefined)
    throw new OncewardError('OPTION_INVALID', 'A plan of calls needs a ledger: once, or --store.')
  const counts = { done: 0, replayed: 0, failed: 0, inDoubt: 0 }
  const safety =
    action.safety === 'keyed' ? ({ kind: 'keyed', keyLifetimeMs } as const) : ({ kind: 'blind' } as const)
  const headers = headersOf(action)
  for (const planned of plan.keys) {
    for (const row of planned.remove) {
      signal?.throwIfAborted()
      const body = bodyOf(plan, planned.key, row)
      const receipt = await once.execute(
        {
          operation: 'cleanup-call',
          key: [placeOf(question.right), action.url, ...row.id],
          input: body,
          subject: `cleanup:${JSON.stringify(planned.key)}`.slice(0, 200),
          safety,
          leaseMs,
        },
        post(action.url, { body: { ...body, by }, headers }),
      )
      if (receipt.state === 'succeeded') {
        counts.done++
        if (receipt.replayed) counts.replayed++
      } else if (receipt.state === 'failed') counts.failed++
      else counts.inDoubt++
      onBatch?.({ rows: counts.done + counts.failed + counts.inDoubt, of: plan.expected.remove })
    }
  }
  return counts
}

/** Without who asks and how: the same table is the same place. */
function placeOf(source: string): string {
  if (!/^postgres/i.test(source)) return source.slice(-100)
  const url = new URL(source)
  return `${url.hostname}${url.pathname}/${url.searchParams.get('table') ?? ''}`.slice(-100)
}

function bodyOf(
  plan: CleanupPlan,
  key: readonly string[],
  row: RemovedRow,
): Record<string, string | string[]> {
  return {
    reason: 'duplicate',
    key: [...key],
    columns: [...plan.idColumns],
    remove: [...row.id],
    keep: [...row.twin],
  }
}

function headersOf({ tokenEnv }: { readonly tokenEnv?: string }): Record<string, string> {
  if (tokenEnv === undefined) return {}
  const token = process.env[tokenEnv]
  if (token === undefined || token === '')
    throw new OncewardError(
      'OPTION_INVALID',
      `--call-token: the environment variable ${tokenEnv} is not set.`,
    )
  return { authorization: `Bearer ${token}` }
}

interface Posting {
  readonly body: object
  readonly headers: Readonly<Record<string, string>>
}

function post(url: string, { body, headers }: Posting): Effect<{ status: number }> {
  return async (attempt) => {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': attempt.effectKey, ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.any([attempt.signal, AbortSignal.timeout(timeoutMs)]),
    })
    await answer.body.dump()
    const status = answer.statusCode
    if (status >= 200 && status < 300) return { status }
    if (status >= 400 && status < 500 && !unclear.includes(status))
      throw new DefiniteFailure(`it answered ${status}`, { code: `HTTP_${status}` })
    throw new Error(`it answered ${status}`)
  }
}
