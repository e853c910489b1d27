import type { ClaimFact } from '../model.ts'
import { percent, whole } from '../words.ts'
import { type Check, type Checked, type Contradicted, isFalse, isTrue, quote } from './found.ts'

const allOf = /\b(?<part>\d[\d,]*)\s+(?:out\s+)?of\s+(?:the\s+)?(?<whole>\d[\d,]*)\b/i
/** “The other 8 of 15” is a part, not what is left of one. */
const rest = /\b(?:other|remaining)\s+(?<rest>\d[\d,]*)\b(?!\s+(?:out\s+)?of\b)/i
const share = /(?<percent>\d+(?:\.\d+)?)\s?%[^.\d]{0,30}\(?(?<part>\d[\d,]*)\s?\/\s?(?<whole>\d[\d,]*)\)?/

/** “8 of 15, the other 7”, “47 % (7/15)”: said of one thing in one text, they have to add up. */
export const sumsDoNotAddUp: Check = ({ bundle: { claims } }) =>
  claims.flatMap((claim) => [...partAndRest(claim), ...shareOf(claim)])

function partAndRest(claim: ClaimFact): readonly Contradicted[] {
  const parts =
    allOf.exec(claim.text)?.groups ??
    /\binitiated (?<whole>\d+)\b.*?\bfor (?<part>\d+) of them/.exec(claim.text)?.groups
  const left = rest.exec(claim.text)?.groups?.['rest']
  if (parts === undefined || left === undefined) return []
  const [of, part, other] = [numberOf(parts['whole']), numberOf(parts['part']), numberOf(left)]
  if (part + other === of) return []
  return [sum(claim, `${whole(part)} and ${whole(other)} are ${whole(part + other)}, not ${whole(of)}.`)]
}

function shareOf(claim: ClaimFact): readonly Contradicted[] {
  const said = share.exec(claim.text)?.groups
  if (said === undefined) return []
  const [part, of] = [numberOf(said['part']), numberOf(said['whole'])]
  const right = (part / of) * 100
  if (of === 0 || Math.abs(right - Number(said['percent'])) <= 1) return []
  return [sum(claim, `${whole(part)} of ${whole(of)} is ${right.toFixed(1)} %, not ${said['percent']} %.`)]
}

function sum(claim: ClaimFact, fact: string): Contradicted {
  const at = Math.max(0, claim.text.search(/\d/))
  return { claim: quote(claim.place, claim.text, at), fact, source: 'arithmetic', evidence: [claim.evidence] }
}

function numberOf(text: string | undefined): number {
  return Number((text ?? '').replaceAll(',', ''))
}

const measures = [
  { says: /duplicate|twice|double/i, signal: 'dup.present', names: ['extraRows', 'groups'] },
  { says: /lost|missing|not received|never/i, signal: 'loss.present', names: ['lost'] },
] as const

/** A number of duplicates or losses among the impact that the sources, counted again, do not give. */
export const impactIsNotMeasured: Check = (checked) =>
  checked.bundle.impact.flatMap((item): readonly Contradicted[] => {
    const measure = measures.find(({ says }) => says.test(`${item.label} ${item.unit ?? ''}`))
    const stated = typeof item.value === 'number' ? item.value : Number(item.value.replaceAll(',', ''))
    if (measure === undefined || !Number.isFinite(stated) || item.value === '') return []
    const found = checked.known.find(({ signal }) => signal.id === measure.signal)
    const counted = measure.names.flatMap((name) => found?.signal.numbers?.[name] ?? [])
    if (found === undefined || counted.length === 0 || counted.includes(stated)) return []
    const figures = [...new Set(counted)].map(whole)
    return [
      {
        claim: `impact: “${item.label}: ${whole(stated)}”`,
        fact: `Counted in the sources it is ${figures.join(' or ')}.`,
        source: 'the bundle',
        evidence: [item.evidence, ...found.signal.evidence],
      },
    ]
  })

const nothingArrives =
  /\b(total outage|nothing (arrives|arrived|is received)|all (webhooks|callbacks|deliveries|messages) (are|were|have been) (lost|missing)|endpoint (is|was) (down|unreachable))/i

/** A total outage, where a part arrives all the time. */
export const notATotalOutage: Check = (checked) => {
  const partial = isFalse(checked, 'loss.total')
  const lost = isTrue(checked, 'loss.present')
  const claim = checked.bundle.claims.find(({ text }) => nothingArrives.test(text))
  if (partial === undefined || lost === undefined || claim === undefined) return []
  const { lost: missing, due } = lost.signal.numbers ?? {}
  const arrived =
    missing === undefined || due === undefined
      ? 'a part'
      : `${whole(due - missing)} of ${whole(due)} (${percent((due - missing) / due)})`
  return [
    {
      claim: quote(claim.place, claim.text, claim.text.search(nothingArrives)),
      fact: `In the same time ${arrived} arrived: what loses the others lets these through.`,
      source: 'the bundle',
      evidence: [claim.evidence, ...lost.signal.evidence, ...partial.signal.evidence],
    },
  ]
}

const secondOne = /\b(second|new|another|separate|different)\b[^.]{0,40}\b(charge|payment|effect)s?\b/i

/** One effect id that was written twice is no second effect: that would have an id of its own. */
export const sameIdIsNoSecondEffect: Check = (checked: Checked) => {
  const violation = isTrue(checked, 'store.unique-violation-same-effect')
  if (violation === undefined) return []
  const claim = checked.bundle.claims.find(
    ({ text }) => secondOne.test(text) && /constraint|violat|duplicate key/i.test(text),
  )
  if (claim === undefined) return []
  return [
    {
      claim: quote(claim.place, claim.text, claim.text.search(secondOne)),
      fact: 'The constraint is on the effect’s own id. A second effect has another id and cannot violate it: one effect was written twice, by two writers or by a write whose answer was lost. Second effects, if there are any, need a cause of their own.',
      source: 'logic',
      evidence: [claim.evidence, ...violation.signal.evidence],
    },
  ]
}
