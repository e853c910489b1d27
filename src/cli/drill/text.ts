import type {
  DrillInfo,
  DrillReport,
  DrillResult,
  SkippedDrill,
  TargetDrillInfo,
} from '../../drills/index.ts'
import { textTable } from '../table.ts'

export function drillListText(drills: readonly (DrillInfo | TargetDrillInfo)[]): string {
  const rows = drills.map((drill) => {
    if (!('stores' in drill)) return [drill.id, drill.fault]
    return [drill.id, drill.fault, drill.stores.join(' '), drill.mustReach.join(' ')]
  })
  const isForTarget = rows.every((row) => row.length === 2)
  return textTable(isForTarget ? ['DRILL', 'FAULT'] : ['DRILL', 'FAULT', 'STORES', 'MUST HOLD'], rows)
}

/** One drill that was held: its verdict, and what is behind it where that is bad. */
export function drillText(result: DrillResult): string {
  const { id, store, durationMs, faults, effects, duplicated, lost, inDoubt } = result
  const counts = `${faults} faults, ${effects} effects, ${duplicated} twice, ${lost} lost, ${inDoubt} in doubt`
  const head = `${result.held ? 'held  ' : 'FAILED'} ${id} on ${store} (${(durationMs / 1000).toFixed(1)} s): ${counts}`
  return [head, ...residualLines(result), ...(result.held ? [] : troubleLines(result))].join('\n')
}

function residualLines({ residuals = {}, measured = {} }: DrillResult): readonly string[] {
  const losses = Object.entries(residuals).map(
    ([name, { runs, keys, repeated, lost }]) =>
      `       ${name}: of ${keys} keys in ${runs} runs ${lost} lost, ${repeated} repeated (documented)`,
  )
  return [...losses, ...Object.entries(measured).map(([name, value]) => `       ${name}: ${value}`)]
}

function troubleLines({ invariants, violations = [], error, evidence }: DrillResult): readonly string[] {
  const byVerdict = (wanted: string): string =>
    Object.entries(invariants)
      .filter(([, verdict]) => verdict === wanted)
      .map(([check]) => check)
      .join(' ')
  const broken = byVerdict('broken')
  const missed = byVerdict('not-reached')
  return [
    ...(error === undefined ? [] : [`       it could not be held: ${error}`]),
    ...(broken === '' ? [] : [`       broken: ${broken}`]),
    ...violations.map(({ check, key, what }) => `         ${check} ${key}: ${what}`),
    ...(missed === '' ? [] : [`       not reached, which is not a pass: ${missed}`]),
    `       evidence: ${evidence}`,
  ]
}

export function skippedText({ id, store, why }: SkippedDrill): string {
  return `skip   ${id} on ${store}: ${why}`
}

export function summaryText({ drills, skipped, seed }: DrillReport): string {
  const failed = drills.filter(({ held }) => !held).length
  const seconds = (drills.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000).toFixed(0)
  const skips = skipped.length === 0 ? '' : `, ${skipped.length} skipped`
  const verdict = failed === 0 ? 'all held' : `${failed} FAILED`
  return `${drills.length} drills in ${seconds} s, ${verdict}${skips} (seed ${seed})`
}
