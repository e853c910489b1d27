import type { Database } from './database.ts'
import { asBuffer, type Param, type ValueName } from './params.ts'
import type { Statement } from './session.ts'

/** A statement for one request, and the values for it; those of the lineage are still to be added behind them. */
export interface Scalar {
  readonly statement: Statement
  readonly values: unknown[]
}

/** What a statement's text needs to be written: its values, and the places behind them. */
export interface ScalarPlaces {
  readonly value: ValueName
  readonly epoch: string
  readonly nonce: string
}

/**
 * Statements for a batch of one. What has few possible values (states, flags, what is absent) stands in the text
 * itself: the planner then drops the branches that are not taken, and the wire carries a third less. Each shape of
 * request has a statement of its own; a handful of them occur.
 */
export function scalarStatements<Q>(
  database: Database,
  params: readonly Param<Q>[],
  made: { readonly name: string; readonly text: (places: ScalarPlaces) => string },
): (request: Q) => Scalar {
  const statements = new Map<number, Statement>()
  return (request) => {
    const values: unknown[] = []
    let shape = 0
    for (let index = 0; index < params.length; index += 1) {
      const { type, of } = params[index] as Param<Q>
      const value = of(request)
      const code = shapeCode(type, value)
      shape = shape * 10 + code
      if (code === inPlace) values.push(value instanceof Uint8Array ? asBuffer(value) : value)
    }
    let statement = statements.get(shape)
    if (statement === undefined) {
      const given = params.map(({ of }) => of(request))
      statement = database.statement(made.name, made.text(placesOf(params, given)))
      statements.set(shape, statement)
    }
    return { statement, values }
  }
}

const absent = 0
const inPlace = 1

/** One digit per parameter: fifteen of them are an exact number still. */
function shapeCode(type: Param<never>['type'], value: unknown): number {
  if (value === undefined) return absent
  if (type === 'smallint') return 2 + (value as number)
  if (type === 'boolean') return value === true ? 3 : 2
  return inPlace
}

function placesOf<Q>(params: readonly Param<Q>[], given: readonly unknown[]): ScalarPlaces {
  const names = new Map<string, string>()
  let places = 0
  const next = (): string => `$${(places += 1)}`
  for (const [index, { name, type }] of params.entries()) {
    names.set(name, `${literalOf(type, given[index]) ?? next()}::${type}`)
  }
  const value = (name: string): string => {
    const text = names.get(name)
    if (text === undefined) throw new TypeError(`no parameter is named ${name}`)
    return text
  }
  return { value, epoch: next(), nonce: next() }
}

function literalOf(type: string, value: unknown): string | undefined {
  if (value === undefined) return 'NULL'
  if (type === 'boolean' || type === 'smallint') return `${value as boolean | number}`
  return undefined
}
