import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { textAt } from '../../../examples/incidents/generate.ts'
import { root } from '../../support/repo.ts'

export const folder: string = join(root, 'examples', 'incidents')

/** A file of a bundle, unpacked. */
export function text(path: string): string {
  const found = textAt(join(folder, path))
  if (found === undefined) throw new Error(`${path} is not there`)
  return found
}

export type Row = Readonly<Record<string, string>>

export function rows(path: string): readonly Row[] {
  return parse(text(path), { columns: true })
}

export function lines(path: string): readonly string[] {
  return text(path).trimEnd().split('\n')
}

export function jsonRows(path: string): readonly Row[] {
  return lines(path).map((line) => JSON.parse(line) as Row)
}

/** The values of one column. */
export function column(list: readonly Row[], name: string): readonly string[] {
  return list.map((row) => row[name] ?? '')
}

/** The rows of each value of a column that has more than one. */
export function repeated(list: readonly Row[], name: string): readonly (readonly Row[])[] {
  return [...Map.groupBy(list, (row) => row[name] ?? '').values()].filter((group) => group.length > 1)
}

/** By nearest rank. */
export function quantile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]
}

/** Between the first two rows of each group, in milliseconds. */
export function gapsOf(groups: readonly (readonly Row[])[], name: string): readonly number[] {
  return groups.map(([first, second]) => Date.parse(second?.[name] ?? '') - Date.parse(first?.[name] ?? ''))
}
