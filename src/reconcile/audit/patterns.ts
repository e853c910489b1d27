import { countText, durationText } from '../values/format.ts'
import { intervals } from './intervals.ts'
import type { Pattern, PatternKind } from './report.ts'
import type { Seen } from './seen.ts'
import { segmentPattern } from './segments.ts'
import type { Tally } from './tally.ts'

/** Below this a share is chance, or a mistake in a few rows. */
const minShare = 0.05
/** So many references must come at all before "every one of them" says something. */
const minItems = 3
const almostAll = 0.98
const hourMs = 3_600_000

/** The patterns of the duplicates, the one with the largest share first. A pattern that does not hold is not there. */
export function patternsOf(seen: Seen): Pattern[] {
  if (seen.tally.refs === 0) return []
  const whole = wholePatterns(seen)
  const parts = [
    ...(isRerun(seen.tally) && whole.length > 0 ? [] : intervalPatterns(seen)),
    ...groupPatterns(seen),
    ...knownGaps(seen),
  ]
  return [...whole, ...parts].toSorted((a, b) => b.share - a.share)
}

/** Patterns of the data as a whole; they also tell a rerun from another order. */
export function wholePatterns(seen: Seen): Pattern[] {
  const segments = segmentPattern(seen)
  return [...everyItemTwice(seen), ...(segments === undefined ? [] : [segments])]
}

function everyItemTwice({ tally, refs }: Seen): Pattern[] {
  if (refs < minItems) return []
  const [most] = [...tally.multiplicity].toSorted((a, b) => b[1] - a[1])
  if (most === undefined || most[1] < refs * almostAll) return []
  const [count, items] = most
  const times = count === 2 ? 'exactly twice' : `exactly ${count} times`
  const whole =
    items === refs
      ? `all ${countText(refs)} references come ${times}`
      : `${countText(items)} of ${countText(refs)} references come ${times}`
  return [pattern('every-item-twice', items / tally.refs, `${whole}: the whole job ran again`)]
}

/** All first effects were over when the second ones began: the same gap for each is then the shift of a rerun. */
function isRerun({ originals, extras, refs }: Tally): boolean {
  return refs >= 10 && extras.at.first >= originals.at.last
}

function intervalPatterns({ tally, decisions }: Seen): Pattern[] {
  // An hour that comes twice is no interval that anybody has chosen.
  const isClock = tally.hourRepeats / tally.refs >= minShare
  const found = intervals(tally, decisions).filter(
    ({ gapMs }) => !isClock || Math.abs(gapMs - hourMs) > hourMs * 0.05,
  )
  return found.map(({ gapMs, groups, isRepeated }) => {
    const again = isRepeated ? ', several times in a row' : ''
    const what = gapMs < hourMs ? 'a retry with a fixed delay' : 'a schedule, or a retry with a fixed delay'
    return pattern('fixed-interval', groups / tally.refs, `${durationText(gapMs)} apart${again}: ${what}`)
  })
}

function groupPatterns({ tally }: Seen): Pattern[] {
  const { refs } = tally
  const workers = tally.raceWorkers > 1 ? ', by different workers' : ''
  const [zone] = [...tally.zones].toSorted((a, b) => b[1] - a[1])
  const found: [PatternKind, number, string][] = [
    [
      'millisecond-race',
      tally.races,
      `milliseconds apart${workers}: two at once, between a check and the act`,
    ],
    [
      'key-per-attempt',
      tally.keyPerAttempt,
      'equal content under different keys: each attempt made a key of its own',
    ],
    [
      'timestamp-in-key',
      tally.keyWithTime,
      'the keys hold the time of the attempt, so a retry never repeats one',
    ],
    [
      'same-key',
      tally.sameKey,
      'one key, several effects: the target does not go by it, or has forgotten it',
    ],
    [
      'clock-change',
      tally.hourRepeats,
      `an hour apart, as clocks were set back (${zone?.[0] ?? ''} among others): the hour came twice`,
    ],
  ]
  return found.flatMap(([kind, count, detail]) =>
    count / refs >= minShare ? [pattern(kind, count / refs, detail)] : [],
  )
}

function knownGaps({ tally, known }: Seen): Pattern[] {
  return known.flatMap(([name, ms]) => {
    const share = (tally.known.get(name) ?? 0) / tally.refs
    return share >= minShare ? [pattern('known-gap', share, `the gap is ${name} (${durationText(ms)})`)] : []
  })
}

function pattern(kind: PatternKind, share: number, detail: string): Pattern {
  return { kind, share: Math.round(Math.min(share, 1) * 10_000) / 10_000, detail }
}
