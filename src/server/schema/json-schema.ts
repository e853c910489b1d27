/**
 * The part of JSON Schema 2020-12 that the server's own shapes need. One source for both uses: what comes in is checked by
 * it, and the OpenAPI document shows it. A test holds `flawOf` to ajv.
 */
export type Schema =
  | { readonly $ref: string }
  | (Described & { readonly oneOf: readonly Schema[] })
  | (Described & StringSchema)
  | (Described & NumberSchema)
  | (Described & { readonly type: 'boolean' })
  | (Described & { readonly type: 'array'; readonly items: Schema; readonly maxItems?: number })
  | (Described & ObjectSchema)
  /** Any JSON. */
  | Described

interface Described {
  readonly description?: string
  readonly examples?: readonly unknown[]
}

interface StringSchema {
  readonly type: 'string'
  readonly enum?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: 'date-time' | 'uri'
}

interface NumberSchema {
  readonly type: 'integer' | 'number'
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: number
}

interface ObjectSchema {
  readonly type: 'object'
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly maxProperties?: number
}

/** What is wrong with a value, and where: a path such as `body.target.url`. */
export interface Flaw {
  readonly at: string
  readonly expected: string
}

/** The first thing in `value` that does not satisfy the schema. `$ref` is for answers, which are not checked by it. */
export function flawOf(schema: Schema, value: unknown, at: string): Flaw | undefined {
  if ('$ref' in schema) return undefined
  if ('oneOf' in schema) return flawOfChoice(schema.oneOf, value, at)
  if (!('type' in schema)) return undefined
  switch (schema.type) {
    case 'string':
      return flawOfString(schema, value, at)
    case 'integer':
    case 'number':
      return flawOfNumber(schema, value, at)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : { at, expected: 'true or false' }
    case 'array': {
      if (!Array.isArray(value)) return { at, expected: 'a list' }
      const { items, maxItems = Number.POSITIVE_INFINITY } = schema
      if (value.length > maxItems) return { at, expected: `a list of at most ${maxItems}` }
      return firstOf(value.map((item, index) => () => flawOf(items, item, `${at}[${index}]`)))
    }
    case 'object':
      return flawOfObject(schema, value, at)
  }
}

/** Exactly one may fit. What is said is what is wrong by the one that came furthest. */
function flawOfChoice(choices: readonly Schema[], value: unknown, at: string): Flaw | undefined {
  const flaws = choices.map((choice) => flawOf(choice, value, at))
  const fitting = flaws.filter((flaw) => flaw === undefined).length
  if (fitting === 1) return undefined
  if (fitting > 1) return { at, expected: 'only one of the shapes that are allowed here' }
  return flaws.toSorted((a, b) => (b?.at.length ?? 0) - (a?.at.length ?? 0))[0]
}

function flawOfString(schema: StringSchema, value: unknown, at: string): Flaw | undefined {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema
  if (typeof value !== 'string') return { at, expected: 'text' }
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return { at, expected: `one of ${schema.enum.join(', ')}` }
  const { length } = Array.from(value)
  if (length < minLength || length > maxLength)
    return { at, expected: `text of ${minLength} to ${maxLength} characters` }
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value))
    return { at, expected: `text like ${pattern}` }
  if (format === 'date-time' && !isDateTime(value))
    return { at, expected: 'an RFC 3339 time such as 2026-11-27T12:00:00Z' }
  if (format === 'uri' && !URL.canParse(value)) return { at, expected: 'a URL' }
  return undefined
}

function isDateTime(text: string): boolean {
  const shape = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/
  return shape.test(text) && !Number.isNaN(Date.parse(text))
}

function flawOfNumber(schema: NumberSchema, value: unknown, at: string): Flaw | undefined {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, type } = schema
  const isFine =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (type === 'number' || Number.isInteger(value)) &&
    value >= minimum &&
    value <= maximum
  if (isFine) return undefined
  return { at, expected: `a ${type === 'integer' ? 'whole number' : 'number'} from ${minimum} to ${maximum}` }
}

function flawOfObject(schema: ObjectSchema, value: unknown, at: string): Flaw | undefined {
  const { properties = {}, required = [], additionalProperties = true, maxProperties } = schema
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { at, expected: 'an object' }
  const names = Object.keys(value)
  if (maxProperties !== undefined && names.length > maxProperties)
    return { at, expected: `an object of at most ${maxProperties} members` }
  const missing = required.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) return { at: `${at}.${missing}`, expected: 'there' }
  return firstOf(
    names.map((name) => () => {
      const member = (value as Readonly<Record<string, unknown>>)[name]
      if (Object.hasOwn(properties, name)) return flawOf(properties[name] ?? {}, member, `${at}.${name}`)
      if (additionalProperties === true) return undefined
      if (additionalProperties === false)
        return {
          at: `${at}.${name}`,
          expected: `absent; ${at} may have ${Object.keys(properties).join(', ')}`,
        }
      return flawOf(additionalProperties, member, `${at}.${name}`)
    }),
  )
}

function firstOf(looks: readonly (() => Flaw | undefined)[]): Flaw | undefined {
  for (const look of looks) {
    const flaw = look()
    if (flaw !== undefined) return flaw
  }
  return undefined
}

/** A value of a query string, as its schema means it: numbers and true or false come as text. */
export function readText(schema: Schema, text: string): unknown {
  if (!('type' in schema)) return text
  if ((schema.type === 'integer' || schema.type === 'number') && /^-?\d{1,15}(\.\d{1,15})?$/.test(text))
    return Number(text)
  if (schema.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
