import type { BundleFacts, ChangeFact, ClaimFact } from '../model.ts'
import { listed, span, tellsOfHarm, when } from '../words.ts'
import { type Check, type Contradicted, quote } from './found.ts'

const blames = /\b(caus|because|due to|root cause|broke|introduc|brought|led to|result of|since|after)/i

interface Blamed {
  readonly change: ChangeFact
  readonly claim: ClaimFact
}

/** Changes that a text of the bundle names as a cause. */
function blamed({ changes, claims }: BundleFacts): readonly Blamed[] {
  return changes.flatMap((change) => {
    const claim = claims.find(
      ({ place, text }) => !place.startsWith('changes') && text.includes(change.name) && blames.test(text),
    )
    return claim === undefined ? [] : [{ change, claim }]
  })
}

/** A cause that begins after its effect. */
export const causeAfterEffect: Check = ({ bundle }) => {
  const { onset } = bundle
  if (onset === undefined) return []
  return blamed(bundle)
    .filter(({ change }) => change.atMs > onset.toMs)
    .map(({ change, claim }) => ({
      claim: quote(claim.place, claim.text, claim.text.indexOf(change.name)),
      fact: `${change.name} was made at ${when(change.atMs)}, ${span(change.atMs - onset.toMs)} after it had begun (${interval(onset)}): it cannot be what brought it on.`,
      source: 'the bundle',
      evidence: [claim.evidence, change.evidence, onset.evidence],
    }))
}

/** Duplicates or losses that people noted before the first of them lies in the data. */
export const noticedBeforeItBegan: Check = ({ bundle: { onset, timeline } }) => {
  const first = timeline
    .filter(({ phase, text }) => phase === 'detect' && tellsOfHarm.test(text))
    .toSorted((a, b) => a.atMs - b.atMs)[0]
  if (onset === undefined || first === undefined || first.atMs >= onset.fromMs - 60_000) return []
  return [
    {
      claim: quote('timeline', first.text),
      fact: `It is noted at ${when(first.atMs)}, ${span(onset.fromMs - first.atMs)} before the data show any (${interval(onset)}): the time is that of a first row that had come once by then, or rows before it are lacking.`,
      source: 'the bundle',
      evidence: [first.evidence, onset.evidence],
    },
  ]
}

const dayMs = 86_400_000

/** Far from the onset, while another change lies less than half as far: near proves nothing, but the nearer one was not asked. */
export const farCause: Check = ({ bundle }) => {
  const { onset, changes } = bundle
  if (onset === undefined) return []
  const suspects = blamed(bundle)
  return suspects.flatMap(({ change, claim }): readonly Contradicted[] => {
    const distanceMs = onset.fromMs - change.atMs
    if (distanceMs < dayMs) return []
    const nearer = changes.filter(
      ({ atMs, name }) =>
        atMs <= onset.toMs &&
        onset.fromMs - atMs < distanceMs / 2 &&
        suspects.every((each) => each.change.name !== name),
    )
    if (nearer.length === 0) return []
    const others = nearer.map(
      ({ name, atMs }) => `${name}, ${span(Math.max(0, onset.fromMs - atMs))} before it`,
    )
    return [
      {
        claim: quote(claim.place, claim.text, claim.text.indexOf(change.name)),
        fact: `${change.name} was made ${span(distanceMs)} before the onset (${interval(onset)}), and nearer to it there is ${listed(others)}. What kept the first one quiet for so long has to be said, and the nearer one to be tested.`,
        source: 'the bundle',
        evidence: [claim.evidence, change.evidence, onset.evidence, ...nearer.map((each) => each.evidence)],
      },
    ]
  })
}

function interval({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): string {
  return fromMs === toMs ? when(fromMs) : `${when(fromMs)} to ${when(toMs)}`
}
