import type { ControlNote } from '../bundle/notes.ts'
import type { ControlVerdict, TimelineEntry } from './shape.ts'

/*
 * What texts say of a control. The rule is simple on purpose, so that a reader can repeat it: a text that names the control
 * decides, the last one of the time line; whoever knows better states an outcome and its reason.
 */

type Outcome = Pick<ControlVerdict, 'outcome' | 'why'>

export interface Told {
  readonly timeline: readonly TimelineEntry[]
  /** What is said to have been the cause: the steps of the chain, and the triggers. */
  readonly causes: readonly string[]
}

interface Role {
  /** Where it is at work, if it is named there. */
  readonly phases: readonly TimelineEntry['phase'][]
  readonly missed: string
}

const roles: Readonly<Record<'detective' | 'containment', Role>> = {
  detective: {
    phases: ['alert', 'detect'],
    missed: 'It was detected, and no alert or note of that names it.',
  },
  containment: { phases: ['mitigate', 'resolve'], missed: 'It was mitigated, and no note of that names it.' },
}

/**
 * What causes and the time line say of a control.
 * - failed: a text that names it says that it did not work. Of a preventive one, any cause that names it.
 * - worked: a note of its work names it: detection, mitigation; of a preventive one, that it held something back.
 * - missed: others did its work. Not of preventive ones: what they kept away is not seen.
 * - not judged: nothing speaks of it.
 */
export function derivedOutcome({ name, type }: ControlNote, { timeline, causes }: Told): Outcome {
  const said = timeline.flatMap((entry) => {
    const clause = clauseAbout(entry.text, name)
    return clause === undefined ? [] : [{ ...entry, clause, isFailure: tellsFailure(clause, name) }]
  })
  const at = ({ at: time }: { at: string }): string => `${time.slice(0, 16).replace('T', ' ')} UTC`
  const blamed = causes.find((text) => {
    const clause = clauseAbout(text, name)
    return clause !== undefined && (type === 'preventive' || tellsFailure(clause, name))
  })
  if (blamed !== undefined) return { outcome: 'failed', why: `A cause names it: “${blamed}”` }
  if (type === 'preventive') {
    const last = said.findLast(({ clause, isFailure }) => isFailure || tellsHold(clause))
    if (last === undefined) return { outcome: 'not judged', why: 'No cause and no note says what it did.' }
    return last.isFailure
      ? { outcome: 'failed', why: `So it is noted at ${at(last)}: “${last.text}”` }
      : { outcome: 'worked', why: `It held something back at ${at(last)}: “${last.text}”` }
  }
  const { phases, missed } = roles[type]
  const last = said.findLast(({ phase, isFailure }) => isFailure || phases.includes(phase))
  if (last?.isFailure === true)
    return { outcome: 'failed', why: `So it is noted at ${at(last)}: “${last.text}”` }
  if (last !== undefined) return { outcome: 'worked', why: `It is named at ${at(last)}: “${last.text}”` }
  return timeline.some(({ phase }) => phases.includes(phase))
    ? { outcome: 'missed', why: missed }
    : { outcome: 'not judged', why: `The time line has nothing of ${phases.join(' or ')}.` }
}

/** What somebody has said stands, beside what the texts say. */
export function controlVerdicts(controls: readonly ControlNote[], told: Told): readonly ControlVerdict[] {
  return controls.map((control) => {
    const derived = derivedOutcome(control, told)
    const { name, type, outcome = derived.outcome, why } = control
    return why === undefined ? { name, type, ...derived } : { name, type, outcome, why, derived }
  })
}

/** The part of a text that names it: a clause, or else a sentence. */
function clauseAbout(text: string, name: string): string | undefined {
  const words = wordsOf(name)
  const isAbout = (part: string): boolean => words.every((word) => word.test(part))
  const sentences = text.split(/(?<=[.!?;])\s+/)
  const clauses = sentences.flatMap((sentence) =>
    sentence.split(/[,;:]\s|\b(?:and|but|because|although|though|while|since|so that)\b/i),
  )
  return clauses.findLast(isAbout) ?? sentences.findLast(isAbout)
}

/** Each word of three letters or more, alone or in the plural. */
function wordsOf(name: string): readonly RegExp[] {
  const words = name
    .match(/[\p{L}\p{N}]{3,}/gu)
    ?.filter((word) => !/^(the|for|and|our|with|from)$/i.test(word))
  return (words ?? [name]).map((word) => {
    const plain = word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    return new RegExp(String.raw`(?<![\p{L}\p{N}])${plain}(?:e?s)?(?![\p{L}\p{N}])`, 'iu')
  })
}

/** The verb is negated, or says that nothing came of it; or there was none of it. */
const failing =
  /\b(?:did|do|does|is|was|were|has|had|have|could|can|would|will)(?: not|n['’]t)\b|\bcannot\b|\bnever\b|\bnothing\b|\bunable\b|\bfail(?:s|ed|ing|ure)?\b|\bmiss(?:es|ed|ing)\b|\babsent\b|\b(?:bypass|skipp|ignor|disabl)\w*|\bbroken\b|\b(?:no|without) (?:effect|success|result)\b|\btoo late\b|\bin vain\b|\b(?:stay|remain)(?:s|ed) (?:silent|quiet)\b/i

function tellsFailure(clause: string, name: string): boolean {
  const [first] = wordsOf(name)
  const before = clause.slice(0, first === undefined ? 0 : clause.search(first))
  return (
    failing.test(clause) ||
    /\b(?:no|without|lack(?:s|ed|ing)?)(?: (?:a|an|any|the|working))?\s*$/i.test(before)
  )
}

function tellsHold(clause: string): boolean {
  return /\b(?:refus|reject|block|prevent|stopp?|caught|catch|held back|holds back|turned away|worked|works)\w*/i.test(
    clause,
  )
}
