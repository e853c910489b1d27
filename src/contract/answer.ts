import { isDeepStrictEqual } from 'node:util'
import { describe } from '../kernel/errors.ts'

/** What a request came to. */
export type Answer = Answered | Unanswered

export interface Answered {
  readonly kind: 'answered'
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** False where the body was longer than what is kept of it. */
  readonly isWhole: boolean
}

export interface Unanswered {
  readonly kind: 'unanswered'
  readonly why: string
  /** The system's code, such as ECONNREFUSED. */
  readonly code?: string
}

/** The headers that a replay repeats, unless others are named. */
export const comparedHeaders: readonly string[] = ['content-type', 'location']

export function isAccepted(answer: Answer): answer is Answered {
  return answer.kind === 'answered' && answer.status >= 200 && answer.status < 300
}

export function hasStatus(answer: Answer, ...statuses: readonly number[]): answer is Answered {
  return answer.kind === 'answered' && statuses.includes(answer.status)
}

/** `201 {"id":7}`: short, and never more than a line. */
export function textOfAnswer(answer: Answer): string {
  if (answer.kind === 'unanswered') return answer.why
  const text = answer.body.toString('utf8')
  return text === '' ? String(answer.status) : `${answer.status} ${shortened(text)}`
}

export function statusText(answer: Answer): string {
  return answer.kind === 'unanswered' ? answer.why : String(answer.status)
}

/** Where `second` is not the same answer as `first`; `undefined` where it is. */
export function difference(first: Answer, second: Answer, headers: readonly string[]): string | undefined {
  if (first.kind === 'unanswered' || second.kind === 'unanswered')
    return `${statusText(first)}, then ${statusText(second)}`
  if (first.status !== second.status) return `status ${first.status}, then ${textOfAnswer(second)}`
  if (!sameBody(first, second))
    return `body ${shortened(first.body.toString())}, then ${shortened(second.body.toString())}`
  const header = headers.find((name) => first.headers[name] !== second.headers[name])
  if (header === undefined) return undefined
  return `${header} ${describe(first.headers[header])}, then ${describe(second.headers[header])}`
}

/** The same bytes, or the same JSON: a service may keep a result in a form that knows no order of members. */
function sameBody(first: Answered, second: Answered): boolean {
  if (first.body.equals(second.body)) return true
  const [left, right] = [jsonOf(first), jsonOf(second)]
  return left !== undefined && right !== undefined && isDeepStrictEqual(left, right)
}

/** The body as JSON; `undefined` where it is none. */
export function jsonOf({ body }: Answered): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
