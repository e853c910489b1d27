import { countText } from '../values/format.ts'
import type { Seen } from './seen.ts'
import type { Pattern } from './report.ts'
import type { Span } from './tally.ts'

/** A chance that is no chance. */
const tooUnlikely = 1e-6
const minExtras = 10
const dense = 0.9

/** Duplicates that lie together: whole segments, one after the other, or one block of rows that stands there twice. */
export function segmentPattern(seen: Seen): Pattern | undefined {
  return bySegment(seen) ?? byPosition(seen)
}

function bySegment({ tally, facts }: Seen): Pattern | undefined {
  const { segments } = facts
  if (segments === undefined || tally.segments.size === 0) return undefined
  const all = [...segments.keys()].flatMap((name) => numberOf(name) ?? [])
  const hit = [...tally.segments.keys()].flatMap((name) => numberOf(name) ?? []).toSorted((a, b) => a - b)
  if (all.length !== segments.size || hit.length !== tally.segments.size || hit.length >= all.length)
    return undefined
  const [first = 0, last = 0] = [hit[0], hit.at(-1)]
  const between = all.filter((number) => number >= first && number <= last).length
  if (between !== hit.length) return undefined
  const inThem = [...tally.segments.values()].reduce((sum, count) => sum + count, 0)
  const rowsInThem = [...tally.segments.keys()].reduce((sum, name) => sum + (segments.get(name) ?? 0), 0)
  // Were they spread at random, all would have to fall into this part of the rows.
  const chance = all.length * (rowsInThem / facts.rows) ** inThem
  if (chance > tooUnlikely) return undefined
  const names = hit.length === 1 ? `segment ${first}` : `segments ${first} to ${last}`
  const whole = inThem * 2 >= rowsInThem * 0.98 ? ', every item of them' : ''
  return {
    kind: 'segment-contiguous',
    share: Math.min(inThem / tally.refs, 1),
    detail: `all in ${names} of ${countText(all.length)}${whole}: part of a run was done again`,
  }
}

/** The number at the end of a segment's name: 7, seg-07. */
function numberOf(name: string): number | undefined {
  const digits = /(\d{1,9})$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function byPosition({ tally, facts }: Seen): Pattern | undefined {
  const { originals, extras, extraRows, refs } = tally
  const isOnce = extraRows === refs
  if (extraRows < minExtras || !isOnce || originals.position.first === Infinity) return undefined
  const length = (span: Span): number => span.last - span.first + 1
  const isBlock = extraRows >= dense * length(extras.position) && refs >= dense * length(originals.position)
  if (!isBlock || originals.position.last >= extras.position.first || refs * 2 >= facts.rows) return undefined
  const rows = ({ first, last }: Span): string => `rows ${countText(first + 1)} to ${countText(last + 1)}`
  return {
    kind: 'segment-contiguous',
    share: 1,
    detail: `${rows(extras.position)} repeat ${rows(originals.position)}: part of a run was done again`,
  }
}
