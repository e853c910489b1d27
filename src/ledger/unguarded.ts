import { OncewardError, readThrown } from '../kernel/errors.ts'
import type { Guarded } from './guarded.ts'
import type { Attempt, StepEffect, StepOptions } from './onceward.ts'
import type { Outcome } from './outcome.ts'

export type RunUnguarded = (guarded: Guarded, cause: OncewardError) => Promise<Outcome>

/**
 * Rule 7: the store is out and the operation says `onStoreOutage: 'run'`. The effect runs with nothing that guards
 * it but its effect key, and is counted as `unguarded`. Throws `EFFECT_FAILED`, or `IN_DOUBT` for any other error.
 */
export const runUnguarded: RunUnguarded = async (guarded, cause) => {
  const { ledger, call, effect } = guarded
  ledger.events.emit('unguarded', call.identity, { message: cause.message })
  const attempt: Attempt = {
    effectKey: ledger.rules.effectKey({ ...call.identity, round: 0 }),
    number: 0,
    fence: { epoch: 0, attempt: 0 },
    signal: new AbortController().signal,
    step: async <T>(
      name: string,
      options: StepOptions | StepEffect<T>,
      given?: StepEffect<T>,
    ): Promise<T> => {
      const run = typeof options === 'function' ? options : (given as StepEffect<T>)
      const effectKey = ledger.rules.effectKey({ ...call.identity, step: name, round: 0 })
      return run({ effectKey, number: 0, signal: new AbortController().signal })
    },
    transaction: () => Promise.reject(cause),
  }
  try {
    return { kind: 'unguarded', value: await effect(attempt) }
  } catch (error) {
    const thrown = readThrown(error)
    const code =
      ledger.rules.classify(thrown, call.operation) === 'definite-failure' ? 'EFFECT_FAILED' : 'IN_DOUBT'
    const message = `The effect ran without the ledger, because the store was out: ${thrown.message}`
    throw new OncewardError(code, message, { details: { ref: call.identity.ref }, cause: error })
  }
}
