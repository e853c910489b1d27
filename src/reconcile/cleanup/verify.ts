import { OncewardError } from '../../kernel/errors.ts'
import { type ReconcileOptions, type ReconcileSettings, reconcileSettings } from '../compare/options.ts'
import { comparing } from '../compare/reconcile.ts'
import type { CleanupDecisions } from './decisions.ts'
import { idsIn } from './journal.ts'
import { planWith, withoutMarked, withoutPassword } from './make-plan.ts'
import { type CleanupPlan, idText, type PlannedKey } from './plan.ts'
import { keysAtOnce, type Live, liveRows, portions, stale, type Target } from './target.ts'

/** Where the two sides are, with the passwords that a plan does not hold. */
export interface Places {
  readonly left?: string
  readonly right?: string
}

/** The question of a plan. Throws `OPTION_INVALID` where a given place is not the one it was made from. */
export function questionOf({ question }: CleanupPlan, places: Places): ReconcileOptions {
  const place = (side: 'left' | 'right'): string => {
    const given = places[side]
    if (given === undefined) return question[side]
    if (withoutPassword(given) === question[side]) return given
    throw new OncewardError('OPTION_INVALID', `--${side} is not the source that the plan was made from.`)
  }
  return { ...question, left: place('left'), right: place('right') }
}

export function markOf({ mark }: CleanupPlan): string | undefined {
  return mark ?? undefined
}

export function liveOf(plan: CleanupPlan, settings: ReconcileSettings): Live {
  return {
    keyColumns: settings.on.map((pair) => pair.right),
    idColumns: plan.idColumns,
    mark: markOf(plan),
    where: settings.right.where,
  }
}

export interface Verifying {
  readonly plan: CleanupPlan
  readonly question: ReconcileOptions
  readonly target: Target | undefined
  readonly decisions: CleanupDecisions
}

/**
 * Throws `CONFLICT` where any key of the plan is not as it was when the plan was made, on either side; what the plan has
 * done itself is no change. Gives the ids of rows that it has removed already.
 */
export async function verifyPlan(verifying: Verifying): Promise<ReadonlySet<string>> {
  const { plan, question, target, decisions } = verifying
  if (target === undefined) {
    await verifyAnew(verifying)
    return new Set()
  }
  const settings = reconcileSettings(question)
  const left = await leftCounts(plan, withoutMarked(settings, markOf(plan)))
  const removed = await idsIn(target, plan.id, 'removed')
  const live = liveOf(plan, settings)
  for (const keys of portions(plan.keys, keysAtOnce(live.keyColumns))) {
    const found = await liveRows(
      target,
      keys.map(({ key }) => key),
      { live, lock: false },
    )
    for (const planned of keys) {
      const name = JSON.stringify(planned.key)
      const state = { live: found.get(name) ?? [], removed, left: left.get(name) ?? 1 }
      const why = decisions.staleness(planned, state)
      if (why !== undefined) throw stale(`of key ${planned.key.join(', ')} ${why}`)
    }
  }
  return removed
}

/** A key that is not listed as different has one row on each side. */
async function leftCounts(
  plan: CleanupPlan,
  settings: ReconcileSettings,
): Promise<ReadonlyMap<string, number>> {
  const wanted = new Set(plan.keys.map(({ key }) => JSON.stringify(key)))
  return comparing(settings, {}, async (compared) => {
    const counts = new Map<string, number>()
    for await (const { rows } of compared.keys()) {
      const name = JSON.stringify(rows.key)
      if (wanted.has(name)) counts.set(name, rows.left.length)
    }
    return counts
  })
}

/** Where rows cannot be asked for one by one, the plan is made again and must say the same of its keys. */
async function verifyAnew({ plan, question, decisions }: Verifying): Promise<void> {
  const fix = { id: plan.idColumns, keep: plan.keepRule, ignore: plan.ignored }
  const { plan: anew } = await planWith(question, fix, { onDifference: undefined, decisions })
  const now = new Map(anew.keys.map((planned) => [JSON.stringify(planned.key), JSON.stringify(planned)]))
  for (const planned of plan.keys)
    if (now.get(JSON.stringify(planned.key)) !== JSON.stringify(planned))
      throw stale(`key ${planned.key.join(', ')} is not as it was`)
}

/** The rows that a plan still has to take away. */
export function openRows(planned: PlannedKey, removed: ReadonlySet<string>): PlannedKey['remove'] {
  return planned.remove.filter(({ id }) => !removed.has(idText(id)))
}
