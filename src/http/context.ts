import type { Runtime } from '../kernel/runtime.ts'
import type { Onceward } from '../ledger/onceward.ts'
import type { HttpRules } from './decisions.ts'
import type { Answer, HttpBody, HttpRequest, Perform } from './message.ts'
import type { ParsedHttpOptions } from './options.ts'
import type { ProblemInit, ProblemType } from './problems.ts'

/** The head of a guarded request. A class, as all that lives as long as a request (docs/decisions/033). */
export class Head<Native = unknown> {
  readonly request: HttpRequest<Native>
  /** Of the header; absent where only the body or a natural key can name the work. */
  readonly key: string | undefined

  constructor(request: HttpRequest<Native>, key?: string) {
    this.request = request
    this.key = key
  }
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
export class Guarded<Native = unknown> {
  readonly head: Head<Native>
  readonly body: HttpBody
  readonly perform: Perform

  constructor(head: Head<Native>, body: HttpBody, perform: Perform) {
    this.head = head
    this.body = body
    this.perform = perform
  }
}
