import { table } from '../tables.ts'
import { interval, type Score } from './score.ts'

/** One run of `npm run bench -- triage`. */
export interface TriageResult {
  readonly startedAt: string
  /** Of each cause. */
  readonly seeds: number
  readonly isHeldOut: boolean
  /** Digest of the catalogue that was scored. */
  readonly catalogue: string
  readonly scores: readonly Score[]
  /** Cases that the true cause did not lead; empty of held-out seeds, where nobody looks at single cases. */
  readonly missed: readonly string[]
}

export function triageTable(results: readonly TriageResult[]): string {
  return results
    .map((result) => `${headOf(result)}\n\n${targetTable(result)}\n\n${causeTable(result)}`)
    .join('\n\n')
}

function headOf({ isHeldOut, seeds, catalogue, startedAt }: TriageResult): string {
  const kind = isHeldOut ? 'Held-out' : 'Tuning'
  return `${kind} seeds, ${seeds} of each cause, catalogue \`${catalogue}\`, ${startedAt.slice(0, 10)}.`
}

function targetTable({ scores }: TriageResult): string {
  const of = (name: string): Score | undefined =>
    scores.find(({ name: own, cases }) => own === name && cases > 0)
  const rows = [...overall(of('all')), ...abstentions(of('with none'), of('with a cause'))]
  return table(['what', 'measured', 'target', 'met'], rows)
}

function overall(all: Score | undefined): string[][] {
  if (all === undefined) return []
  const { cases, top1, top3, falseRuleOuts, farthestMove, tests, neverLed } = all
  return [
    ['the true cause leads', shareOf(top1, cases), '≥ 0.85', yesIf(top1 >= 0.85)],
    ['it is among the first three', shareOf(top3, cases), '≥ 0.97', yesIf(top3 >= 0.97)],
    ['it was ruled out', `${falseRuleOuts} of ${cases}`, '0', yesIf(falseRuleOuts === 0)],
    ['farthest move when changes swap names', `${farthestMove}`, '≤ 1', yesIf(farthestMove <= 1)],
    ['tests until it leads, median', tests === null ? '' : `${tests}`, '', ''],
    ['it never came to lead', `${neverLed} of ${cases}`, '', ''],
  ]
}

function abstentions(none: Score | undefined, some: Score | undefined): string[][] {
  const rows: string[][] = []
  if (none !== undefined)
    rows.push([
      'no cause named where there is none',
      shareOf(none.abstained, none.cases),
      '≥ 0.9',
      yesIf(none.abstained >= 0.9),
    ])
  if (some !== undefined)
    rows.push(['no cause named where there is one', shareOf(some.abstained, some.cases), '', ''])
  return rows
}

function yesIf(isMet: boolean): string {
  return isMet ? 'yes' : '**no**'
}

function causeTable({ scores }: TriageResult): string {
  const rows = scores
    .filter(({ cases }) => cases > 0)
    .map((score) => [
      score.name,
      `${score.cases}`,
      shareOf(score.top1, score.cases),
      score.top3.toFixed(2),
      `${score.falseRuleOuts}`,
      score.abstained.toFixed(2),
      score.tests === null ? '' : `${score.tests}`,
      score.instead.slice(0, 4).join(', '),
    ])
  return table(
    ['cause', 'cases', 'leads', 'in three', 'ruled out', 'abstained', 'tests', 'led instead'],
    rows,
  )
}

/** With the interval in which it lies with 95 % confidence. */
function shareOf(share: number, count: number): string {
  const [from, to] = interval(share, count)
  return `${share.toFixed(2)} (${from.toFixed(2)} to ${to.toFixed(2)})`
}
