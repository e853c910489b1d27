/* What of a triage's JSON these pages show. */

export interface PlanStep {
  readonly step: string
  readonly action: string
  readonly cost: number
  readonly expectedIf?: Readonly<Record<string, string>>
  readonly kills: readonly string[]
  readonly killsIf?: { readonly yes: readonly string[]; readonly no: readonly string[] }
  readonly next: { readonly yes: string | null; readonly no: string | null }
  readonly ran?: { readonly answer: 'yes' | 'no' }
}

export interface Hypothesis {
  readonly id: string
  readonly title: string
  readonly mechanism: string
  readonly probability: number
  readonly label: string
  readonly cheapestTest: string
}

export interface TriageDocument {
  readonly incident: string
  readonly title: string
  readonly severity: string
  readonly problem: string
  readonly hypotheses: readonly Hypothesis[]
  readonly plan: readonly PlanStep[]
  readonly mitigations: readonly {
    readonly id: string
    readonly action: string
    readonly sacrifices: string
    readonly rollback: string
  }[]
  readonly fixes: readonly { readonly id: string; readonly change: string; readonly test: string }[]
  readonly contradictions: readonly { readonly claim: string; readonly fact: string }[]
  readonly evidence: readonly { readonly id: string; readonly source: string; readonly statement: string }[]
  readonly abstained: boolean
}

export type Answer = 'yes' | 'no'
export type Answers = Readonly<Record<string, Answer>>

/** The way through the tree that the answers make, up to the first step without one. */
export function wayThrough(plan: readonly PlanStep[], answers: Answers): readonly PlanStep[] {
  const way: PlanStep[] = []
  let step = plan[0]
  while (step !== undefined && !way.includes(step)) {
    way.push(step)
    const answer = answers[step.step] ?? step.ran?.answer
    const next: string | null | undefined = answer === undefined ? undefined : step.next[answer]
    step = plan.find((one) => one.step === next)
  }
  return way
}

/** What the answers on the way rule out. */
export function killed(way: readonly PlanStep[], answers: Answers): ReadonlySet<string> {
  return new Set(
    way.flatMap((step) => {
      const answer = answers[step.step] ?? step.ran?.answer
      return answer === undefined ? [] : (step.killsIf?.[answer] ?? [])
    }),
  )
}
