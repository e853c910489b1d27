import type { Entry } from '../../ledger/entry.ts'
import type { Machine } from '../machine.ts'
import type { Done } from '../peer.ts'
import type { Watch } from '../watch.ts'

/*
 * What is checked when a caller is answered: I2, I3, I6 and I7. A caller sees one of three outcomes: ok, failed, unknown.
 */

export interface Answered {
  readonly by: Machine
  readonly key: number
  readonly input: number
  /** `ok`, or the code of the error. */
  readonly code: string
  readonly value?: unknown
  readonly row: Entry | undefined
}

/** A caller has been told of success or of a definite failure. */
export function onAnswer(watch: Watch, answered: Answered): void {
  if (answered.code === 'ok') onSuccess(watch, answered)
  else if (answered.code === 'EFFECT_FAILED') onFailure(watch, answered)
}

function onSuccess(watch: Watch, { by, key, input, value }: Answered): void {
  const state = watch.keys[key]
  if (state === undefined) return
  const text = JSON.stringify(value) ?? ''
  const real = new Set(watch.unitsOf(key).flatMap((unit) => watch.effectsOf(unit).map(({ id }) => id)))
  const isThere = donesOf(value).every(({ effect }) => real.has(effect))
  if (!isThere && watch.options.isTooLate(by)) return
  for (const unit of watch.unitsOf(key)) {
    if (watch.effectsOf(unit).length === 0)
      watch.report('I2', key, `acknowledged, but ${unit} has not happened`)
  }
  const givers = state.given.get(text) ?? new Set()
  state.given.set(text, givers.add(by))
  if (state.given.size > 1)
    watch.reportExcusable('I3', key, `callers were given ${[...state.given.keys()].join(' and ')}`)
  for (const done of donesOf(value)) {
    if (!real.has(done.effect))
      watch.report('I3', key, `an answer names the effect ${done.effect}, which its target does not have`)
    if (done.input !== input)
      watch.reportExcusable(
        'I6',
        key,
        `a caller with input ${input} was given the effect of input ${done.input}`,
      )
  }
  if (!state.recorded.has(text))
    watch.report('I7', key, 'a caller was told of a success that was never recorded')
}

/** A definite failure says that it did not happen; where it is final, that is for ever. */
function onFailure(watch: Watch, { key, row }: Answered): void {
  const { plan } = watch.options
  if (plan.isStepped || plan.retry === 'on-failure' || row?.state !== 'failed') return
  for (const unit of watch.unitsOf(key)) {
    if (watch.effectsOf(unit).length > 0)
      watch.reportExcusable('I2', key, `a caller was told that it failed, and ${unit} has happened`)
  }
}

/** A broken ledger may answer with anything. */
function donesOf(value: unknown): readonly Done[] {
  const parts: readonly unknown[] = Array.isArray(value) ? value : [value]
  return parts.map((part) => (typeof part === 'object' && part !== null ? part : {}) as Done)
}
