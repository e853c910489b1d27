import type { OncewardError } from '../kernel/errors.ts'
import { optionInvalid } from '../kernel/errors.ts'
import type { ParsedField, Step } from './presence-fields.ts'

/** What is looked at of protobuf-es' `DescField` (`@bufbuild/protobuf` 2). */
export interface ProtoFieldLike {
  readonly name: string
  readonly localName: string
  readonly jsonName: string
  readonly fieldKind: string
  /** `FeatureSet.FieldPresence`: 2 is implicit, nothing tells absent from zero. */
  readonly presence: number
  readonly oneof?: { readonly localName: string } | undefined
  readonly message?: unknown
}

/** What is looked at of protobuf-es' `DescMessage`. */
export interface ProtoSchemaLike {
  readonly kind: 'message'
  readonly typeName: string
  readonly fields: readonly ProtoFieldLike[]
}

const implicit = 2

export function isProtoSchema(schema: unknown): schema is ProtoSchemaLike {
  return typeof schema === 'object' && schema !== null && 'typeName' in schema && 'fields' in schema
}

/**
 * The steps of a path through messages of `schema`. Throws `OPTION_INVALID` for a field that is not there, and for one
 * without presence: its absence cannot be seen, so a check of it would always be passed.
 */
export function protoSteps(schema: ProtoSchemaLike, { tokens, field: path }: ParsedField): readonly Step[] {
  let message: ProtoSchemaLike | undefined = schema
  let last: ProtoFieldLike | undefined
  const steps = tokens.map((token): Step => {
    const isMany = last?.fieldKind === 'list' || last?.fieldKind === 'map'
    if (isMany !== (token === '*'))
      throw optionInvalid('fields', 'paths with * behind each list and map, and only there', path)
    if (isMany) {
      last = undefined
      return { kind: 'items' }
    }
    const field: ProtoFieldLike | undefined = message?.fields.find(
      ({ name, jsonName }) => name === token || jsonName === token,
    )
    if (field === undefined)
      throw optionInvalid('fields', `fields of ${message?.typeName ?? 'a message'}`, path)
    last = field
    message = field.message as ProtoSchemaLike | undefined
    return { kind: 'member', name: token, read: (value) => protoMember(value, field) }
  })
  if (last !== undefined && last.presence === implicit) throw withoutPresence(last, path)
  return steps
}

function withoutPresence({ name, fieldKind }: ProtoFieldLike, path: string): OncewardError {
  const remedy =
    fieldKind === 'list' || fieldKind === 'map'
      ? `${name} is a ${fieldKind}: name a field of its items`
      : `declare ${name} "optional" in the .proto`
  return optionInvalid(
    'fields',
    `fields with presence, where absent is not the same as zero (${remedy})`,
    path,
  )
}

/** Own members only: the prototypes of messages with defaults (proto2, editions) answer for what is absent. */
function protoMember(message: object, { oneof, localName }: ProtoFieldLike): unknown {
  const members = message as Readonly<Record<string, unknown>>
  if (oneof === undefined) return Object.hasOwn(members, localName) ? members[localName] : undefined
  const chosen = members[oneof.localName] as { readonly case?: unknown; readonly value?: unknown } | undefined
  return chosen?.case === localName ? chosen.value : undefined
}
