/** One value that requests carry into a statement: its name there, its SQL type, and where it comes from. */
export interface Param<Q> {
  readonly name: string
  readonly type: 'text' | 'bytea' | 'bigint' | 'integer' | 'smallint' | 'boolean'
  readonly of: (request: Q) => string | number | boolean | Uint8Array | undefined
}

/** How a statement's text names the value `name` of the request it works on. */
export type ValueName = (name: string) => string

/** For a batch: `i.owner`, a column of `batchOf`. */
export function batchNames<Q>(params: readonly Param<Q>[], alias: string): ValueName {
  const names = new Map(params.map(({ name }) => [name, `${alias}.${name}`]))
  return (name) => found(names, name)
}

function found(names: ReadonlyMap<string, string>, name: string): string {
  const text = names.get(name)
  if (text === undefined) throw new TypeError(`no parameter is named ${name}`)
  return text
}

/**
 * The rows of a batch, in key order, as a subquery named `i`: one array per column, one parameter behind them for the
 * number of rows.
 *
 * The LIMIT keeps the planner's guess in a prepared plan at one row, however large the batch. Guessing ten, it would
 * read a table that is empty when the plan is made from end to end, and go on doing so while the table grows.
 */
export function batchOf<Q>(params: readonly Param<Q>[]): string {
  const arrays = params.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')
  const names = params.map(({ name }) => name).join(', ')
  return `(SELECT * FROM unnest(${arrays}) AS given (${names}) ORDER BY ref COLLATE "C" LIMIT $${params.length + 1}::bigint) AS i`
}

/** Values for a statement made with `batchOf`: the arrays and the number of rows. */
export function batchValues<Q>(params: readonly Param<Q>[], requests: readonly Q[]): unknown[] {
  return [...params.map((param) => arrayLiteral(param, requests)), requests.length]
}

/** A PostgreSQL array as text. The driver's own conversion takes several times as long. */
function arrayLiteral<Q>({ of }: Param<Q>, requests: readonly Q[]): string {
  let text = '{'
  for (let index = 0; index < requests.length; index += 1) {
    text += index === 0 ? elementText(of(requests[index] as Q)) : `,${elementText(of(requests[index] as Q))}`
  }
  return `${text}}`
}

function elementText(value: string | number | boolean | Uint8Array | undefined): string {
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'object':
      return `"\\\\x${asBuffer(value).toString('hex')}"`
    case 'undefined':
      return 'NULL'
    default:
      return String(value)
  }
}

/** The elements of a `text[]`, for statements that take one array beside others. */
export function textArray(values: readonly string[]): string {
  return `{${values.map(quoted).join(',')}}`
}

const special = /["\\]/
const allSpecial = /["\\]/g

function quoted(value: string): string {
  return special.test(value) ? `"${value.replace(allSpecial, '\\$&')}"` : `"${value}"`
}

/** The driver sends a Buffer in binary, and anything else as text. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
