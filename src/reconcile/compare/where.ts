import { optionInvalid } from '../../kernel/errors.ts'
import { identifier, literal } from '../sources/sql.ts'
import type { Cell } from '../sources/source.ts'

/*
 * The part of SQL that a condition on the rows of a file may have, so that it means the same with and without DuckDB:
 * =, <>, !=, <, <=, >, >=, IN, LIKE, BETWEEN, IS NULL, AND, OR, NOT and parentheses; a column left, a value right.
 * Beside a number a column is read as a number, beside a text as text. A table's condition goes to its database as it is.
 */

type Value =
  | { readonly kind: 'number' | 'text'; readonly text: string }
  | { readonly kind: 'boolean'; readonly text: string }

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'null'; readonly column: string }
  | { readonly kind: 'like'; readonly column: string; readonly pattern: string }
  | { readonly kind: 'compare'; readonly column: string; readonly operator: string; readonly value: Value }

const tokenPattern =
  /\s*(?:('(?:[^']|'')*')|("(?:[^"]|"")*")|(-?\d+(?:\.\d+)?)(?![\w.])|([A-Za-z_][\w.]*)|(<=|>=|<>|!=|[=<>(),]))/y

interface Token {
  readonly kind: 'text' | 'quoted' | 'number' | 'word' | 'sign'
  readonly text: string
}

/** Throws `OPTION_INVALID` for what is not understood. */
export function parseCondition(text: string, option: string): Condition {
  return new Parser(text, option).whole()
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #text: string
  readonly #option: string
  #at = 0

  constructor(text: string, option: string) {
    this.#text = text
    this.#option = option
    this.#tokens = this.#tokensOf(text)
  }

  whole(): Condition {
    const condition = this.#or()
    return this.#at === this.#tokens.length ? condition : this.#fail()
  }

  #tokensOf(text: string): Token[] {
    const tokens: Token[] = []
    let end = 0
    while (text.slice(end).trim() !== '') {
      tokenPattern.lastIndex = end
      const match = tokenPattern.exec(text)
      if (match === null) return this.#fail()
      const [, string, quoted, number, word, sign] = match
      if (string !== undefined) tokens.push({ kind: 'text', text: string.slice(1, -1).replaceAll("''", "'") })
      else if (quoted !== undefined)
        tokens.push({ kind: 'quoted', text: quoted.slice(1, -1).replaceAll('""', '"') })
      else if (number !== undefined) tokens.push({ kind: 'number', text: number })
      else if (word !== undefined) tokens.push({ kind: 'word', text: word })
      else tokens.push({ kind: 'sign', text: sign ?? '' })
      end = tokenPattern.lastIndex
    }
    return tokens
  }

  #or(): Condition {
    const parts = [this.#and()]
    while (this.#takes('OR')) parts.push(this.#and())
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'or', parts }
  }

  #and(): Condition {
    const parts = [this.#not()]
    while (this.#takes('AND')) parts.push(this.#not())
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'and', parts }
  }

  #not(): Condition {
    if (this.#takes('NOT')) return { kind: 'not', part: this.#not() }
    if (!this.#takes('(')) return this.#predicate()
    const inner = this.#or()
    this.#needs(')')
    return inner
  }

  #predicate(): Condition {
    const column = this.#next()
    if (column.kind !== 'word' && column.kind !== 'quoted') return this.#fail()
    const name = column.text
    if (this.#takes('IS')) {
      const isNot = this.#takes('NOT')
      this.#needs('NULL')
      return negated({ kind: 'null', column: name }, isNot)
    }
    const isNot = this.#takes('NOT')
    if (this.#takes('IN')) return negated(this.#list(name), isNot)
    if (this.#takes('LIKE')) {
      const pattern = this.#next()
      if (pattern.kind !== 'text') return this.#fail()
      return negated({ kind: 'like', column: name, pattern: pattern.text }, isNot)
    }
    if (this.#takes('BETWEEN')) {
      const from = this.#value()
      this.#needs('AND')
      const low: Condition = { kind: 'compare', column: name, operator: '>=', value: from }
      const high: Condition = { kind: 'compare', column: name, operator: '<=', value: this.#value() }
      return negated({ kind: 'and', parts: [low, high] }, isNot)
    }
    const { kind, text } = this.#next()
    if (isNot || kind !== 'sign' || !/^[=<>!]/.test(text)) return this.#fail()
    const operator = text === '!=' ? '<>' : text
    return { kind: 'compare', column: name, operator, value: this.#value() }
  }

  #list(column: string): Condition {
    this.#needs('(')
    const parts: Condition[] = []
    do parts.push({ kind: 'compare', column, operator: '=', value: this.#value() })
    while (this.#takes(','))
    this.#needs(')')
    return { kind: 'or', parts }
  }

  #value(): Value {
    const { kind, text } = this.#next()
    if (kind === 'number' || kind === 'text') return { kind, text }
    if (kind === 'word' && /^(true|false)$/i.test(text)) return { kind: 'boolean', text: text.toLowerCase() }
    return this.#fail()
  }

  #next(): Token {
    return this.#tokens[this.#at++] ?? this.#fail()
  }

  #takes(text: string): boolean {
    const token = this.#tokens[this.#at]
    const isIt = (token?.kind === 'word' || token?.kind === 'sign') && token.text.toUpperCase() === text
    if (isIt) this.#at++
    return isIt
  }

  #needs(text: string): void {
    if (!this.#takes(text)) this.#fail()
  }

  #fail(): never {
    throw optionInvalid(
      this.#option,
      `a condition such as status = 'paid' AND amount > 0 (of SQL, files know =, <>, <, >, IN, LIKE, BETWEEN, IS NULL, AND, OR, NOT)`,
      this.#text,
    )
  }
}

function negated(condition: Condition, isNot: boolean): Condition {
  return isNot ? { kind: 'not', part: condition } : condition
}

export function columnsOfCondition(condition: Condition): string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...new Set(condition.parts.flatMap(columnsOfCondition))]
    case 'not':
      return columnsOfCondition(condition.part)
    default:
      return [condition.column]
  }
}

/** True, false, or undefined for unknown, as in SQL: nothing compares with what is not there. */
export function holds(condition: Condition, cell: (column: string) => Cell): boolean | undefined {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const decisive = condition.kind === 'or'
      const parts = condition.parts.map((part) => holds(part, cell))
      if (parts.includes(decisive)) return decisive
      return parts.includes(undefined) ? undefined : !decisive
    }
    case 'not': {
      const part = holds(condition.part, cell)
      return part === undefined ? undefined : !part
    }
    case 'null':
      return cell(condition.column) === null
    case 'like': {
      const value = cell(condition.column)
      return value === null ? undefined : likePattern(condition.pattern).test(value)
    }
    case 'compare':
      return compared(cell(condition.column), condition.operator, condition.value)
  }
}

function compared(cell: Cell, operator: string, { kind, text }: Value): boolean | undefined {
  if (cell === null) return undefined
  if (kind === 'number') {
    const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(cell.trim()) ? Number(cell) : undefined
    return number === undefined ? undefined : ordered(Math.sign(number - Number(text)), operator)
  }
  const value = kind === 'boolean' ? cell.toLowerCase() : cell
  return ordered(Buffer.compare(Buffer.from(value), Buffer.from(text)), operator)
}

function ordered(order: number, operator: string): boolean {
  if (operator === '=') return order === 0
  if (operator === '<>') return order !== 0
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  return operator === '>' ? order > 0 : order >= 0
}

function likePattern(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.')
  return new RegExp(`^${source}$`, 'su')
}

/** The same for DuckDB, over columns of whatever type. */
export function conditionSql(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return `(${condition.parts.map(conditionSql).join(` ${condition.kind.toUpperCase()} `)})`
    case 'not':
      return `(NOT ${conditionSql(condition.part)})`
    case 'null':
      return `(${textOf(condition.column)} IS NULL)`
    case 'like':
      return `(${textOf(condition.column)} LIKE ${literal(condition.pattern)})`
    case 'compare': {
      const { kind, text } = condition.value
      const column = textOf(condition.column)
      if (kind === 'number') return `(TRY_CAST(${column} AS DOUBLE) ${condition.operator} ${text})`
      const value = kind === 'boolean' ? `lower(${column})` : column
      return `(${value} ${condition.operator} ${literal(text)})`
    }
  }
}

function textOf(column: string): string {
  return `nullif(CAST(${identifier(column)} AS VARCHAR), '')`
}
