import { parseDocument } from 'yaml'
import { optionInvalid } from '../../kernel/errors.ts'

/** Part of a parsed document. */
export type Node = Readonly<Record<string, unknown>>

export interface OpenApiSource {
  /** Its file's name, for messages. */
  readonly name: string
  /** YAML or JSON. */
  readonly text: string
}

export interface Operation {
  readonly path: string
  /** In upper case. */
  readonly method: string
  readonly node: Node
  readonly pathItem: Node
}

const methodNames = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
/** What `Idempotency-Key` is for: methods that change state and are not idempotent by themselves. */
const changing: readonly string[] = ['POST', 'PATCH']

/** An OpenAPI 3 document. Throws `OPTION_INVALID` for anything else. */
export function readOpenApi({ name, text }: OpenApiSource): Node {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined)
    throw optionInvalid('--openapi', `YAML or JSON (${error.message.split('\n')[0]})`, name)
  const root: unknown = document.toJS({ maxAliasCount: 1000 })
  const version = isNode(root) ? root['openapi'] : undefined
  if (!isNode(root) || typeof version !== 'string' || !version.startsWith('3.'))
    throw optionInvalid('--openapi', 'an OpenAPI 3 document', name)
  return root
}

export function operationsOf(root: Node): Operation[] {
  return members(root['paths']).flatMap(([path, item]) => {
    const pathItem = resolved(root, item)
    return methodNames.flatMap((method) => {
      const node = pathItem[method]
      return isNode(node) ? [{ path, method: method.toUpperCase(), node, pathItem }] : []
    })
  })
}

export function changingOperations(root: Node): Operation[] {
  return operationsOf(root).filter(({ method }) => changing.includes(method))
}

/** The operation's parameter in a header of that name, `$ref`s followed; its own before its path's. */
export function headerParameter(root: Node, { node, pathItem }: Operation, header: string): Node | undefined {
  return [...listOf(node['parameters']), ...listOf(pathItem['parameters'])]
    .map((parameter) => resolved(root, parameter))
    .find(({ name, in: place }) => place === 'header' && String(name).toLowerCase() === header.toLowerCase())
}

/**
 * The operation that `url` calls. Its path may begin with that of a server. Where several fit, the one with the
 * fewest parameters. Throws `OPTION_INVALID` where none does.
 */
export function operationAt(root: Node, url: URL, method: string): Operation {
  const fits = operationsOf(root)
    .filter((operation) => operation.method === method && pattern(operation.path).test(url.pathname))
    .sort(
      (one, other) => parameters(one.path) - parameters(other.path) || other.path.length - one.path.length,
    )
  const [found] = fits
  if (found !== undefined) return found
  const known = operationsOf(root).map((operation) => `${operation.method} ${operation.path}`)
  throw optionInvalid(
    '--url',
    `an operation of the document (${known.join(', ')})`,
    `${method} ${url.pathname}`,
  )
}

function pattern(path: string): RegExp {
  const parts = path.split(/(\{[^}]*\})/).map((part) => (part.startsWith('{') ? '[^/]+' : escaped(part)))
  return new RegExp(`${parts.join('')}/?$`)
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function parameters(path: string): number {
  return path.split('{').length - 1
}

/** What a local `$ref` leads to, or the node itself. Bounded, because references may go round in a circle. */
export function resolved(root: Node, value: unknown): Node {
  let node = value
  for (let depth = 0; depth < 20; depth += 1) {
    if (!isNode(node)) return {}
    const reference = node['$ref']
    if (typeof reference !== 'string') return node
    node = reference.startsWith('#/') ? at(root, reference.slice(2).split('/')) : undefined
  }
  return {}
}

function at(root: Node, tokens: readonly string[]): unknown {
  let node: unknown = root
  for (const token of tokens) {
    const name = decoded(token).replaceAll('~1', '/').replaceAll('~0', '~')
    node = isNode(node) && Object.hasOwn(node, name) ? node[name] : undefined
  }
  return node
}

/** A fragment may be percent-encoded; one that is not, though it looks like it, stays as it is. */
function decoded(token: string): string {
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function members(value: unknown): [string, unknown][] {
  return isNode(value) ? Object.entries(value) : []
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}
