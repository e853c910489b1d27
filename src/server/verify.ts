import type { OperationOptions } from '../ledger/onceward.ts'
import type { VerifyAnswer, VerifyQuestion } from '../ledger/safety.ts'

/** An operation whose target can be asked what became of a key, as the configuration says. */
export interface VerifiedOperation {
  /** `{key}` stands for the key, its parts joined by `/`; `{effectKey}` for the key that the target was sent. */
  readonly statusUrl: string
  readonly settleMs: number
  readonly happened: readonly number[]
  readonly didNotHappen: readonly number[]
  /** Environment variable with a bearer token for asking. */
  readonly tokenEnv?: string
}

const maxAnswerBytes = 64 * 1024

/** What the ledger is to know of them, so that its sweeps ask with no caller present. Others wait for their owners. */
export function operationsOf(
  verified: ReadonlyMap<string, VerifiedOperation>,
): Readonly<Record<string, OperationOptions>> {
  return Object.fromEntries(
    [...verified].map(([name, operation]) => [
      name,
      {
        safety: {
          kind: 'verifiable',
          settleMs: operation.settleMs,
          verify: (question: VerifyQuestion) => ask(operation, question),
        },
      },
    ]),
  )
}

/** Anything but the statuses that were named says nothing. */
async function ask(
  operation: VerifiedOperation,
  { key, effectKey, signal }: VerifyQuestion,
): Promise<VerifyAnswer> {
  const { statusUrl, tokenEnv, happened, didNotHappen } = operation
  const parts = typeof key === 'string' ? [key] : key
  const url = statusUrl
    .replaceAll('{key}', parts.map((part) => encodeURIComponent(part)).join('/'))
    .replaceAll('{effectKey}', encodeURIComponent(effectKey))
  const token = tokenEnv === undefined ? undefined : process.env[tokenEnv]
  const response = await fetch(url, {
    signal,
    redirect: 'error',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })
  const text = await response.text()
  if (didNotHappen.includes(response.status)) return { happened: false }
  if (!happened.includes(response.status)) return { happened: 'unknown' }
  return { happened: true, ...(text.length > maxAnswerBytes ? {} : { value: valueOf(text) }) }
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
