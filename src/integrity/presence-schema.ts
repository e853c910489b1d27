import { messageOf, OncewardError, optionInvalid } from '../kernel/errors.ts'
import { isProtoSchema, protoSteps, type ProtoSchemaLike } from './presence-protobuf.ts'
import { jsonSteps, type ParsedField, type Step } from './presence-fields.ts'

/** A Standard Schema (zod, valibot, arktype, …), version 1. Only synchronous ones. */
export interface StandardSchemaLike {
  readonly '~standard': { readonly validate: (value: unknown) => unknown }
}

/** A compiled JSON Schema: what `ajv.compile(schema)` gives. */
export interface JsonSchemaValidator {
  (value: unknown): unknown
  readonly errors?: unknown
}

/** What protovalidate's `createValidator()` gives. */
export interface ProtoValidator {
  validate(
    schema: never,
    message: never,
  ): { readonly kind: string; readonly violations?: unknown; readonly error?: unknown }
}

export type PresenceSchema = ProtoSchemaLike | StandardSchemaLike | JsonSchemaValidator

/** A schema, with how fields are found in its values and what else is asked of them. */
export interface SchemaReader {
  steps(field: ParsedField): readonly Step[]
  /** What the rules find missing, beyond the fields named; and the value to hand on. */
  validate(value: unknown): Validated
}

export type Validated =
  | { readonly kind: 'valid'; readonly value: unknown }
  /** Paths with `*` for items. */
  | { readonly kind: 'missing'; readonly fields: readonly string[] }
  | { readonly kind: 'invalid'; readonly message: string }

/** Throws `OPTION_INVALID`. */
export function schemaReader(schema: unknown, validator: ProtoValidator | undefined): SchemaReader {
  if (isProtoSchema(schema))
    return {
      steps: (field) => protoSteps(schema, field),
      validate: (value) =>
        validator === undefined ? { kind: 'valid', value } : byRules(validator, schema, value),
    }
  if (validator !== undefined)
    throw optionInvalid('validator', 'left out where the schema is not protobuf', validator)
  if (isStandard(schema)) return { steps: jsonSteps, validate: (value) => byStandard(schema, value) }
  if (typeof schema === 'function')
    return { steps: jsonSteps, validate: (value) => byFunction(schema as JsonSchemaValidator, value) }
  throw optionInvalid(
    'schema',
    'a protobuf-es message schema, a Standard Schema such as zod, or what ajv.compile(schema) gives',
    schema,
  )
}

function isStandard(schema: unknown): schema is StandardSchemaLike {
  const hasMembers = (typeof schema === 'object' && schema !== null) || typeof schema === 'function'
  return hasMembers && '~standard' in schema
}

function byStandard(schema: StandardSchemaLike, value: unknown): Validated {
  const result = schema['~standard'].validate(value) as
    | {
        readonly value?: unknown
        readonly issues?: readonly { readonly message: string; readonly path?: readonly unknown[] }[]
      }
    | Promise<unknown>
  if (result instanceof Promise) throw optionInvalid('schema', 'a schema that answers at once', 'a promise')
  if (result.issues === undefined) return { kind: 'valid', value: result.value }
  const texts = result.issues
    .slice(0, 5)
    .map(({ message, path = [] }) => `${path.map(keyOf).join('.')}: ${message}`)
  return { kind: 'invalid', message: texts.join('; ') }
}

function keyOf(segment: unknown): string {
  return typeof segment === 'object' && segment !== null && 'key' in segment
    ? String(segment.key)
    : String(segment)
}

function byFunction(validate: JsonSchemaValidator, value: unknown): Validated {
  const isValid = validate(value)
  if (isValid === true) return { kind: 'valid', value }
  if (isValid !== false) throw optionInvalid('schema', 'a validator that answers true or false', isValid)
  const errors = Array.isArray(validate.errors) ? (validate.errors as readonly unknown[]) : []
  const texts = errors.slice(0, 5).map((error) => {
    const { instancePath, message } = error as { readonly instancePath?: string; readonly message?: string }
    return `${instancePath ?? ''} ${message ?? ''}`.trim()
  })
  return { kind: 'invalid', message: texts.join('; ') || 'does not satisfy its schema' }
}

interface Violation {
  readonly ruleId?: string
  readonly field?: readonly { readonly kind: string; readonly name?: string }[]
}

/** protovalidate's rules: `required` ones are missing fields, others make the message invalid. */
function byRules(validator: ProtoValidator, schema: ProtoSchemaLike, value: unknown): Validated {
  const result = validator.validate(schema as never, value as never)
  if (result.kind === 'valid') return { kind: 'valid', value }
  if (result.kind === 'error')
    throw new OncewardError(
      'OPTION_INVALID',
      `The rules of ${schema.typeName} cannot be held: ${messageOf(result.error)}.`,
      {
        cause: result.error,
      },
    )
  const violations = (result.violations ?? []) as readonly Violation[]
  const missing = violations.filter(({ ruleId }) => ruleId === 'required')
  if (missing.length > 0 && missing.length === violations.length)
    return { kind: 'missing', fields: [...new Set(missing.map(pathOf))] }
  return { kind: 'invalid', message: violations.slice(0, 5).map(String).join('; ') }
}

/** Of descriptors and subscripts: protovalidate's elements are fields, extensions, oneofs, or subscripts of a list or map. */
function pathOf({ field = [] }: Violation): string {
  return field.map(({ kind, name }) => (kind.endsWith('_sub') ? '*' : (name ?? kind))).join('.')
}
