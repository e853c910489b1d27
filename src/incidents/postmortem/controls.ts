import type { ControlNote } from '../bundle/manifest.ts'
import type { ControlVerdict, TimelineEntry } from './shape.ts'

type Outcome = Pick<ControlVerdict, 'outcome' | 'why'>

/**
 * What the time line says of a control. A preventive one failed where the trouble came about all the same; a detective one
 * worked where an alert or a note of detection names it; a containment worked where a note of mitigation or the end does.
 */
export function derivedOutcome(control: ControlNote, timeline: readonly TimelineEntry[]): Outcome {
  const named = (phases: readonly TimelineEntry['phase'][]): TimelineEntry | undefined =>
    timeline.find(({ phase, text }) => phases.includes(phase) && isAbout(text, control.name))
  const begun = timeline.find(({ phase }) => phase === 'onset' || phase === 'detect')
  switch (control.type) {
    case 'preventive':
      return begun === undefined
        ? { outcome: 'worked', why: 'Nothing in the time line got past it.' }
        : { outcome: 'failed', why: 'The trouble came about although it was there.' }
    case 'detective': {
      const seen = named(['alert', 'detect'])
      return seen === undefined
        ? { outcome: 'missed', why: 'Neither an alert nor a note of detection names it.' }
        : { outcome: 'worked', why: `It is named at ${seen.at.slice(0, 16).replace('T', ' ')} UTC.` }
    }
    case 'containment': {
      const used = named(['mitigate', 'resolve'])
      return used === undefined
        ? { outcome: 'missed', why: 'No note of mitigation names it.' }
        : { outcome: 'worked', why: `It was used at ${used.at.slice(0, 16).replace('T', ' ')} UTC.` }
    }
  }
}

/** What somebody has said stands, beside what the time line says. */
export function controlVerdicts(
  controls: readonly ControlNote[],
  timeline: readonly TimelineEntry[],
): readonly ControlVerdict[] {
  return controls.map((control) => {
    const derived = derivedOutcome(control, timeline)
    const { name, type, outcome, why } = control
    if (outcome === undefined) return { name, type, ...derived, ...(why === undefined ? {} : { why }) }
    const said = { name, type, outcome, why: why ?? derived.why }
    return outcome === derived.outcome ? said : { ...said, derived }
  })
}

/** Every word of the name of four letters or more stands in the text. */
function isAbout(text: string, name: string): boolean {
  const words = name.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? [name.toLowerCase()]
  const lower = text.toLowerCase()
  return words.every((word) => lower.includes(word))
}
