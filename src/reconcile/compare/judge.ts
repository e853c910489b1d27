import type { Row } from '../sources/source.ts'
import type { Cardinality, Decisions, Verdict } from './decisions.ts'
import { comparedCells } from './join-in-rows.ts'
import type { KeyRows } from './joined.ts'
import { disagreements, pairUp } from './pairing.ts'
import type { ReconcilePlan } from './plan.ts'
import type { Difference } from './report.ts'
import { later, timeOf } from './times.ts'

export interface Judging {
  readonly plan: ReconcilePlan
  readonly decisions: Decisions
  /** Undefined without a grace. */
  readonly grace: { readonly asOfMs: number; readonly graceMs: number } | undefined
}

export interface Judged {
  readonly verdict: Verdict
  readonly cardinality: Cardinality
  readonly rows: KeyRows
}

export function judgeKey(rows: KeyRows, { plan, decisions, grace }: Judging): Judged {
  const { left, right } = rows
  const pairs = left.length === right.length ? pairUp(left, right, { plan, agrees: decisions.agrees }) : [-1]
  const youngestMs = [
    ...left.map((cells) => timeOf(cells, plan.left)),
    ...right.map((cells) => timeOf(cells, plan.right)),
  ].reduce(later, undefined)
  const verdict = decisions.verdictOf({
    left: left.length,
    right: right.length,
    isPaired: !pairs.includes(-1),
    isYoung: grace !== undefined && decisions.isPending(youngestMs, grace.asOfMs, grace.graceMs),
  })
  return { verdict, cardinality: decisions.cardinalityOf(left.length, right.length), rows }
}

/** What a reader is shown of a key; nothing for one that matches. */
export function differenceOf({ verdict, rows }: Judged, judging: Judging): Difference | undefined {
  if (verdict === 'matched') return undefined
  const { plan } = judging
  const { key, left, right } = rows
  const [leftAt, rightAt] = [timeText(left[0], plan.left.at), timeText(right[0], plan.right.at)]
  const [first = ''] = key
  return {
    kind: verdict,
    key: key.length === 1 ? first : key,
    left: left.length,
    right: right.length,
    ...(leftAt !== undefined && { leftAt }),
    ...(rightAt !== undefined && { rightAt }),
    ...(verdict === 'mismatched' && { differs: differing(rows, judging) }),
  }
}

function timeText(cells: Row | undefined, at: string | undefined): string | undefined {
  return at === undefined ? undefined : (cells?.[0] ?? undefined)
}

/** Of the first row that has no partner, beside the first that is left over. */
function differing(
  { left, right }: KeyRows,
  { plan, decisions }: Judging,
): NonNullable<Difference['differs']> {
  const at = { plan, agrees: decisions.agrees }
  const pairs = pairUp(left, right, at)
  const [alone] = left.filter((_, place) => pairs[place] === -1)
  const [over] = right.filter((_, place) => !pairs.includes(place))
  if (alone === undefined || over === undefined) return []
  const [a, b] = [comparedCells(alone, plan.left), comparedCells(over, plan.right)]
  return disagreements(alone, over, at).map((place) => ({
    column: plan.compare[place]?.left ?? '',
    left: a[place] ?? null,
    right: b[place] ?? null,
  }))
}
