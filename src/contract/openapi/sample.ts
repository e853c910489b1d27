import { type BodyTemplate, hasPlaceholder } from '../template.ts'
import { isNode, listOf, members, type Node, type Operation, resolved } from './document.ts'

/*
 * A body that fits a schema, small and without chance: what the schema gives (example, default, const, enum) is taken,
 * required members are made up. Texts that name something become `{{uuid}}`, so that each payload is another one.
 */

/** Deeper than any body that people write by hand; a schema that contains itself ends there. */
const maxDepth = 12
const madeUp = 'text'
const names = /(^|_|-)(id|ref|reference|key|number)$|(Id|Ref|Reference|Key|Number)$/

/** The body of an operation as a template; `undefined` where it takes no JSON. */
export function sampleBody(root: Node, { node }: Operation): BodyTemplate | undefined {
  const content = members(resolved(root, node['requestBody'])['content'])
  const json = content.find(([type]) => /^application\/([\w.-]+\+)?json\b/i.test(type))
  if (json === undefined) return undefined
  const [contentType, media] = json
  const { example, examples, schema } = resolved(root, media)
  const given = example ?? firstExample(root, examples)
  const value = given === undefined ? sampled({ root, depth: 0 }, schema, '') : given
  const text = JSON.stringify(value ?? {})
  const isUnique = hasPlaceholder(text) || given !== undefined
  return { contentType, text: isUnique ? text : text.replace(`"${madeUp}"`, '"{{uuid}}"') }
}

function firstExample(root: Node, examples: unknown): unknown {
  const [first] = members(examples)
  return first === undefined ? undefined : resolved(root, first[1])['value']
}

interface Place {
  readonly root: Node
  readonly depth: number
}

function sampled(place: Place, value: unknown, name: string): unknown {
  const schema = merged(place.root, resolved(place.root, value), place.depth)
  const given = [
    schema['const'],
    schema['example'],
    listOf(schema['examples'])[0],
    schema['default'],
    listOf(schema['enum'])[0],
  ]
  const found = given.find((one) => one !== undefined)
  if (schema['format'] === 'uuid') return '{{uuid}}'
  if (found !== undefined) return found
  if (place.depth >= maxDepth) return null
  const inner = { ...place, depth: place.depth + 1 }
  switch (typeOf(schema)) {
    case 'object':
      return sampledObject(inner, schema)
    case 'array':
      return Array.from({ length: Math.max(1, numberOr(schema['minItems'], 1)) }, () =>
        sampled(inner, schema['items'], name),
      )
    case 'integer':
    case 'number':
      return sampledNumber(schema)
    case 'boolean':
      return false
    case 'null':
      return null
    default:
      return sampledText(schema, name)
  }
}

/** All of `allOf`, the first of `oneOf` and `anyOf`. */
function merged(root: Node, schema: Node, depth: number): Node {
  const parts = [...listOf(schema['allOf']), listOf(schema['oneOf'])[0], listOf(schema['anyOf'])[0]]
  if (depth >= maxDepth) return schema
  return parts
    .filter((part) => part !== undefined)
    .map((part) => merged(root, resolved(root, part), depth + 1))
    .reduce<Node>((whole, part) => {
      const properties = { ...asNode(whole['properties']), ...asNode(part['properties']) }
      const required = [...listOf(whole['required']), ...listOf(part['required'])]
      return { ...part, ...whole, ...(Object.keys(properties).length > 0 ? { properties } : {}), required }
    }, schema)
}

function asNode(value: unknown): Node {
  return isNode(value) ? value : {}
}

function typeOf(schema: Node): string {
  const type = Array.isArray(schema['type'])
    ? listOf(schema['type']).find((one) => one !== 'null')
    : schema['type']
  if (typeof type === 'string') return type
  return schema['properties'] === undefined ? (schema['items'] === undefined ? 'string' : 'array') : 'object'
}

/** The required members; all where none is said to be. */
function sampledObject(place: Place, schema: Node): Node {
  const required = listOf(schema['required'])
  const wanted = members(schema['properties']).filter(([name, value]) => {
    return (
      (required.length === 0 || required.includes(name)) && resolved(place.root, value)['readOnly'] !== true
    )
  })
  return Object.fromEntries(wanted.map(([name, value]) => [name, sampled(place, value, name)]))
}

function sampledNumber(schema: Node): number {
  const exclusive = schema['exclusiveMinimum']
  const minimum = numberOr(schema['minimum'], typeof exclusive === 'number' ? exclusive + 1 : 1)
  const step = numberOr(schema['multipleOf'], 0)
  const value = step > 0 ? Math.ceil(Math.max(minimum, step) / step) * step : minimum
  return Math.min(value, numberOr(schema['maximum'], value))
}

const formats: Readonly<Record<string, string>> = {
  email: 'n{{n}}@example.com',
  uri: 'https://example.com/{{uuid}}',
  'date-time': '2030-01-01T00:00:00Z',
  date: '2030-01-01',
  time: '00:00:00Z',
}

function sampledText(schema: Node, name: string): string {
  const format = formats[String(schema['format'])]
  if (format !== undefined) return format
  const minLength = numberOr(schema['minLength'], 0)
  const maxLength = numberOr(schema['maxLength'], Number.POSITIVE_INFINITY)
  const isFree = schema['pattern'] === undefined && minLength <= 36 && maxLength >= 36
  if (isFree && names.test(name)) return '{{uuid}}'
  return madeUp.padEnd(minLength, 'x').slice(0, maxLength)
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}
