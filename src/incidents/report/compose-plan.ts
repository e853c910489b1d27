import type { PlanStep, Triage } from '../triage-shape.ts'
import { type Block, type Cited, cited } from './document.ts'

/** The decision tree, one step after the other; where to go next is said by name. */
export function planBlocks({ plan }: Triage): readonly Block[] {
  const intro =
    plan.length === 0
      ? 'No further test would change the ranking by much.'
      : 'By expected information for its cost; answer with --answer STEP=yes or STEP=no.'
  return [
    { kind: 'heading', level: 2, text: cited('What to test next') },
    { kind: 'text', sentences: [cited(intro)] },
    ...plan.flatMap(stepBlocks),
  ]
}

function stepBlocks(step: PlanStep): readonly Block[] {
  return [
    { kind: 'heading', level: 3, text: cited(headline(step), ['C1']) },
    { kind: 'command', text: cited(step.action, ['C1']) },
    { kind: 'list', items: step.ran === undefined ? open(step) : [ran(step, step.ran), expected(step)] },
  ]
}

function headline({ step, cost, ran: done }: PlanStep): string {
  return done === undefined ? `${step} (${cost} min)` : `${step}: ${done.answer}`
}

function ran(step: PlanStep, { answer, evidence }: NonNullable<PlanStep['ran']>): Cited {
  const by = evidence.some((id) => id.startsWith('A')) ? 'Answered by a person' : 'Run on the bundle'
  return cited(`${by}: ${answer}.${step.next.yes === null ? '' : ` Next: ${step.next.yes}.`}`, evidence)
}

function open(step: PlanStep): readonly Cited[] {
  return [expected(step), branch(step, 'yes'), branch(step, 'no')]
}

function expected({ expectedIf }: PlanStep): Cited {
  const parts = Object.entries(expectedIf).map(([id, text]) => `${id} ${text}`)
  return cited(`Predicted: ${parts.join(', ')}.`, ['C1'])
}

function branch({ killsIf, next, leads }: PlanStep, answer: 'yes' | 'no'): Cited {
  const killed = killsIf[answer]
  const parts = [
    `${leads[answer]} leads`,
    ...(killed.length === 0 ? [] : [`falls: ${killed.join(', ')}`]),
    next[answer] === null ? 'then mitigate' : `next: ${next[answer]}`,
  ]
  return cited(`If ${answer}: ${parts.join('; ')}.`, ['C1'])
}
