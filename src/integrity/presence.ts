import { count, members } from '../kernel/check.ts'
import { OncewardError } from '../kernel/errors.ts'
import { Emitter } from './events.ts'
import { type FieldCounts, FieldCounter } from './presence-counts.ts'
import { absentPlaces, type FailSafeField, type FieldPath, parseFields } from './presence-fields.ts'
import { type PresenceSchema, type ProtoValidator, schemaReader } from './presence-schema.ts'

export interface PresenceOptions {
  /** protovalidate's `createValidator()`: the rules in the schema are held after decoding, `required` among them. */
  readonly validator?: ProtoValidator
}

export interface PresenceEvents {
  /** A field is missing; the message was refused. */
  field_missing: FieldEvent
  /** A safety field is missing; the message was handed on with `hold: true`. */
  field_held: FieldEvent
}

export interface FieldEvent {
  readonly field: string
  readonly method?: string | undefined
  /** Of the whole message. */
  readonly bytes: number
  /** In how many places of this message. */
  readonly places: number
  /** It is missing only from this size on, as far as has been seen. */
  readonly onlyFromBytes?: number | undefined
}

export interface MessageInfo {
  /** Size of the message as it was received. */
  readonly bytes: number
  readonly method?: string
}

export interface Present<T> {
  /** As the schema gives it. */
  readonly value: T
  /** A safety field is absent somewhere: hold. */
  readonly hold: boolean
  /** Where: `orders.17.hold_for_review`. */
  readonly held: readonly string[]
}

/** Holds decoded messages to the fields that must be explicitly there. */
export interface Presence {
  /** Throws `FIELD_MISSING`, and `PAYLOAD_INVALID` where the schema or its rules refuse the message. */
  check<T>(message: T, info: MessageInfo): Present<T>
  on<T extends keyof PresenceEvents>(type: T, listener: (event: PresenceEvents[T]) => void): () => void
  /** By field: messages and how many lacked it, by size. */
  counts(): readonly FieldCounts[]
}

/** Which members a mutant may break. */
export interface PresenceRules {
  absentPlaces: typeof absentPlaces
}

/**
 * Fields that must be there after decoding, in protobuf messages (protobuf-es), or in JSON (zod and other Standard
 * Schemas, compiled JSON Schemas). A default that a schema fills in does not count: what was received does.
 *
 * Throws `OPTION_INVALID`, also for a protobuf field without presence.
 */
export function requirePresent(
  schema: PresenceSchema,
  fields: readonly (FieldPath | FailSafeField)[],
  options: PresenceOptions = {},
): Presence {
  return presenceWith({ absentPlaces }, schema, { fields, ...members(options, 'options') })
}

/** With decisions of one's own: for mutants. */
export function presenceWith(
  rules: PresenceRules,
  schema: PresenceSchema,
  given: PresenceOptions & { readonly fields: readonly (FieldPath | FailSafeField)[] },
): Presence {
  const reader = schemaReader(schema, given.validator)
  const fields = parseFields(given.fields).map((field) => ({ ...field, steps: reader.steps(field) }))
  const counters = new Map(fields.map(({ field }) => [field, new FieldCounter()]))
  const events = new Emitter<PresenceEvents>()
  const tell = (type: keyof PresenceEvents, event: FieldEvent): void => events.emit(type, event)

  const note = (field: string, info: MessageInfo, places: number): FieldEvent => {
    const counter = counters.get(field) ?? new FieldCounter()
    counters.set(field, counter)
    counter.add(info.bytes, places > 0)
    return { field, ...info, places, onlyFromBytes: counter.onlyFromBytes }
  }
  return {
    check: <T>(message: T, info: MessageInfo): Present<T> => {
      count(info?.bytes, 'bytes', { min: 0, max: Number.MAX_SAFE_INTEGER })
      const held: string[] = []
      const missing: FieldEvent[] = []
      for (const { field, steps, isFailSafe } of fields) {
        const places = rules.absentPlaces(message, steps)
        const event = note(field, info, places.length)
        if (places.length === 0) continue
        tell(isFailSafe ? 'field_held' : 'field_missing', event)
        if (isFailSafe) held.push(...places)
        else missing.push(event)
      }
      // Before the schema has its say: it would call the same thing something else.
      if (missing.length > 0) throw fieldMissing(missing, info)
      const validated = reader.validate(message)
      if (validated.kind === 'missing') {
        const found = validated.fields.map((field) => note(field, info, 1))
        for (const event of found) tell('field_missing', event)
        throw fieldMissing(found, info)
      }
      if (validated.kind === 'invalid') throw invalid(validated.message, info)
      return { value: validated.value as T, hold: held.length > 0, held }
    },
    on: (type, listener) => events.on(type, listener),
    counts: () => [...counters].map(([field, counter]) => counter.counts(field)),
  }
}

function fieldMissing(missing: readonly FieldEvent[], { bytes, method }: MessageInfo): OncewardError {
  const named = missing.map(({ field, onlyFromBytes }) =>
    onlyFromBytes === undefined
      ? field
      : `${field} (so far only in messages of ${onlyFromBytes} bytes and more)`,
  )
  const of = method === undefined ? '' : ` of ${method}`
  const fields = missing.map(({ field }) => field)
  return new OncewardError('FIELD_MISSING', `A message${of} of ${bytes} bytes lacks ${named.join(', ')}.`, {
    details: { fields, bytes, ...(method === undefined ? {} : { method }) },
  })
}

function invalid(why: string, { bytes, method }: MessageInfo): OncewardError {
  const of = method === undefined ? '' : ` of ${method}`
  return new OncewardError('PAYLOAD_INVALID', `A message${of} does not satisfy its schema: ${why}.`, {
    details: { bytes, ...(method === undefined ? {} : { method }) },
  })
}
