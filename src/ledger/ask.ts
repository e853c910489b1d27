import { messageOf } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { delay } from '../kernel/runtime.ts'
import type { Ledger } from './context.ts'
import type { EventSubject } from './events.ts'
import { decodeKey } from './key.ts'
import type { Verify } from './safety.ts'

/** What the target said, after `verify` has been called and its answer checked. */
export type Answer =
  | { readonly happened: boolean; readonly value?: unknown }
  | { readonly happened: null; readonly why: string }

interface Question {
  readonly verify: Verify
  readonly entry: EventSubject & { readonly round: number }
  /** Longest time for an answer. */
  readonly timeoutMs: number
  readonly input?: Json | undefined
  readonly step?: { readonly name: string; readonly round: number }
}

/** Asks the target whether it happened. Never throws: what cannot be answered is `null`, with the reason. */
export async function ask(ledger: Ledger, question: Question): Promise<Answer> {
  const { entry, step } = question
  const answer = await answerTo(ledger, question)
  ledger.events.emit('asked', entry, { happened: answer.happened, step: step?.name })
  return answer
}

async function answerTo(ledger: Ledger, question: Question): Promise<Answer> {
  const { entry, step, verify, timeoutMs, input } = question
  const controller = new AbortController()
  const { ref, scope, operation, key, subject } = entry
  const round = step?.round ?? entry.round
  const effectKey = ledger.rules.effectKey({ scope, operation, key, step: step?.name, round })
  const { signal } = controller
  const late = delay(ledger.options.runtime, timeoutMs, signal).then(
    (): Answer => ({ happened: null, why: `The target did not answer within ${timeoutMs} ms.` }),
  )
  const asked = Promise.resolve()
    .then(() =>
      verify({
        ref,
        scope,
        operation,
        key: decodeKey(key),
        subject,
        effectKey,
        step: step?.name,
        input,
        signal,
      }),
    )
    .then(
      checked,
      (error: unknown): Answer => ({ happened: null, why: `Asking failed: ${messageOf(error)}` }),
    )
  const answer = await Promise.race([asked, late])
  controller.abort()
  return answer
}

function checked(answer: unknown): Answer {
  if (typeof answer !== 'object' || answer === null || !('happened' in answer)) {
    return { happened: null, why: 'verify must answer { happened: true | false | "unknown" }.' }
  }
  if (answer.happened === true)
    return { happened: true, ...('value' in answer ? { value: answer.value } : {}) }
  if (answer.happened === false) return { happened: false }
  return { happened: null, why: 'The target does not know.' }
}
