import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { type Answer, type Answers, type Hypothesis, killed, type PlanStep, wayThrough } from '../triage.ts'

interface TreeProps {
  readonly plan: readonly PlanStep[]
  readonly hypotheses: readonly Hypothesis[]
}

/** The plan, answered in place: where each answer leads, and which causes it rules out. Nothing is sent anywhere. */
export function DecisionTree({ plan, hypotheses }: TreeProps): JSX.Element {
  const [answers, setAnswers] = useState<Answers>({})
  const way = wayThrough(plan, answers)
  const out = killed(way, answers)
  const left = hypotheses.filter(({ id }) => !out.has(id))
  const last = way.at(-1)
  const isDone = last !== undefined && (answers[last.step] ?? last.ran?.answer) !== undefined
  return (
    <section aria-labelledby="plan">
      <h2 id="plan">What to test next</h2>
      <ol class="plan">
        {way.map((step) => (
          <Step
            key={step.step}
            step={step}
            answer={answers[step.step] ?? step.ran?.answer}
            onAnswer={(answer) => setAnswers({ ...answers, [step.step]: answer })}
          />
        ))}
      </ol>
      <p role="status" class="status">
        {isDone ? 'The plan ends here. ' : ''}
        {out.size === 0
          ? `${left.length} causes are possible.`
          : `Ruled out: ${[...out].join(', ')}. Left: ${left.map(({ id }) => id).join(', ') || 'none of those shown'}.`}
      </p>
      {Object.keys(answers).length === 0 ? null : (
        <p>
          <button type="button" onClick={() => setAnswers({})}>
            Begin again
          </button>{' '}
          <span class="hint">
            For new probabilities: <code>onceward triage BUNDLE {flags(answers)}</code>
          </span>
        </p>
      )}
    </section>
  )
}

interface StepProps {
  readonly step: PlanStep
  readonly answer: Answer | undefined
  readonly onAnswer: (answer: Answer) => void
}

function Step({ step, answer, onAnswer }: StepProps): JSX.Element {
  const { action, cost, expectedIf = {}, ran } = step
  return (
    <li>
      <p>
        <strong>{step.step}</strong> {action} <span class="hint">about {cost} min</span>
      </p>
      <details>
        <summary>What each cause predicts</summary>
        <ul class="known">
          {Object.entries(expectedIf).map(([id, says]) => (
            <li key={id}>
              {id}: {says}
            </li>
          ))}
        </ul>
      </details>
      {ran === undefined ? (
        <fieldset class="segments">
          <legend class="hidden">The answer of {step.step}</legend>
          {(['yes', 'no'] as const).map((one) => (
            <label key={one}>
              <input type="radio" name={step.step} checked={answer === one} onChange={() => onAnswer(one)} />
              <span>{one}</span>
            </label>
          ))}
        </fieldset>
      ) : (
        <p class="hint">Answered by the evidence: {ran.answer}.</p>
      )}
    </li>
  )
}

function flags(answers: Answers): string {
  return Object.entries(answers)
    .map(([step, answer]) => `--answer ${step}=${answer}`)
    .join(' ')
}
