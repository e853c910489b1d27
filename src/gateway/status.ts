import type { Dispatcher } from 'undici'
import { packAnswer } from '../http/answer.ts'
import type { Answer } from '../http/message.ts'
import type { OperationOptions } from '../ledger/onceward.ts'
import type { Safety, VerifyAnswer, VerifyQuestion } from '../ledger/safety.ts'
import { operationOf } from '../http/decisions.ts'
import type { GatewayRules } from './decisions.ts'
import type { GatewayConfig, PolicyConfig, VerifiableRoute } from './schema.ts'

export interface Asking {
  /** Made when it is first wanted: the ledger is opened before there are connections. */
  readonly pool: () => Dispatcher
  readonly rules: GatewayRules
  readonly maxAnswerBytes: number
}

/**
 * What the ledger is to know of the guarded operations, so that sweeps ask the upstream with no client present.
 * Operations are named as the engine names them.
 */
export function gatewayOperations(config: GatewayConfig, asking: Asking): Record<string, OperationOptions> {
  const entries = config.routes
    .filter(({ guard, safety }) => guard && safety.kind !== 'blind')
    .flatMap((route) =>
      route.methods.map((method) => {
        const operation = operationOf({ method, target: route.path, template: route.path })
        return [operation, { safety: safetyOf(route, asking) }] as const
      }),
    )
  return Object.fromEntries(entries)
}

export function safetyOf({ safety, answerMs }: PolicyConfig, asking: Asking): Safety {
  switch (safety.kind) {
    case 'blind':
      return safety
    case 'keyed': {
      const { keyLifetimeMs } = safety
      return keyLifetimeMs === undefined
        ? safety
        : { kind: 'keyed', keyLifetimeMs, requestTimeoutMs: Math.min(answerMs, keyLifetimeMs / 2) }
    }
    case 'verifiable':
      return {
        kind: 'verifiable',
        settleMs: safety.settleMs,
        verify: (question) => ask(safety, question, asking),
      }
  }
}

/** Asks the upstream; its status answer is what is replayed where the request has been carried out. */
async function ask(route: VerifiableRoute, question: VerifyQuestion, asking: Asking): Promise<VerifyAnswer> {
  const key = clientsKey(question.key)
  if (key === undefined) return { happened: 'unknown' }
  const path = route.statusPath.replaceAll('{key}', encodeURIComponent(key))
  const token = route.tokenEnv === undefined ? undefined : process.env[route.tokenEnv]
  const { statusCode, headers, body } = await asking.pool().request({
    method: 'GET',
    path,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: question.signal,
  })
  const meaning = asking.rules.statusMeans(route, statusCode)
  if (meaning !== 'happened') {
    await body.dump()
    return { happened: meaning === 'did-not-happen' ? false : 'unknown' }
  }
  const bytes = new Uint8Array(await body.arrayBuffer())
  if (bytes.byteLength > asking.maxAnswerBytes) return { happened: 'unknown' }
  const answer: Answer = {
    status: route.answerStatus ?? statusCode,
    headers: asking.rules.responseHeaders(headers),
    body: bytes,
  }
  return {
    happened: true,
    value: packAnswer(answer, (name) => name === 'content-type' || name === 'location'),
  }
}

/** The engine keeps a key beside its caller; one that was too long only by its digest, and that cannot be asked for. */
function clientsKey(key: string | readonly string[]): string | undefined {
  return Array.isArray(key) && key.length === 2 ? (key[1] as string) : undefined
}
