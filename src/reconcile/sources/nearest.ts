import { OncewardError } from '../../kernel/errors.ts'
import type { Column } from './source.ts'

const maxShown = 30

/** The name that is most like `wanted`, if one is like it at all. */
export function nearest(wanted: string, names: readonly string[]): string | undefined {
  const plain = plainOf(wanted)
  const ranked = names
    .map((name) => ({ name, away: distance(plain, plainOf(name)) }))
    .toSorted((a, b) => a.away - b.away)
  const [first] = ranked
  if (first === undefined) return undefined
  const holds = names.find((name) => plainOf(name).includes(plain) || plain.includes(plainOf(name)))
  if (first.away <= Math.max(2, Math.floor(plain.length / 3))) return first.name
  return plain.length >= 3 ? holds : undefined
}

function plainOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** Edits from one word to the other: letters put in, taken out, changed (Levenshtein). */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let at = 1; at <= b.length; at++) {
      const change = (above[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1)
      line.push(Math.min(change, (above[at] ?? 0) + 1, (line[at - 1] ?? 0) + 1))
    }
    above = line
  }
  return above[b.length] ?? 0
}

/** Where `option` names a column that is not there: says which is meant, perhaps, and which there are. */
export function requireColumn(
  name: string,
  option: string,
  at: { columns: readonly Column[]; source: string },
): void {
  const same = at.columns.filter((column) => column.name === name)
  const repeated = at.columns.some(
    (column) => column.isRepeated === true && column.name.startsWith(`${name} (`),
  )
  if (same.length === 1 && !repeated) return
  if (repeated)
    throw new OncewardError(
      'OPTION_INVALID',
      `${option}: ${at.source} has several columns named ${JSON.stringify(name)}; rename all but one in its header.`,
    )
  const names = at.columns.map((column) => column.name)
  const near = nearest(name, names)
  const hint = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`
  const shown = names.slice(0, maxShown).map((one) => JSON.stringify(one))
  const more = names.length > maxShown ? ` and ${names.length - maxShown} more` : ''
  throw new OncewardError(
    'OPTION_INVALID',
    `${option} must be a column of ${at.source}, got ${JSON.stringify(name)}.${hint} It has ${shown.join(', ')}${more}.`,
  )
}
