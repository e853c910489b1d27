import type { ClaimFact } from '../model.ts'
import { listed, whole } from '../words.ts'
import { type Check, type Contradicted, denied, quote, sentencesOf } from './found.ts'

/*
 * Lists of hypotheses as people keep them: each with a label, a rating and a rank, and a list of what was ruled out. The
 * lists are read by their words, whatever the incident is.
 */

const superlative = /\b(most likely|highest likelihood|most probable)\b/i
const rated = /\b(?:likelihood|probability)\W{1,6}(very low|low-medium|low|medium-high|medium|high)\b/i
const idAtStart = /^\W{0,3}([A-Z]{1,2}\d{1,2})\b/

interface Account {
  /** `H3`, where the list numbers its accounts. */
  readonly id: string | undefined
  readonly claim: ClaimFact
  /** As it is written: `Low-Medium`. */
  readonly rating: string | undefined
  readonly isBest: boolean
}

function accountsOf(claims: readonly ClaimFact[]): readonly Account[] {
  return claims.map((claim) => ({
    id: idAtStart.exec(claim.text)?.[1],
    claim,
    rating: rated.exec(claim.text)?.[1],
    isBest: superlative.test(claim.text),
  }))
}

function nameOf({ id, claim }: Account): string {
  return id ?? claim.place
}

function quoted({ claim }: Account, pattern: RegExp): string {
  return quote(claim.place, claim.text, Math.max(0, claim.text.search(pattern)))
}

/** Several accounts that are each the likeliest, or one that is the likeliest and rated below another. */
export const labelsDisagree: Check = ({ bundle: { claims } }) => {
  const accounts = accountsOf(claims)
  const best = accounts.filter(({ isBest }) => isBest)
  const high = accounts.find(({ rating }) => /^high$/i.test(rating ?? ''))
  const lower = best.flatMap((account): readonly Contradicted[] => {
    const { rating, claim } = account
    if (rating === undefined || /high/i.test(rating)) return []
    const other = high === undefined ? '' : ` while ${high.claim.place} is rated high`
    return [
      {
        claim: quoted(account, superlative),
        fact: `The same text rates it “${rating}”${other}: the label and the rating cannot both stand.`,
        source: 'logic',
        evidence: [claim.evidence, ...(high === undefined ? [] : [high.claim.evidence])],
      },
    ]
  })
  if (best.length < 2) return lower
  return [
    ...lower,
    {
      claim: best.map((account) => quoted(account, superlative)).join('; '),
      fact: `${whole(best.length)} accounts are each called the likeliest; one at most can be.`,
      source: 'logic',
      evidence: best.map(({ claim }) => claim.evidence),
    },
  ]
}

interface Rank {
  readonly place: number
  readonly id: string
  readonly claim: ClaimFact
}

/** `| 5 | H3 | …` of a table, `5. H3 …` of a list. */
const ranks = /^(?:\|\s*(\d{1,2})\s*\|\s*([A-Z]{1,2}\d{1,2})\s*\||\s*(\d{1,2})[.)]\s+([A-Z]{1,2}\d{1,2})\b)/gm

function ranksIn(claims: readonly ClaimFact[]): readonly Rank[] {
  return claims.flatMap((claim) =>
    [...claim.text.matchAll(ranks)].map(([, row, rowId, item, itemId]) => ({
      place: Number(row ?? item),
      id: rowId ?? itemId ?? '',
      claim,
    })),
  )
}

/** What is called the likeliest and does not come first in the ranking. */
export const labelAgainstRank: Check = ({ bundle: { claims } }) => {
  const ranked = ranksIn(claims)
  const first = ranked.find(({ place }) => place === 1)
  return accountsOf(claims).flatMap((account): readonly Contradicted[] => {
    const rank = ranked.find(({ id }) => id === account.id)
    if (!account.isBest || rank === undefined || rank.place === 1 || first === undefined) return []
    return [
      {
        claim: quoted(account, superlative),
        fact: `The ranking puts it in place ${rank.place} of ${ranked.length}, and ${first.id} first: the label and the rank cannot both stand.`,
        source: 'logic',
        evidence: [account.claim.evidence, rank.claim.evidence],
      },
    ]
  })
}

const leavesOut =
  /\b(do|does|did|would|can)(?: not|n['’]t)(?: fully)? (?:explain|account for|produce|cause)\b|\bexplains?\b[^.\n]*\bbut not\b|\b(?:cannot|fails to) explain\b/i

/** What is called the likeliest, or rated high, and leaves out a symptom by its own words. */
export const likelyAndLeavesOut: Check = ({ bundle: { claims } }) =>
  accountsOf(claims).flatMap((account): readonly Contradicted[] => {
    const { claim, rating, isBest } = account
    if (!leavesOut.test(claim.text) || !(isBest || /^(medium-)?high$/i.test(rating ?? ''))) return []
    return [
      {
        claim: quoted(account, leavesOut),
        fact: `The same text ${isBest ? 'calls it the likeliest' : `rates it “${rating ?? ''}”`}. What leaves a symptom out explains a part at most: another cause acts as well, or instead.`,
        source: 'logic',
        evidence: [claim.evidence],
      },
    ]
  })

/** What people rule out in general words, and what an account that rests on it says. */
const grounds: readonly { readonly name: string; readonly says: RegExp }[] = [
  { name: 'the network', says: /\bnetwork|\btcp\b|connection (is |was )?(reset|dropped|lost)|packet loss/i },
  {
    name: 'one instance alone',
    says: /\b(single|one|same)[- ](task|process|instance|node|worker|replica)\b(?! restart)/i,
  },
  { name: 'the schema', says: /\bschema|\bmigration/i },
]

const ruledOut = /\bruled out\b/i
/** A ground that was ruled out, and accounts that rest on it afterwards. */
export const ruledOutAndUsed: Check = ({ bundle: { claims } }) => {
  const out = claims.find(({ text }) => ruledOut.test(text))
  if (out === undefined) return []
  const list = out.text.slice(out.text.search(ruledOut))
  const accounts = accountsOf(claims).filter(({ id, claim }) => id !== undefined && claim !== out)
  return grounds.flatMap(({ name, says }): readonly Contradicted[] => {
    const at = list.search(says)
    const resting = accounts.filter(({ claim }) =>
      sentencesOf(claim.text).some((sentence) => says.test(sentence) && !denied.test(sentence)),
    )
    const [first] = resting
    if (at === -1 || first === undefined) return []
    return [
      {
        claim: quote(out.place, out.text, out.text.length - list.length + at),
        fact: `${listed(resting.map(nameOf))} ${resting.length === 1 ? 'rests' : 'rest'} on ${name} all the same (${quoted(first, says)}): it was ruled out too early, or the account falls with it.`,
        source: 'logic',
        evidence: [out.evidence, ...resting.map(({ claim }) => claim.evidence)],
      },
    ]
  })
}

const placeholder = /\[[A-Z]+(?:[_ ][A-Z]+)+\]|\bto be filled in\b|\bTBD\b|\bXX:XX\b/
const reckoned =
  /\b\d+\s*(?:s|seconds?|min|minutes?|h|hours?)\s+(?:before|after|earlier than|later than)\s+(?:the\s+)?(?:first\s+)?(?:\w+\s+)?(?:complaint|report|detection|page|call|alert)s?\b/i

/** A time that is reckoned from another one, which nobody has filled in. */
export const reckonedFromNothing: Check = ({ bundle: { claims } }) => {
  const open = claims.find(({ text }) => placeholder.test(text))
  const claim = claims.find(({ text }) => reckoned.test(text))
  if (open === undefined || claim === undefined) return []
  return [
    {
      claim: quote(claim.place, claim.text, claim.text.search(reckoned)),
      fact: `The time that this is reckoned from is not filled in (${quote(open.place, open.text, open.text.search(placeholder))}): nothing in the bundle says when it was.`,
      source: 'the bundle',
      evidence: [claim.evidence, open.evidence],
    },
  ]
}
