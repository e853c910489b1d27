import type { BundleRow } from '../bundle/row.ts'
import { type Material, type Measured, pairsQuery } from './material.ts'
import { evidenceOf, unknown } from './saying.ts'

const fewestTurns = 3

/**
 * There and back, again and again, whatever column says who wrote: of references with four rows or more, most go strictly
 * to and fro between two. Who take turns by chance do not.
 */
export function alternates(m: Material): Measured {
  const { base, list } = m.groups
  const sides = [base?.kind === 'effects' ? 'rows' : undefined, 'deliveries', 'requests', 'log'] as const
  const chains = sides.flatMap((side) => {
    const long = list.map((group) => group[side ?? 'rows']).filter((rows) => rows.length > fewestTurns)
    return columnsIn(long).map((column) => {
      const turns = long.map((rows) => turnsOf(rows.map((row) => valueIn(row, column))))
      return {
        column,
        known: long.length,
        yes: turns.filter((count) => count >= fewestTurns).length,
        longest: Math.max(0, ...turns),
      }
    })
  })
  const [best] = chains.toSorted((a, b) => b.yes / b.known - a.yes / a.known || b.longest - a.longest)
  if (base === undefined || best === undefined || best.known < 3)
    return unknown('No column says which system a row comes from, or no reference has four rows.')
  const statement = `${best.yes} of ${best.known} references with four rows or more go to and fro between two values of ${best.column}, at most ${best.longest} times.`
  return {
    value: m.decisions.byShare(best.yes, best.known),
    statement,
    found: [evidenceOf(base, statement, pairsQuery(base, ['name']))],
    numbers: { longestChain: best.longest },
  }
}

const maxColumns = 40

/** Our fields that name somebody, and all columns that are mapped to nothing. */
function columnsIn(groups: readonly (readonly BundleRow[])[]): readonly string[] {
  const names = new Set(
    groups.slice(0, 50).flatMap((rows) => rows.flatMap(({ rest }) => Object.keys(rest ?? {}))),
  )
  return ['name', 'worker', 'host', 'endpoint', ...names].slice(0, maxColumns)
}

function valueIn(row: BundleRow, column: string): string | undefined {
  return column === 'name' || column === 'worker' || column === 'host' || column === 'endpoint'
    ? row[column]
    : row.rest?.[column]
}

/** Turns from the first row on, as long as they go strictly to and fro. */
function turnsOf(values: readonly (string | undefined)[]): number {
  if (new Set(values).size !== 2 || values.includes(undefined)) return 0
  return values.every((value, at) => at === 0 || value !== values[at - 1]) ? values.length - 1 : 0
}
