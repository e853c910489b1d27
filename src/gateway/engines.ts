import type { Onceward } from '../ledger/onceward.ts'
import type { Runtime } from '../kernel/runtime.ts'
import { createEngineWith, type HttpEngine } from '../http/engine.ts'
import { httpRules } from '../http/decisions.ts'
import type { HttpOptions } from '../http/options.ts'
import { type SentAnswer } from './collect.ts'
import type { GatewayRequest } from './context.ts'
import { failureOf } from './problems.ts'
import type { GatewayConfig, PolicyConfig } from './schema.ts'
import { type Asking, safetyOf } from './status.ts'

interface EngineNeeds {
  readonly once: Onceward
  readonly runtime: Runtime
  readonly asking: Asking
  readonly onError: (error: unknown) => void
}

/** An engine for each guarded policy. Throws `OPTION_INVALID`. */
export function enginesOf(
  config: GatewayConfig,
  needs: EngineNeeds,
): ReadonlyMap<PolicyConfig, HttpEngine<GatewayRequest>> {
  const { once, runtime } = needs
  const policies = [...config.routes, config.otherwise].filter(({ guard }) => guard)
  return new Map(
    policies.map((policy) => [
      policy,
      createEngineWith({ once, runtime, rules: httpRules }, engineOptions(config, policy, needs)),
    ]),
  )
}

function engineOptions(
  { limits, docsUrl }: GatewayConfig,
  policy: PolicyConfig,
  { asking, onError }: EngineNeeds,
): HttpOptions<GatewayRequest> {
  const { methods, profile, require, keyHeader, keyFromBody, fingerprint, ignore, replayHeaders } = policy
  const { answerMs, waitMs, retainMs, leaseMs } = policy
  return {
    caller: (request) => request.caller,
    methods,
    profile,
    require,
    fingerprint,
    ignore,
    replayHeaders,
    waitMs,
    timeoutMs: answerMs,
    maxBodyBytes: limits.bodyBytes,
    maxAnswerBytes: limits.answerBytes,
    safety: safetyOf(policy, asking),
    onError,
    outcome: (answer) => {
      const failure = failureOf(answer)
      return failure === undefined
        ? asking.rules.classOf(policy, answer as SentAnswer)
        : asking.rules.failureClass(failure)
    },
    ...(keyHeader === undefined ? {} : { header: keyHeader }),
    ...(keyFromBody === undefined ? {} : { keyFromBody }),
    ...(retainMs === undefined ? {} : { retainMs }),
    ...(leaseMs === undefined ? {} : { leaseMs }),
    ...(docsUrl === undefined ? {} : { docsUrl }),
  }
}
