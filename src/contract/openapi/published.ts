import { fail, type Finding, pass, skip } from '../report.ts'
import { changingOperations, headerParameter, isNode, type Node, type Operation } from './document.ts'

/** The extension that `--init` writes, and where else it is looked for: the path, and the whole document. */
export const extensionName = 'x-idempotency'

/** Whether each operation that changes state says which header takes its key, and how long the key is kept. */
export function expiryPublished(root: Node, keyHeader: string): Finding {
  const operations = changingOperations(root)
  if (operations.length === 0) return skip('the document has no POST and no PATCH')
  const wrong = operations.flatMap((operation) => {
    const parameter = headerParameter(root, operation, keyHeader)
    const name = `${operation.method} ${operation.path}`
    if (parameter === undefined) return [`${name}: no parameter ${keyHeader}`]
    return isExpirySaid(root, operation, parameter) ? [] : [`${name}: no expiry`]
  })
  return wrong.length === 0 ? pass(`all of ${operations.length} operations`) : fail(wrong.join('; '))
}

function isExpirySaid(root: Node, { node, pathItem }: Operation, parameter: Node): boolean {
  return (
    [parameter, node, pathItem, root].some((place) => isPolicy(place[extensionName])) ||
    isExpiryText(parameter['description']) ||
    (isExpiryText(node['description']) && /idempoten/i.test(String(node['description'])))
  )
}

const expiryName = /^(expir|retention|retain|ttl|lifetime|window)/i

function isPolicy(extension: unknown): boolean {
  if (!isNode(extension)) return false
  return Object.entries(extension).some(([name, value]) => {
    return (
      expiryName.test(name) &&
      ((typeof value === 'string' && value.trim() !== '') || typeof value === 'number')
    )
  })
}

const duration =
  /\b(\d+|an?|one|two|seven|thirty)[\s-]*(h|d|(milli)?seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b/i
const isoDuration = /\bP(?=\d|T\d)(\d+[YMWD])*(T(\d+[HMS])+)?\b/
const never = /\b(never expires?|do(es)? not expire|for ?ever|indefinitely)\b/i

function isExpiryText(text: unknown): boolean {
  return typeof text === 'string' && [duration, isoDuration, never].some((pattern) => pattern.test(text))
}
