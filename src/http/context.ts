import type { Runtime } from '../kernel/runtime.ts'
import type { Onceward } from '../ledger/onceward.ts'
import type { HttpRules } from './decisions.ts'
import type { Answer, HttpBody, HttpRequest, Perform } from './message.ts'
import type { ParsedHttpOptions } from './options.ts'
import type { ProblemInit, ProblemType } from './problems.ts'

/** The head of a guarded request. */
export interface Head<Native = unknown> {
  readonly request: HttpRequest<Native>
  /** Of the header; absent where only the body or a natural key can name the work. */
  readonly key?: string | undefined
}

/** What the parts of one engine share. */
export interface EngineContext<Native = unknown> {
  readonly once: Onceward
  readonly options: ParsedHttpOptions<Native>
  readonly rules: HttpRules
  readonly runtime: Runtime
  readonly problem: (type: ProblemType, init: ProblemInit) => Answer
}

/** A guarded request with all that is needed to answer it. */
export interface Guarded<Native = unknown> {
  readonly head: Head<Native>
  readonly body: HttpBody
  readonly perform: Perform
}
