import { isGivenNameToo, isGrammar, isThing, rolePattern, roleSource } from './people.ts'

/*
 * What may be the name of a person in an English sentence. Grammar decides where it can: a name after an article, or in, on, via … is
 * that of a thing. Where it cannot, the finding is a question.
 */

/** One capitalised word: Miller, O'Neill, McKay, Jean-Luc. */
const word = String.raw`(?:(?:Mc|Mac|O['’]|D['’])?\p{Lu}\p{Ll}+(?:-\p{Lu}\p{Ll}+)?)`
const between = String.raw`(?:de|da|di|del|van|von|der|den|la|le|bin|al|el)`
const edge = String.raw`(?<![\p{L}\p{N}@_./-])`
const end = String.raw`(?![\p{L}\p{N}_]|[./-][\p{L}\p{N}])`

const severalWords = new RegExp(String.raw`${edge}${word}(?: (?:${between} )*${word}){1,3}${end}`, 'gu')
const withInitial = new RegExp(
  String.raw`${edge}(?:\p{Lu}\. ?){1,2}(?<last>${word})${end}|${edge}(?<first>${word}) \p{Lu}\.(?= \p{Ll})`,
  'gu',
)
const withTitle = new RegExp(String.raw`${edge}(?:Mr|Mrs|Ms|Dr|Prof)\.? ${word}(?: ${word})?${end}`, 'gu')
const handle = /(?<![\w.+-])@[a-z][\w.-]*\w(?![\w/])|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g

/** What people do, with hands and heads. Things do other things, or are not written of like that. */
const deeds =
  'merged|approved|reviewed|typed|mistyped|clicked|pressed|flipped|toggled|forgot|thought|believed|assumed|decided|noticed|realised|realized|knew|overlooked|misread|misunderstood|said|told|asked|suggested|joined|acknowledged|declared|edited|copied|pasted|pushed|deployed|reverted|debugged|investigated|escalated|wanted|meant|neglected|misconfigured|disabled|enabled|restarted|rolled (?:it|this|the|back|out)|skipped (?:it|this|the)|tried to|(?:failed|refused) to|worked on|looked|(?:turned|switched) (?:it|this|that|them|both|all|on|off|the [\\w-]+(?: [\\w-]+)? (?:on|off))\\b|(?:changed|removed|deleted|wrote|ran|did|started|stopped) (?:it|this|that|the)\\b|introduced|signed off|took over|handed over|(?:was|is) (?:on call|on duty|paged|alone|asked|told)'
const aside = String.raw`(?:(?:had|has|have|then|also|again|later|first|\p{Ll}+ly) ){0,3}`
const doer = new RegExp(String.raw`${edge}(?<name>${word}) ${aside}(?:${deeds})`, 'gu')
/** Inside a sentence a capital is that of a name: any deed will do. */
const doerInside = new RegExp(
  String.raw`(?<=[\p{Ll}\p{N},] )(?<name>${word}) ${aside}(?:\p{Ll}+ed|ran|made|did|took|gave|wrote|sent|went|left|saw|found)${end}`,
  'gu',
)
const doneBy = new RegExp(
  String.raw`(?:\bby|\bpaged|\basked|\btold|\bcalled|\bthanks to|\bblamed?) (?<name>${word})${end}(?! ${word})`,
  'gu',
)
/** "Priya, who was on call", "Alex from support". */
const described = new RegExp(
  String.raw`${edge}(?<name>${word})(?:,? who\b| from (?:the )?(?:\p{Ll}+ )?${roleSource})`,
  'gu',
)
/** After a name that was found: "and Tom". */
const joined = new RegExp(String.raw`^(?:,? (?:and|or)|,) (?<name>${word})${end}(?! ${word})`, 'u')
const belongings =
  'laptop|computer|machine|terminal|shell|keyboard|desk|phone|account|session|login|commit|branch|patch|pull request|PR|merge|change|deploy|mistake|error|typo|fault|decision|shift|script'
const possession = new RegExp(String.raw`${edge}(?<name>${word})['’]s? (?:${belongings})\b`, 'gu')

const determiners = /(?:^|[\s(“"])(?:the|an?|our|their|its|this|each|every|both|any|no|called|named)\s$/i
/** What is in, on or behind something is a thing; whose it is may be a person's. */
const places =
  /\b(?:in|inside|into|on|onto|upon|via|through|within|at|behind|using|against|across|under|between|runs?|running)\s$/i

/** Words and names that the bundle uses for its things, in lower case. */
export interface Vocabulary {
  /** Of services, sources, changes, alerts. */
  readonly names: ReadonlySet<string>
  /** That stand somewhere in lower case: they are words, and begin a sentence here. */
  readonly common: ReadonlySet<string>
}

export interface PossibleName {
  readonly text: string
  readonly at: number
  /** A handle, a title: no question that it is a person. */
  readonly isCertain: boolean
}

/** In the order of the text; each place once. */
export function possibleNames(text: string, vocabulary: Vocabulary): readonly PossibleName[] {
  const found = [
    ...all(text, handle).map((one) => ({ ...one, isCertain: true })),
    ...all(text, withTitle).map((one) => ({ ...one, isCertain: true })),
    ...all(text, withInitial).filter((one) => isInitialled(text, one, vocabulary)),
    ...all(text, severalWords).flatMap((one) => nameIn(text, one, vocabulary)),
    ...[doer, doerInside, doneBy, described, possession].flatMap((pattern) =>
      all(text, pattern).filter(({ at, name = '' }) => isAlone(text, { at, name }, vocabulary)),
    ),
  ].toSorted((a, b) => a.at - b.at || b.text.length - a.text.length)
  const kept: PossibleName[] = []
  for (const { text: said, at, isCertain = false } of found as readonly Found[]) {
    const last = kept.at(-1)
    if (last !== undefined && at < last.at + last.text.length) continue
    kept.push({ text: said, at, isCertain })
    kept.push(...companions(text, at + said.length, vocabulary))
  }
  return kept
}

/** Whoever is named in one breath with a person. */
function companions(text: string, at: number, vocabulary: Vocabulary): readonly PossibleName[] {
  const match = joined.exec(text.slice(at))
  const name = match?.groups?.['name']
  if (match === null || name === undefined) return []
  const begin = at + match[0].length - name.length
  if (!isAlone(text, { at: begin, name }, vocabulary)) return []
  return [{ text: name, at: begin, isCertain: false }, ...companions(text, begin + name.length, vocabulary)]
}

interface Found {
  readonly text: string
  readonly at: number
  readonly name?: string
  readonly isCertain?: boolean
}

function all(text: string, pattern: RegExp): readonly Found[] {
  return [...text.matchAll(pattern)].map((match) => {
    const { name, last, first } = match.groups ?? {}
    if (name !== undefined) return { text: name, name, at: match.index + match[0].indexOf(name) }
    const inner = last ?? first
    return { text: match[0].trim(), at: match.index, ...(inner === undefined ? {} : { name: inner }) }
  })
}

const lettered =
  /\b(?:option|plan|step|appendix|phase|point|class|type|shard|region|zone|team|section|part|node|group|case|variant|version)\s$/i

function isInitialled(text: string, { at, name = '' }: Found, { names }: Vocabulary): boolean {
  return (
    !isGrammar(name) && !isThing(name) && !names.has(name.toLowerCase()) && !lettered.test(text.slice(0, at))
  )
}

/** Several capitalised words, without the words of grammar that begin a sentence. */
function nameIn(text: string, { text: phrase, at }: Found, { names }: Vocabulary): readonly Found[] {
  const words = phrase.split(' ')
  const skipped = words.findIndex((one) => !isGrammar(one))
  if (skipped === -1 || words.length - skipped < 2) return []
  const rest = words.slice(skipped)
  const begin = at + words.slice(0, skipped).join(' ').length + (skipped > 0 ? 1 : 0)
  const before = text.slice(0, begin)
  const isOwner = /^['’]s?\b/.test(text.slice(begin + rest.join(' ').length))
  if (
    rest.some((one, place) => isThing(one) && !(place === 0 && isGivenNameToo(one))) ||
    rest.every((one) => names.has(one.toLowerCase()))
  )
    return []
  if (determiners.test(before) || (places.test(before) && !isOwner)) return []
  return [{ text: rest.join(' '), at: begin }]
}

/** Endings of nouns that begin a sentence: Monitoring, Fulfilment, Validation. */
const abstract = /(?:tion|sion|ment|ing|ness|ity|ship|ance|ence|ism|ware|ies|ers|ors|ists|ups|ages)$/

function isAlone(
  text: string,
  { at, name }: { at: number; name: string },
  { names, common }: Vocabulary,
): boolean {
  const lower = name.toLowerCase()
  const before = text.slice(0, at)
  const begins = /(?:^|[.!?:;“"(]\s*)$/.test(before)
  if (isGrammar(name) || isThing(name) || names.has(lower) || rolePattern.test(name)) return false
  if (begins && (common.has(lower) || abstract.test(lower))) return false
  const [previous] = new RegExp(String.raw`${word}(?= $)`, 'u').exec(before) ?? []
  return !determiners.test(before) && (previous === undefined || isGrammar(previous))
}

/** An owner of work is a role; a capitalised word or two that are neither a role nor of the bundle may be a person. */
export function isPossibleOwner(owner: string, { names, common }: Vocabulary): boolean {
  if (!new RegExp(String.raw`^${word}(?: (?:${between} )*${word}){0,2}$`, 'u').test(owner)) return false
  return !owner.split(' ').some((one) => {
    const lower = one.toLowerCase()
    return isThing(one) || names.has(lower) || common.has(lower) || abstract.test(lower)
  })
}
