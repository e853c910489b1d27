import type { Answer } from '../http/message.ts'
import {
  defaultDocsUrl,
  type ProblemKind,
  problemAnswer,
  type ProblemInit,
  problemOfKind,
} from '../http/problems.ts'
import type { SentAnswer } from './collect.ts'
import type { SendFailure } from './decisions.ts'
import type { RouteSafety } from './schema.ts'

export type GatewayProblemType =
  | 'request-refused'
  | 'upgrade-refused'
  | 'upstream-unreachable'
  | 'upstream-cut'

/** What the gateway answers by itself beside the engine. `docs/reference/problems.md` explains each. */
export const gatewayProblemTypes: Readonly<Record<GatewayProblemType, ProblemKind>> = {
  'request-refused': { status: 400, title: 'The request can be read in more than one way' },
  'upgrade-refused': { status: 501, title: 'The protocol of this connection cannot be changed here' },
  'upstream-unreachable': { status: 502, title: 'The service cannot be reached' },
  'upstream-cut': { status: 502, title: 'The connection to the service broke' },
}

export type MakeProblem = (type: GatewayProblemType, init: ProblemInit) => Answer

export function problemMaker(docsUrl: string = defaultDocsUrl): MakeProblem {
  return (type, init) => problemOfKind(docsUrl, { type, ...gatewayProblemTypes[type] }, init)
}

const askAgainMs = 1000

/** The answer to a guarded request that got none from the upstream. */
export function failureAnswer(
  docsUrl: string | undefined,
  {
    failure,
    safety,
    ref,
  }: { readonly failure: SendFailure; readonly safety: RouteSafety; readonly ref: string | undefined },
): Answer {
  const problem = problemMaker(docsUrl)
  if (failure === 'not-sent') return unreachable(problem)
  if (safety.kind === 'blind') {
    const detail =
      'The service was sent this request and the connection broke before it answered. It may have been carried out, and is never sent again by itself.'
    return problemAnswer(docsUrl ?? defaultDocsUrl, 'in-doubt', { detail, ref })
  }
  const detail =
    'The service was sent this request and the connection broke before it answered. Sending it again is safe.'
  return problem('upstream-cut', { detail, ref, retryAfterMs: askAgainMs })
}

/** The answer to a request that is not guarded. */
export function passFailureAnswer(docsUrl: string | undefined, failure: SendFailure): Answer {
  const problem = problemMaker(docsUrl)
  switch (failure) {
    case 'not-sent':
      return unreachable(problem)
    case 'cut':
      return problem('upstream-cut', { detail: 'The connection broke before the service answered.' })
    case 'timed-out':
      return problemAnswer(docsUrl ?? defaultDocsUrl, 'no-answer', {
        detail: 'The service has not answered in time.',
      })
  }
}

function unreachable(problem: MakeProblem): Answer {
  return problem('upstream-unreachable', {
    detail: 'The service could not be reached. Nothing of this request was sent to it.',
    retryAfterMs: askAgainMs,
  })
}

export function failureOf(answer: Answer): SendFailure | undefined {
  return (answer as Partial<SentAnswer>).failure
}
