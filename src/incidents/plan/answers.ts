import type { Catalogue } from '../catalogue/cause.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { type Evidence, type Examination, type Signal, signalSpecs } from '../model.ts'
import { plainTest } from './plan.ts'

/** `STEP=yes` or `STEP=no`, as people type it. Throws `OPTION_INVALID`. */
export function withAnswers(
  examination: Examination,
  catalogue: Catalogue,
  answers: readonly string[],
): Examination {
  return answers.reduce((before, text, at) => {
    const [step = '', answer] = text.split('=')
    if (answer !== 'yes' && answer !== 'no') throw optionInvalid('--answer', 'STEP=yes or STEP=no', text)
    return withAnswer(before, {
      id: `A${at + 1}`,
      signal: signalOf(step, catalogue),
      value: answer === 'yes',
    })
  }, examination)
}

function signalOf(step: string, catalogue: Catalogue): string {
  const name = step.replace(/\.\d+$/, '')
  const test = catalogue.causes.find(({ test: each, kind }) => each.step === name && kind !== 'neither')?.test
  const id = test?.signal ?? signalSpecs.find((spec) => spec.id === step || plainTest(spec).step === name)?.id
  if (id !== undefined) return id
  throw optionInvalid('--answer', 'the name of a step of the plan', step)
}

interface Given {
  readonly id: string
  readonly signal: string
  readonly value: boolean
}

/** A person's answer counts for more than what was measured: it is put in its place, and said to be one. */
function withAnswer(examination: Examination, { id, signal, value }: Given): Examination {
  const spec = signalSpecs.find((each) => each.id === signal)
  const meaning = (value ? spec?.yes : spec?.no) ?? signal
  const evidence: Evidence = {
    id,
    source: 'answer',
    statement: `Somebody answered: ${meaning}.`,
    query: `--answer ${signal}=${value ? 'yes' : 'no'}`,
  }
  const answered: Signal = {
    id: signal,
    statement: evidence.statement,
    class: spec?.class ?? 'deterministic',
    value,
    evidence: [id],
    answered: true,
  }
  return {
    ...examination,
    evidence: [...examination.evidence, evidence],
    signals: [...examination.signals.filter((each) => each.id !== signal), answered],
  }
}
