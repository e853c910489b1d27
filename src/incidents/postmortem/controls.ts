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
    return clause === undefined ? [] : [{ ...entry, clause, isFailure: tellsFailure(clause) }]
  })
  const at = ({ at: time }: { at: string }): string => `${time.slice(0, 16).replace('T', ' ')} UTC`
  const blamed = causes.find((text) => {
    const clause = clauseAbout(text, name)
    return clause !== undefined && (type === 'preventive' || tellsFailure(clause))
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

interface Clause {
  readonly before: string
  readonly text: string
  /** From the name on: what it did. */
  readonly after: string
}

/** The part of a text that names it: a clause with what goes on about it, or else a sentence. */
function clauseAbout(text: string, name: string): Clause | undefined {
  const words = wordsOf(name)
  const isAbout = (part: string): boolean => words.every((word) => part.search(word) >= 0)
  const sentences = text.split(/(?<=[.!?;])\s+/)
  const clauses = sentences.flatMap((sentence) => {
    const parts = sentence
      .split(/[,;:]\s|\b(?:and|but|because|although|though|while|since|so that)\b/i)
      .filter((part) => part.trim() !== '')
    return parts.map((part, at) => [part, ...goingOn(parts.slice(at + 1))].join(', '))
  })
  const found = clauses.findLast(isAbout) ?? sentences.findLast(isAbout)
  if (found === undefined) return undefined
  const places = words.flatMap((word) => [...found.matchAll(word)])
  return {
    before: found.slice(0, Math.min(...places.map(({ index }) => index))),
    text: found,
    after: found.slice(Math.max(...places.map(({ index, 0: word }) => index + word.length))),
  }
}

/** The clauses that speak of the one before: "and it did not help". */
function goingOn(parts: readonly string[]): readonly string[] {
  const end = parts.findIndex((part) => !/^\s*(?:it|this|that|which|without)\b/i.test(part))
  return parts.slice(0, end === -1 ? parts.length : end)
}

/** Each word of three letters or more, alone or in the plural. */
function wordsOf(name: string): readonly RegExp[] {
  const words = name
    .match(/[\p{L}\p{N}]{3,}/gu)
    ?.filter((word) => !/^(the|for|and|our|with|from)$/i.test(word))
  return (words === undefined || words.length === 0 ? [name] : words).map((word) => {
    const plain = word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    return new RegExp(String.raw`(?<![\p{L}\p{N}])${plain}(?:e?s)?(?![\p{L}\p{N}])`, 'giu')
  })
}

/** What it did not do, at any distance behind its name. */
const negated =
  /\b(?:did|do|does|is|was|were|has|had|have|could|can|would|will)(?: not|n['’]t)\b|^ not\b|\b(?:cannot|never)\b|\b\w+ nothing\b|\b(?:no|without) (?:effect|success|result)\b|\btoo late\b|\bin vain\b/i

/** What became of it, right behind its name: a report of missing orders has not failed. */
const failed =
  /^(?:,? (?:which|that|it|was|is|were|are|has|had|have|been|also|still|again|then|simply|\w+ly))*,? (?:fail(?:s|ed|ing|ure)?|miss(?:es|ed)|missing|absent|bypassed|skipped|ignored|disabled|unable|broken|silent|down|(?:turned |switched )?off|stopped (?:work|fir|runn)ing|(?:stay|remain)(?:s|ed) (?:silent|quiet|off))\b/i

/** What was done to it, or that there was none: right before its name. */
const lacking =
  /\b(?:no|without|lack(?:s|ed|ing)?|(?:bypass|skipp|ignor|disabl|miss)(?:ed|es|ing))(?: (?:an?|any|the|our|its|working))*\s*$|\b(?:nobody|no one)\b/i

function tellsFailure({ before, after }: Clause): boolean {
  return negated.test(after) || failed.test(after) || lacking.test(before)
}

function tellsHold({ text }: Clause): boolean {
  return /\b(?:refus|reject|block|prevent|stopp?|caught|catch|held back|holds back|turned away|worked|works)\w*/i.test(
    text,
  )
}
