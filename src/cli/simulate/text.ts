import type { SimulationMutant, SimulationReport, Violation } from '../../simulation/index.ts'
import { textTable } from '../table.ts'

/** A violation with its trace, and how to see it again. */
export function violationText(violation: Violation, commit: string, options: readonly string[]): string {
  const { seed, invariant, what, trace } = violation
  const again = ['onceward simulate', `--seed ${seed}`, ...options].join(' ')
  return [
    '',
    `seed ${seed} breaks ${invariant}: ${what} (${commit})`,
    ...trace.map((line) => `  ${line}`),
    `  again: ${again}`,
  ].join('\n')
}

/** What came of many seeds. */
export function reportText(
  report: Pick<SimulationReport, 'seeds' | 'from' | 'residuals' | 'sometimes' | 'runsPerSecond'>,
  violations: number,
): string {
  const { seeds, from, residuals, sometimes, runsPerSecond } = report
  const found = violations === 0 ? 'nothing broken' : `${violations} violations`
  const cameAbout = Object.entries(sometimes).map(([name, times]) => `${name} ${times}`)
  const losses = Object.entries(residuals).map(
    ([name, { runs, repeated, lost }]) =>
      `  ${name}: ${runs} runs, ${repeated} effects repeated, ${lost} acknowledged ones lost`,
  )
  return [
    `${seeds} seeds from ${from}, ${runsPerSecond} a second: ${found}.`,
    `came about: ${cameAbout.join(', ')}`,
    ...(losses.length === 0
      ? []
      : ['losses of asynchronous replication, which are no violations:', ...losses]),
  ].join('\n')
}

export function mutantsText(mutants: readonly SimulationMutant[]): string {
  const rows = mutants.map(({ id, rule, caughtBy, breaks }) => [id, String(rule), caughtBy, breaks])
  return textTable(['MUTANT', 'RULE', 'CAUGHT BY', 'WHAT IT DOES WRONG'], rows)
}
