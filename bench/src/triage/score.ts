import type { CaseScore } from './score-case.ts'

/** Of many cases. Shares are 0 to 1; each stands beside the number of cases that it is of. */
export interface Score {
  readonly name: string
  readonly cases: number
  readonly top1: number
  readonly top3: number
  /** Cases whose true cause was ruled out. */
  readonly falseRuleOuts: number
  /** Cases in which no cause was named. */
  readonly abstained: number
  /** Median number of tests until the true cause led, 0 included; of those where it came to lead. */
  readonly tests: number | null
  readonly neverLed: number
  readonly farthestMove: number
  /** What led instead, the most frequent first: `D20 4`. */
  readonly instead: readonly string[]
}

/** The causes for which naming none is right. */
export const withoutCause: readonly string[] = ['N01', 'N02']

export function scoreOf(name: string, cases: readonly CaseScore[]): Score {
  const share = (is: (one: CaseScore) => boolean): number =>
    cases.length === 0 ? 0 : cases.filter(is).length / cases.length
  const tests = cases.flatMap(({ tests: count }) => count ?? []).toSorted((a, b) => a - b)
  return {
    name,
    cases: cases.length,
    top1: share(({ place }) => place === 1),
    top3: share(({ place }) => place >= 1 && place <= 3),
    falseRuleOuts: cases.filter(({ isRuledOut }) => isRuledOut).length,
    abstained: share(({ hasAbstained }) => hasAbstained),
    tests: tests[Math.floor(tests.length / 2)] ?? null,
    neverLed: cases.filter(({ tests: count }) => count === undefined).length,
    farthestMove: Math.max(0, ...cases.map(({ moved }) => moved)),
    instead: counted(cases.filter(({ place }) => place !== 1).map(({ lead }) => lead)),
  }
}

function counted(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].toSorted((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${count}`)
}

/** Overall, for the causes that are none and for the others, and for each. */
export function scoresOf(cases: readonly CaseScore[]): readonly Score[] {
  const isNone = ({ cause }: CaseScore): boolean => withoutCause.includes(cause)
  const causes = [...new Set(cases.map(({ cause }) => cause))]
  return [
    scoreOf('all', cases),
    scoreOf(
      'with a cause',
      cases.filter((one) => !isNone(one)),
    ),
    scoreOf('with none', cases.filter(isNone)),
    ...causes.map((cause) =>
      scoreOf(
        cause,
        cases.filter((one) => one.cause === cause),
      ),
    ),
  ]
}

/** The interval of Wilson: where a share of `count` cases lies, with 95 % confidence. */
export function interval(share: number, count: number): readonly [number, number] {
  if (count === 0) return [0, 1]
  const z = 1.96
  const middle = (share + (z * z) / (2 * count)) / (1 + (z * z) / count)
  const half =
    (z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count))) / (1 + (z * z) / count)
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}
