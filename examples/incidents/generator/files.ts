import { seededRandom } from '../../../src/testing/random.ts'

/** The sources of one bundle: text by path. A path that ends in `.gz` is packed when it is written. */
export type Files = Readonly<Record<string, string>>

export type Cell = string | number | undefined

/** Rows under the names of the columns; what is undefined is an empty cell. */
export function csv(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = rows.map((row) => row.map(cell).join(','))
  return `${[columns.join(','), ...lines].join('\n')}\n`
}

function cell(value: Cell): string {
  const text = value === undefined ? '' : String(value)
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/** A log of whole lines, in the order of their times. `[ms, text]` each; `stamp` writes the time. */
export function log(
  lines: readonly (readonly [number, string])[],
  stamp: (ms: number) => string = utc,
): string {
  return lines
    .toSorted(([a], [b]) => a - b)
    .map(([ms, text]) => `${stamp(ms)} ${text}\n`)
    .join('')
}

/** `2026-02-07T13:42:03.000Z` */
export function utc(ms: number): string {
  return new Date(ms).toISOString()
}

export interface Dice {
  /** A whole number from `least` to `most`, both included. */
  readonly whole: (least: number, most: number) => number
  readonly chance: (share: number) => boolean
  readonly oneOf: <T>(items: readonly T[]) => T
  /** `length` hexadecimal digits. */
  readonly hex: (length: number) => string
}

export function diceFrom(seed: number): Dice {
  const random = seededRandom(seed)
  const whole = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1))
  return {
    whole,
    chance: (share) => random() < share,
    oneOf: <T>(items: readonly T[]) => items[whole(0, items.length - 1)] as T,
    hex: (length) => Array.from({ length }, () => whole(0, 15).toString(16)).join(''),
  }
}

/** `count(3)` is 0, 1, 2. */
export function count(length: number): readonly number[] {
  return Array.from({ length }, (_, at) => at)
}
