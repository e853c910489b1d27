import { type Document, isMap, isSeq, parseDocument, stringify, YAMLMap } from 'yaml'
import { optionInvalid } from '../../kernel/errors.ts'
import { durationText, isoDuration } from '../policy/durations.ts'
import { type Policy, type PolicyRoute, routeFor } from '../policy/policy.ts'
import {
  type Node,
  type Operation,
  operationsOf,
  headerParameter,
  type OpenApiSource,
  readOpenApi,
} from './document.ts'
import { extensionName } from './published.ts'

export interface InitResult {
  /** The document's new text; the given one, byte for byte, where nothing was missing. */
  readonly text: string
  /** What was added, by the operation it was added to. */
  readonly added: readonly { readonly operation: string; readonly what: readonly string[] }[]
}

const parameterName = 'IdempotencyKey'

/**
 * Adds to an OpenAPI document what is missing of the policy: the key's header, the answers that it brings and how long
 * it is kept. Nothing that is there is changed; comments and order stay. Run twice, the second run adds nothing.
 */
export function initOpenApi(source: OpenApiSource, policy: Policy): InitResult {
  const root = readOpenApi(source)
  const document = parseDocument(source.text)
  const added = operationsOf(root).flatMap((operation) => {
    const route = routeFor(policy, operation)
    const what = route === undefined ? [] : complete({ document, root, policy, operation, route })
    return what.length === 0 ? [] : [{ operation: `${operation.method} ${operation.path}`, what }]
  })
  if (added.length === 0) return { text: source.text, added }
  return { text: written(document, source.text), added }
}

interface Addition {
  readonly document: Document
  readonly root: Node
  readonly policy: Policy
  readonly operation: Operation
  readonly route: PolicyRoute
}

function complete(addition: Addition): string[] {
  const { document, root, policy, operation, route } = addition
  const at = ['paths', operation.path, operation.method.toLowerCase()]
  if (!isMap(document.getIn(at)))
    throw optionInvalid(
      '--init',
      'a document whose operations stand in paths, not behind a $ref',
      at.join('/'),
    )
  const what: string[] = []
  const { profile } = route
  if (headerParameter(root, operation, profile.keyHeader) === undefined) {
    addParameter(addition, at)
    what.push(profile.keyHeader)
  }
  for (const { status, name, body } of refusals(policy, route)) {
    if (document.hasIn([...at, 'responses', status]) || document.hasIn([...at, 'responses', Number(status)]))
      continue
    share(document, ['components', 'responses', name], body)
    setIn(document, [...at, 'responses'], { key: status, value: { $ref: `#/components/responses/${name}` } })
    what.push(status)
  }
  if (!document.hasIn([...at, extensionName])) {
    const value = { profile: profile.name, header: profile.keyHeader, required: route.isRequired }
    setIn(document, at, { key: extensionName, value: { ...value, retention: isoDuration(route.retainMs) } })
    what.push(extensionName)
  }
  return what
}

/** A parameter of each header, form and retention has a name of its own, since it says them. */
function addParameter({ document, policy, route }: Addition, at: readonly string[]): void {
  const { keyHeader, keyForm, keyFormat } = route.profile
  const isOnly = policy.routes.every(
    ({ profile }) => profile.keyHeader === keyHeader && profile.name === route.profile.name,
  )
  const own = isOnly ? '' : `${keyHeader}${route.profile.name}`.replaceAll(/[^A-Za-z0-9]/g, '')
  const name = `${parameterName}${own}${route.isRequired ? '' : 'Optional'}${isoDuration(route.retainMs)}`
  const uuid = '8e03978e-40d5-43dd-bc93-6894a57f9324'
  share(document, ['components', 'parameters', name], {
    name: keyHeader,
    in: 'header',
    required: route.isRequired,
    description: `Names the work, so that it can be retried: ${keyFormat}. It expires ${durationText(route.retainMs)} after the first request.`,
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    example: keyForm === 'quoted' ? `"${uuid}"` : uuid,
  })
  const path = [...at, 'parameters']
  const item = document.createNode({ $ref: `#/components/parameters/${name}` })
  const list = document.getIn(path)
  if (isSeq(list)) list.add(item)
  else putFirst(document.getIn(at), document.createPair('parameters', [item]))
}

interface Refusal {
  readonly status: string
  readonly name: string
  readonly body: object
}

function refusals({ documentation }: Policy, { profile, isRequired }: PolicyRoute): Refusal[] {
  const more = documentation === undefined ? '' : ` See ${documentation}`
  const missing = isRequired && profile.missing !== undefined ? ['missing'] : []
  const mismatch = profile.mismatch === 400 ? ['used with another request'] : []
  const bad = [...missing, 'malformed', ...mismatch]
  const refusal = (status: number, name: string, text: string): Refusal => ({
    status: String(status),
    name,
    body: {
      description: `${text}${more}`,
      content: { 'application/problem+json': { schema: { type: 'object', properties: problemMembers } } },
    },
  })
  return [
    refusal(
      400,
      isRequired ? 'IdempotencyKeyInvalid' : 'IdempotencyKeyMalformed',
      `The key is ${bad.join(', or ')}.`,
    ),
    refusal(
      409,
      'IdempotencyKeyInFlight',
      'The first request with this key is still at work. Retry later with the same key.',
    ),
    ...(profile.expired === undefined
      ? []
      : [
          refusal(
            profile.expired,
            'IdempotencyKeyExpired',
            'The key is older than answers are kept. Nothing was done now.',
          ),
        ]),
    ...(profile.mismatch === undefined || profile.mismatch === 400
      ? []
      : [refusal(profile.mismatch, 'IdempotencyKeyReused', 'The key was used with another request.')]),
  ]
}

const problemMembers = { type: { type: 'string' }, title: { type: 'string' }, status: { type: 'integer' } }

function share(document: Document, path: readonly string[], value: object): void {
  if (document.hasIn(path)) return
  setIn(document, path.slice(0, -1), { key: path.at(-1) ?? '', value })
}

/** Sets a member of the map at `path`, which is made where it is not there. A status stays a text. */
function setIn(
  document: Document,
  path: readonly string[],
  { key, value }: { key: string; value: object },
): void {
  // One after the other: `components:` with nothing behind it is null, and no place to set anything in.
  for (let length = 1; length <= path.length; length += 1) {
    const place = path.slice(0, length)
    if ((document.getIn(place) ?? null) === null) document.setIn(place, new YAMLMap())
  }
  const map = document.getIn(path)
  if (!isMap(map)) throw optionInvalid('--init', 'a document with an object there', path.join('/'))
  const node = document.createNode(key)
  if (/^\d+$/.test(key)) node.type = quoteOf(map) ?? 'QUOTE_SINGLE'
  map.add(document.createPair(node, value))
}

/** How the document quotes the statuses that it has. */
function quoteOf(map: YAMLMap): 'QUOTE_DOUBLE' | 'QUOTE_SINGLE' | undefined {
  const [first] = map.items
  const type = (first?.key as { type?: string } | undefined)?.type
  return type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE' ? type : undefined
}

/** Parameters are read before the rest of an operation. They go in front of `requestBody`, or of `responses`. */
function putFirst(map: unknown, pair: YAMLMap['items'][number]): void {
  if (!isMap(map)) return
  const names = map.items.map(({ key }) => String(key))
  const before = [names.indexOf('requestBody'), names.indexOf('responses')].filter((index) => index >= 0)
  map.items.splice(Math.min(map.items.length, ...before), 0, pair)
}

/** In the style of the text that was read, so that a comparison shows what was added and nothing else. */
function written(document: Document, text: string): string {
  if (/^\s*\{/.test(text)) {
    const indent = /^\{\s*?\n([ \t]+)"/.exec(text)?.[1] ?? '  '
    return `${JSON.stringify(document.toJS(), null, indent)}${text.endsWith('\n') ? '\n' : ''}`
  }
  const indent = /^( +)\S/m.exec(text)?.[1]?.length ?? 2
  return stringify(document, {
    indent: Math.max(1, indent),
    indentSeq: !/^( *)[^\s#-][^\n]*:[ \t]*\n\1- /m.test(text),
    flowCollectionPadding: !/[{[][^\s{}[\]]/.test(text.replaceAll(/"[^"\n]*"|'[^'\n]*'/g, '')),
    lineWidth: 0,
  })
}
