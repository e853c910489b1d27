import { label } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'

/**
 * Names a field: `hold_for_review`, or a path with `*` for every item of a list or map: `orders.*.hold_for_review`. In
 * protobuf by the name in the schema or the JSON name, in JSON by the member's name.
 */
export type FieldPath = string

/** A safety field: where it is absent, the message is handed on, and to be held. */
export interface FailSafeField {
  readonly field: FieldPath
  readonly failSafe: true
}

export interface ParsedField {
  readonly field: FieldPath
  readonly tokens: readonly string[]
  readonly isFailSafe: boolean
}

const maxFields = 100

export function parseFields(given: readonly (FieldPath | FailSafeField)[]): readonly ParsedField[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > maxFields)
    throw optionInvalid('fields', `a list of 1 to ${maxFields} fields`, given)
  return (given as readonly (FieldPath | FailSafeField)[]).map((item) => {
    const isName = typeof item === 'string'
    if (!isName && !item?.failSafe) throw optionInvalid('fields', 'names, or { field, failSafe: true }', item)
    const field = label(isName ? item : item.field, 'fields[]', 500)
    const tokens = field.split('.')
    if (tokens.includes('') || tokens.at(-1) === '*')
      throw optionInvalid('fields', 'paths such as orders.*.hold_for_review, which end with a name', field)
    return { field, tokens, isFailSafe: !isName }
  })
}

/** One step into a value: what lies at a name, or every item of a list or map. */
export type Step =
  | { readonly kind: 'member'; readonly name: string; read(value: object): unknown }
  | { readonly kind: 'items' }

/** Where the field is absent: `orders.17.hold_for_review`. Absent is what was not there, and null. */
export function absentPlaces(value: unknown, steps: readonly Step[]): string[] {
  const places: string[] = []
  const walk = (at: unknown, depth: number, place: string): void => {
    const step = steps[depth]
    if (at === undefined || at === null || (step !== undefined && typeof at !== 'object')) {
      places.push(place)
      return
    }
    if (step === undefined) return
    if (step.kind === 'member') return walk(step.read(at), depth + 1, joined(place, step.name))
    for (const [name, item] of Object.entries(at)) walk(item, depth + 1, joined(place, name))
  }
  walk(value, 0, '')
  return places
}

function joined(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`
}

/** The steps of a path through JSON: own members only. */
export function jsonSteps({ tokens }: ParsedField): readonly Step[] {
  return tokens.map((name) =>
    name === '*'
      ? { kind: 'items' }
      : {
          kind: 'member',
          name,
          read: (value) =>
            Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined,
        },
  )
}
