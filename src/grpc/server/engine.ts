import { createEngineWith, type HttpEngine } from '../../http/engine.ts'
import type { ProblemInit, ProblemType } from '../../http/index.ts'
import type { Admission, HttpRequest } from '../../http/index.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import { systemRuntime } from '../../system.ts'
import { fromHttp, type GrpcAnswer, toHttp } from '../message.ts'
import { grpcStatus, metadataNames } from '../status.ts'
import { type GrpcServerRules, grpcServerRules } from './decisions.ts'
import { guardedMethod, type GrpcServerCall, type GrpcServerOptions, httpOptionsOf } from './options.ts'

/** What both server interceptors share: the engine of `onceward/http`, whose refusals are statuses here. */
export interface GrpcEngine {
  readonly http: HttpEngine<GrpcServerCall>
  readonly rules: GrpcServerRules
  /** The metadata entry of the key, in lower case. */
  readonly header: string
  admit(call: GrpcServerCall): Admission<GrpcServerCall>
  /** A refusal that only gRPC knows. */
  refusal(type: ProblemType, detail: string): GrpcAnswer
}

/** Throws `OPTION_INVALID`. */
export function createGrpcEngine(
  once: Onceward,
  options: GrpcServerOptions,
  rules: GrpcServerRules = grpcServerRules,
): GrpcEngine {
  const problem = (type: ProblemType, init: ProblemInit): ReturnType<typeof toHttp> =>
    toHttp(problemAnswer(rules, type, init))
  const given = {
    once,
    runtime: systemRuntime,
    rules,
    problem,
  }
  const parsed = httpOptionsOf(options, rules)
  const http = createEngineWith<GrpcServerCall>(given, parsed)
  return {
    http,
    rules,
    header: String(parsed.header).toLowerCase(),
    admit: (call) => http.admit(requestOf(call)),
    refusal: (type, detail) => fromHttp(problem(type, { detail })),
  }
}

function requestOf(call: GrpcServerCall): HttpRequest<GrpcServerCall> {
  return {
    method: guardedMethod,
    target: call.path,
    header: (name) => call.metadata(name),
    native: call,
  }
}

function problemAnswer(rules: GrpcServerRules, type: ProblemType, init: ProblemInit): GrpcAnswer {
  const { detail, retryAfterMs, ref } = init
  return {
    code: rules.statusOfProblem(type),
    details: detail,
    header: [],
    trailer: [
      [metadataNames.problem, type],
      ...(ref === undefined ? [] : [[metadataNames.ref, ref] as const]),
      ...(retryAfterMs === undefined ? [] : [[metadataNames.pushback, String(retryAfterMs)] as const]),
    ],
  }
}

/** The answer as a replay: said in the initial metadata, and in the trailers, which is all that errors have. */
export function asReplay(answer: GrpcAnswer): GrpcAnswer {
  const mark = [metadataNames.replayed, 'true'] as const
  return answer.code === grpcStatus.OK
    ? { ...answer, header: [...answer.header, mark] }
    : { ...answer, trailer: [...answer.trailer, mark] }
}
