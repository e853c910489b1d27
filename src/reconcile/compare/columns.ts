import { parseDuration } from '../../kernel/duration.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { parseDecimal } from './decimal.ts'
import type { Tolerance } from './decisions.ts'

/** A column under its name on either side. */
export interface ColumnPair {
  readonly left: string
  readonly right: string
}

export interface ComparedColumn extends ColumnPair {
  readonly tolerance: Tolerance
}

/** `order_id` or `order_id=ref`, several with commas. A comma, `=` or `~` of a name is written with `\` before it. */
export function parsePairs(text: string, option: string): ColumnPair[] {
  return split(text, ',').map((item) => pairOf(item, option))
}

/** As `parsePairs`, each with `~` and what it may differ by: `amount=total~0.01`, `rate~1%`, `at~5s`. */
export function parseCompared(text: string, option: string): ComparedColumn[] {
  return split(text, ',').map((item) => {
    const [pair = '', tolerance, ...more] = split(item, '~')
    if (more.length > 0) throw optionInvalid(option, 'one ~ for each column', item)
    return {
      ...pairOf(pair, option),
      tolerance: tolerance === undefined ? { kind: 'exact' } : toleranceOf(tolerance, option),
    }
  })
}

function pairOf(item: string, option: string): ColumnPair {
  const [left = '', right = left, ...more] = split(item, '=').map((name) =>
    name.trim().replaceAll(/\\([,=~\\])/g, '$1'),
  )
  if (left === '' || right === '' || more.length > 0)
    throw optionInvalid(option, 'COLUMN or LEFT=RIGHT, several with commas', item)
  return { left, right }
}

function toleranceOf(text: string, option: string): Tolerance {
  const percent = /^(.*)%$/.exec(text)?.[1]
  const number = parseDecimal(percent ?? text)
  if (number !== undefined && number.units >= 0n)
    return percent === undefined ? { kind: 'absolute', limit: number } : { kind: 'relative', percent: number }
  if (/^[\d.]+(ms|s|m|h|d)$/.test(text)) return { kind: 'time', ms: parseDuration(text, option) }
  throw optionInvalid(`${option} ~`, 'a number, a share such as 1%, or a duration such as 5s', text)
}

/** Splits at a character that has no backslash before it. */
function split(text: string, at: string): string[] {
  const parts = ['']
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === at) parts.push('')
    else {
      const taken = character === '\\' ? text.slice(index, index + 2) : character
      parts[parts.length - 1] += taken
      index += taken.length - 1
    }
  }
  return parts
}
