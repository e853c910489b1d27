import type { Manifest } from '../bundle/manifest.ts'
import type { LintRemark } from './shape.ts'

interface Rule {
  readonly pattern: RegExp
  readonly why: string
  readonly suggestion: string
  /** Only where causes are told. */
  readonly isOfCauses?: true
}

/** English patterns: another language passes unseen. */
const rules: readonly Rule[] = [
  {
    pattern:
      /\b(should|could|ought to) have\b|\bwould have (?:been )?(?:caught|prevented|seen|noticed|avoided)\b|\bif only\b/i,
    why: 'tells of what did not happen',
    suggestion: 'Say what was done, and what was known at that time.',
  },
  {
    pattern: /\b(failed|neglected|forgot|refused) to\b/i,
    why: 'judges, where it could tell',
    suggestion: 'Say what was there and what was not: "the alert had no rule for this".',
  },
  {
    pattern: /\b(human|operator|user|manual) error\b|\b(careless|negligen|sloppy|incompeten)\w*/i,
    why: 'ends the search at a person',
    suggestion: 'Say what made the mistake easy, or its notice hard.',
  },
  {
    pattern: /\b(blame|fault of|to blame|guilty)\b/i,
    why: 'looks for guilt',
    suggestion: 'Name the condition that allowed it.',
  },
  {
    // Two capitalised words inside a sentence; names of things have an article before them.
    pattern:
      /(?<=[a-z,;:] )(?<!\b(?:[Tt]he|[Aa]n?|[Oo]ur|[Tt]heir) )(?!(?:The|This|That|No|An|A|In|On|At|By|If|When) )[A-Z][a-z]+ [A-Z][a-z]+\b|@[a-z][\w.-]+/,
    why: 'may name a person',
    suggestion: 'Name the role: "the engineer on call".',
    isOfCauses: true,
  },
]

/** Where a text blames, each with what to say instead. */
export function blamelessRemarks(manifest: Manifest): readonly LintRemark[] {
  return textsOf(manifest).flatMap(({ place, text, isOfCauses }) =>
    rules.flatMap(({ pattern, why, suggestion, isOfCauses: isCausal }) => {
      const [found] = (isCausal === undefined || isOfCauses ? pattern.exec(text) : null) ?? []
      return found === undefined ? [] : [{ place, text: found, why, suggestion }]
    }),
  )
}

interface Placed {
  readonly place: string
  readonly text: string
  readonly isOfCauses: boolean
}

function textsOf(manifest: Manifest): readonly Placed[] {
  const { summary, customerImpact, timeline, whys, controls, remediation } = manifest
  const one = (place: string, text: string | undefined, isOfCauses = false): Placed[] =>
    text === undefined ? [] : [{ place, text, isOfCauses }]
  const lists = (['triggers', 'wentWell', 'wentBadly', 'luck', 'openQuestions'] as const).flatMap((name) =>
    manifest[name].flatMap((text, at) => one(`${name}[${at}]`, text, name === 'triggers')),
  )
  return [
    ...one('summary', summary, true),
    ...one('customerImpact', customerImpact),
    ...timeline.flatMap(({ text }, at) => one(`timeline[${at}].text`, text)),
    ...whys.flatMap(({ why, because }, at) => [
      ...one(`whys[${at}].why`, why, true),
      ...one(`whys[${at}].because`, because, true),
    ]),
    ...controls.flatMap(({ why }, at) => one(`controls[${at}].why`, why, true)),
    ...remediation.flatMap(({ action, owner }, at) => [
      ...one(`remediation[${at}].action`, action),
      ...one(`remediation[${at}].owner`, owner === undefined ? undefined : `owner: ${owner}`, true),
    ]),
    ...lists,
  ]
}
