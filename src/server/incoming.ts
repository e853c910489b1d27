import { describe } from '../kernel/errors.ts'
import { Problem } from './problems.ts'
import { type Flaw, flawOf, readText, type Schema } from './schema/json-schema.ts'

/** The body, read whole. Throws a problem for one that is too large. */
export async function bodyOf(request: Request, maxBytes: number): Promise<Uint8Array> {
  // Made only where it is thrown: its stack costs as much as reading a small body.
  const tooLarge = (): Problem => new Problem('too-large', `At most ${maxBytes} bytes are taken here.`)
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of request.body as ReadableStream<Uint8Array>) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('invalid', 'The body broke off before its end.')
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** A JSON body that satisfies its schema. Throws a problem that names the value. */
export function jsonOf(
  schema: Schema,
  bytes: Uint8Array = new Uint8Array(),
  type: string | undefined,
): unknown {
  if (!/^application\/json\s*(;|$)/i.test(type ?? ''))
    throw new Problem(
      'media-type',
      `content-type must be application/json, got ${JSON.stringify(type ?? '')}.`,
    )
  let body: unknown
  try {
    body = JSON.parse(decoder.decode(bytes)) as unknown
  } catch {
    throw new Problem('invalid', 'The body is no JSON in UTF-8.')
  }
  refuse(flawOf(schema, body, 'body'), body)
  return body
}

/** A query string that satisfies its schemas: each name once, and no others. */
export function checkedQuery(
  schemas: Readonly<Record<string, Schema>>,
  given: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, unknown>> {
  const query: Record<string, unknown> = {}
  for (const [name, values] of Object.entries(given)) {
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined
    if (schema === undefined) {
      const known = Object.keys(schemas)
      throw new Problem(
        'invalid',
        `There is no query parameter ${JSON.stringify(name)}; there are ${known.length === 0 ? 'none' : known.join(', ')}.`,
      )
    }
    const [text = '', another] = values
    if (another !== undefined) throw new Problem('invalid', `query.${name} must be given once.`)
    const value = readText(schema, text)
    refuse(flawOf(schema, value, `query.${name}`), { [name]: value })
    query[name] = value
  }
  return query
}

function refuse(flaw: Flaw | undefined, whole: unknown): void {
  if (flaw === undefined) return
  const got = valueAt(whole, flaw.at)
  throw new Problem('invalid', `${flaw.at} must be ${flaw.expected}, got ${describe(got)}.`)
}

/** The value at a path such as `body.target.url`, for the message. */
function valueAt(whole: unknown, path: string): unknown {
  let value = whole
  for (const part of path.split(/[.[\]]+/).slice(1)) {
    if (part === '') continue
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined
  }
  return value
}
