import type { Manifest } from '../bundle/manifest.ts'
import { isPossibleOwner, possibleNames, type Vocabulary } from './names.ts'
import { roleSource } from './people.ts'
import type { LintRemark, TimelineEntry } from './shape.ts'

interface Rule {
  readonly pattern: RegExp
  readonly why: string
  readonly suggestion: string
  /** Of what was, not of what is asked or will be done. */
  readonly isOfThePast?: true
}

const not = String.raw`(?: not|n['’]t)?`
const counterfactual = {
  why: 'tells of what did not happen',
  suggestion: 'Say what was done, and what was known at that time.',
}
const subjectAside = String.raw`(?: on[- ](?:call|duty)| (?:of|in|at) (?:the )?[\w-]+(?: [\w-]+)?| who| also| again| simply| \w+ly){0,3}`
const perfect = String.raw`(?: (?:had|has|have))?`
const wrongs =
  'errors?|mistakes?|failures?|failings?|faults?|slips?|blunders?|oversights?|lapses?|negligence|carelessness'

/** English patterns: another language passes unseen. */
const rules: readonly Rule[] = [
  {
    // shouldn't have, would never have been, needed to have, 'd have; not "might have": that is doubt.
    pattern: new RegExp(
      String.raw`\b(?:should|could|would|ought|need(?:ed|s)?|had)${not}(?: to)?(?: (?:never|ever|also|still|even|just|\w+ly))*(?: not)? (?:have|['’]ve)(?! (?:an?|the|no|any|some|one|two|more|at|its?|their|our|to)\b)\b|\w['’]d(?: not| never)? have\b|\b(?:was|were)${not} (?:supposed|expected|meant) to\b`,
      'gi',
    ),
    ...counterfactual,
  },
  {
    pattern:
      /\bif only\b|\bif\b[^.;?!]{0,80}?\bhad(?:n['’]t| not| never)?(?: \w+ly)? \w+|\bif\b[^.;?!]{1,80}?\b(?:would|wouldn['’]t)\b|\bwould(?:n['’]t)?\b[^.;?!]{1,80}?\bif\b/gi,
    isOfThePast: true,
    ...counterfactual,
  },
  {
    pattern:
      /(?<=^|[.!?;:] )Had (?:the|an?|this|that|these|those|there|it|we|they|he|she|somebody|someone|anybody|anyone) \w+/g,
    isOfThePast: true,
    ...counterfactual,
  },
  {
    // People fail to do something; a circuit that failed to open is a finding.
    pattern: new RegExp(
      String.raw`${roleSource}${subjectAside}${perfect} (?:fail(?:ed|s)?|refused|omitted) to\b|\b(?:neglected|forgot|forgotten|omitted) to\b|\bdid${not} bother\b|\bfail(?:ed|s)? to (?:notice|reali[sz]e|think|consider|remember|communicate|follow|understand|pay attention)\b`,
      'gi',
    ),
    why: 'judges, where it could tell',
    suggestion: 'Say what was there and what was not: "the alert had no rule for this".',
  },
  {
    pattern: new RegExp(
      String.raw`(?:\b(?:manual|personal|pilot)|${roleSource})(?:['’]s?)? (?:${wrongs})\b(?! (?:rates?|codes?|pages?|messages?|reports?))|\b(?:mistakes?|blunders?)\b(?= (?:by|of|on)\b| (?:was|were) made)|\b(?:made|makes?|making) (?:\w+ ){0,3}(?:mistakes?|blunders?|slip-ups?)\b|\bby mistake\b`,
      'gi',
    ),
    why: 'ends the search at a person',
    suggestion: 'Say what made the mistake easy, or its notice hard.',
  },
  {
    pattern:
      /\b(?:careless|negligen|sloppy|sloppi|incompeten|reckless|stupid|inattenti|thoughtless|complacen|irresponsib|unprofessional|clumsy)\w*|\blazy\b(?! load| init| eval| conn)|\b(?:lack of|insufficient|without(?: due| enough| proper)?|not paying) (?:attention|care|diligence|discipline|concentration)\b/gi,
    why: 'ends the search at a person',
    suggestion: 'Say what made the mistake easy, or its notice hard.',
  },
  {
    pattern:
      /\bblam(?:e|ed|es|ing)\b|\b(?:fault of|at fault|guilt|guilty|culprit)\b|\b\w+['’]s? (?:own )?fault\b|\bresponsible for (?:the|this) (?:outage|incident|failure|loss|damage|mess|duplicates?)\b/gi,
    why: 'looks for guilt',
    suggestion: 'Name the condition that allowed it.',
  },
]

export interface Beside {
  /** Of changes and alerts: what the sources call things. */
  readonly names?: readonly string[]
  /** Lines of other tools are quotations: of them only names are remarked on. */
  readonly imported?: readonly Pick<TimelineEntry, 'text'>[]
}

/** Where a text blames or may name a person, each with what to say instead. */
export function blamelessRemarks(
  manifest: Manifest,
  { names = [], imported = [] }: Beside = {},
): readonly LintRemark[] {
  const placed = textsOf(manifest)
  const vocabulary = vocabularyOf(manifest, names, placed)
  return [
    ...placed.flatMap(({ place, text, isAhead }) => [
      ...rules.flatMap(({ pattern, why, suggestion, isOfThePast }) =>
        isAhead && isOfThePast
          ? []
          : [...text.matchAll(pattern)].map(([found]) => ({ place, text: found, why, suggestion })),
      ),
      ...namesIn(place, text, vocabulary),
    ]),
    ...imported.flatMap(({ text }, at) => namesIn(`imported[${at}]`, text, vocabulary)),
    ...manifest.remediation.flatMap(({ owner = '' }, at) =>
      ownerRemarks(`remediation[${at}].owner`, owner, vocabulary),
    ),
  ]
}

const instead = 'Name the role: "the engineer on call".'

/** A remark on each text that may be the name of a person. */
function namesIn(place: string, text: string, vocabulary: Vocabulary): readonly LintRemark[] {
  return possibleNames(text, vocabulary).map(({ text: name, isCertain }) =>
    isCertain ? { place, text: name, why: 'names a person', suggestion: instead } : asked(place, name),
  )
}

function asked(place: string, name: string): LintRemark {
  return { place, text: name, why: 'may name a person', suggestion: `Is ${name} a person? Then: ${instead}` }
}

function ownerRemarks(place: string, owner: string, vocabulary: Vocabulary): readonly LintRemark[] {
  if (isPossibleOwner(owner, vocabulary)) return [asked(place, owner)]
  return namesIn(place, owner, vocabulary)
}

/** The words of all names that the bundle gives to things, and those that it writes in lower case. */
function vocabularyOf(
  { service = '', sources }: Manifest,
  more: readonly string[],
  placed: readonly Placed[],
): Vocabulary {
  const things = [service, ...sources.flatMap(({ id, path }) => [id, path]), ...more]
  return {
    names: new Set(
      things.flatMap(
        (name) =>
          name
            .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
            .toLowerCase()
            .match(/\p{L}+/gu) ?? [],
      ),
    ),
    common: new Set(placed.flatMap(({ text }) => text.match(/(?<![\p{L}\p{N}@])\p{Ll}+/gu) ?? [])),
  }
}

interface Placed {
  readonly place: string
  readonly text: string
  /** It asks, or says what will be done. */
  readonly isAhead?: true
}

function textsOf(manifest: Manifest): readonly Placed[] {
  const { summary, customerImpact, timeline, whys, controls, remediation } = manifest
  const one = (place: string, text: string | undefined): Placed[] =>
    text === undefined ? [] : [{ place, text }]
  const ahead = (placed: readonly Placed[]): Placed[] => placed.map((each) => ({ ...each, isAhead: true }))
  const listed = (name: 'triggers' | 'wentWell' | 'wentBadly' | 'luck' | 'openQuestions'): Placed[] =>
    manifest[name].flatMap((text, at) => one(`${name}[${at}]`, text))
  return [
    ...one('summary', summary),
    ...one('customerImpact', customerImpact),
    ...timeline.flatMap(({ text }, at) => one(`timeline[${at}].text`, text)),
    ...whys.flatMap(({ why, because }, at) => [
      ...one(`whys[${at}].why`, why),
      ...one(`whys[${at}].because`, because),
    ]),
    ...controls.flatMap(({ why }, at) => one(`controls[${at}].why`, why)),
    ...ahead(remediation.flatMap(({ action }, at) => one(`remediation[${at}].action`, action))),
    ...(['triggers', 'wentWell', 'wentBadly', 'luck'] as const).flatMap(listed),
    ...ahead(listed('openQuestions')),
  ]
}
