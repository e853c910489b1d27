import type { Catalogue, Direction, Fix, Mitigation } from '../catalogue/cause.ts'
import type { Known, Ranked } from '../rank/rank.ts'

export interface ChosenMitigation {
  readonly mitigation: Mitigation
  /** The causes that it acts on, likeliest first. */
  readonly causes: readonly string[]
  readonly probability: number
  /** The changes to take back, where it takes back any and the signals name them. */
  readonly changes: readonly Named[]
  /** What it may bring beside what it mends, said where the other harm is there already. */
  readonly warning?: string
}

interface Named {
  readonly name: string
  readonly evidence: readonly string[]
}

export interface ChosenFix {
  readonly fix: Fix
  readonly causes: readonly string[]
  readonly probability: number
}

/** Decisions, replaceable by a mutant. */
export interface RemedyRules {
  /** Repairs go by probability over cost (Heckerman, Breese and Rommelse 1995). */
  readonly order: (probability: number, cost: number) => number
  readonly harm: (effect: Mitigation['effect'], present: Present) => string | undefined
}

export interface Present {
  readonly duplicates: boolean
  readonly losses: boolean
}

export const remedyRules: RemedyRules = {
  order: (probability, cost) => probability / cost,
  harm(effect, present) {
    const said = [
      worse(effect.losses, present.losses, 'losses'),
      worse(effect.duplicates, present.duplicates, 'duplicates'),
    ].filter((text) => text !== undefined)
    return said.length === 0 ? undefined : said.join('; ')
  },
}

function worse(direction: Direction, isPresent: boolean, what: string): string | undefined {
  if (direction !== 'more') return undefined
  return isPresent
    ? `it makes more ${what}, and there are some already`
    : `it may trade this for ${what}: watch them while it is on`
}

/** Below this a cause gets no remedy of its own. */
const leastProbability = 0.05

interface Input {
  readonly ranked: readonly Ranked[]
  readonly catalogue: Catalogue
  readonly known: readonly Known[]
  readonly rules?: RemedyRules
}

export function chooseMitigations({
  ranked,
  catalogue,
  known,
  rules = remedyRules,
}: Input): readonly ChosenMitigation[] {
  const present = presentHarm(known)
  return catalogue.mitigations
    .flatMap((mitigation) => {
      const by = ranked.filter(
        ({ cause, probability }) =>
          probability >= leastProbability && cause.mitigations.includes(mitigation.id),
      )
      if (by.length === 0) return []
      const warning = rules.harm(mitigation.effect, present)
      const changes = mitigation.revertsChange === true ? changesFor(by, known) : []
      const chosen = { mitigation, causes: by.map(({ cause }) => cause.id), probability: either(by), changes }
      return [warning === undefined ? chosen : { ...chosen, warning }]
    })
    .toSorted((a, b) =>
      byOrder(rules, [a.probability, a.mitigation.costMinutes], [b.probability, b.mitigation.costMinutes]),
    )
}

export function chooseFixes({ ranked, catalogue, rules = remedyRules }: Input): readonly ChosenFix[] {
  return catalogue.fixes
    .flatMap((fix) => {
      const by = ranked.filter(
        ({ cause, probability }) => probability >= leastProbability && cause.fixes.includes(fix.id),
      )
      return by.length === 0
        ? []
        : [{ fix, causes: by.map(({ cause }) => cause.id), probability: either(by) }]
    })
    .toSorted((a, b) => byOrder(rules, [a.probability, a.fix.costDays], [b.probability, b.fix.costDays]))
}

/** Changes that a signal names which is true and speaks for one of the causes; the first of each signal is the nearest. */
function changesFor(causes: readonly Ranked[], known: readonly Known[]): readonly Named[] {
  const found = known.flatMap(({ signal, value }) => {
    const isChange = signal.id.startsWith('change.') || signal.id.startsWith('onset.at-')
    const speaks = causes.some(({ cause }) => (cause.signals[signal.id]?.[0] ?? 0) > 0)
    if (!value || !isChange || !speaks) return []
    return (signal.names ?? []).slice(0, 2).map((name) => ({ name, evidence: signal.evidence }))
  })
  return found.filter(({ name }, at) => found.findIndex((each) => each.name === name) === at)
}

function byOrder(
  { order }: RemedyRules,
  a: readonly [probability: number, cost: number],
  b: readonly [probability: number, cost: number],
): number {
  return order(b[0], b[1]) - order(a[0], a[1])
}

/** That at least one of them acts; they are taken as independent. */
function either(ranked: readonly Ranked[]): number {
  return 1 - ranked.reduce((none, { probability }) => none * (1 - probability), 1)
}

export function presentHarm(known: readonly Known[]): Present {
  const isTrue = (id: string): boolean => known.some(({ signal, value }) => signal.id === id && value)
  return { duplicates: isTrue('dup.present'), losses: isTrue('loss.present') }
}
