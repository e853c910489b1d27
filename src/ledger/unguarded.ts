import type { OncewardError } from '../kernel/errors.ts'
import type { Guarded } from './guarded.ts'
import type { Attempt, StepEffect, StepOptions } from './onceward.ts'
import type { Outcome } from './outcome.ts'

/**
 * Rule 7: the store is out and the operation says `onStoreOutage: 'run'`. The effect runs with nothing that guards
 * it but its effect key, and is counted as `unguarded`.
 */
export async function runUnguarded(guarded: Guarded, cause: OncewardError): Promise<Outcome> {
  const { ledger, call, effect } = guarded
  ledger.events.emit('unguarded', call.identity, { message: cause.message })
  const attempt: Attempt = {
    effectKey: ledger.rules.effectKey({ ...call.identity, round: 0 }),
    number: 0,
    fence: { epoch: 0, attempt: 0 },
    signal: new AbortController().signal,
    step: <T>(name: string, options: StepOptions | StepEffect<T>, given?: StepEffect<T>): Promise<T> => {
      const run = typeof options === 'function' ? options : (given as StepEffect<T>)
      const effectKey = ledger.rules.effectKey({ ...call.identity, step: name, round: 0 })
      return Promise.resolve(run({ effectKey, number: 0, signal: new AbortController().signal }))
    },
    transaction: () => Promise.reject(cause),
  }
  return { kind: 'unguarded', value: await effect(attempt) }
}
