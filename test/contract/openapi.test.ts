import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { operationAt, readOpenApi } from '../../src/contract/openapi/document.ts'
import { initOpenApi } from '../../src/contract/openapi/init.ts'
import { expiryPublished } from '../../src/contract/openapi/published.ts'
import { sampleBody } from '../../src/contract/openapi/sample.ts'
import { defaultPolicy, readPolicy } from '../../src/cli/contract/policy.ts'
import { profileNames } from '../../src/http/profiles.ts'

const shop = `# The shop's public interface
openapi: 3.1.0
info: {title: Shop, version: "1"} # the title stays
paths:
  # orders come first
  /orders:
    get:
      responses:
        "200": {description: fine}
    post:
      summary: Place an order # with a comment
      requestBody:
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/Order'
      responses:
        "201":
          description: placed
  /orders/{id}:
    patch:
      responses:
        "200": {description: fine}
components:
  schemas:
    Order:
      type: object
      required: [reference, amount, currency, email, lines, note]
      properties:
        reference: {type: string}
        amount: {type: integer, minimum: 100, multipleOf: 30}
        currency: {type: string, enum: [EUR, CHF]}
        email: {type: string, format: email}
        note: {type: string}
        optional: {type: string}
        lines:
          type: array
          minItems: 2
          items: {type: object, required: [sku], properties: {sku: {type: string, minLength: 3, maxLength: 5}}}
`
const source = { name: 'openapi.yaml', text: shop }

describe('an OpenAPI document', () => {
  it('gives the operation that a URL calls, behind a server of any path', () => {
    const root = readOpenApi(source)
    const at = (path: string, method: string): string =>
      operationAt(root, new URL(path, 'http://x'), method).path
    expect(at('/orders', 'POST')).toBe('/orders')
    expect(at('/v1/orders/', 'POST')).toBe('/orders')
    expect(at('/v1/orders/7', 'PATCH')).toBe('/orders/{id}')
    expect(() => at('/refunds', 'POST')).toThrow('POST /orders')
    expect(() => at('/orders', 'DELETE')).toThrow('"DELETE /orders"')
  })

  it.each([
    ['no YAML', 'a: [', 'YAML or JSON'],
    ['another version', 'swagger: "2.0"', 'an OpenAPI 3 document'],
    ['a list', '[]', 'an OpenAPI 3 document'],
  ])('that is %s is refused', (_, text, named) => {
    expect(() => readOpenApi({ name: 'x.yaml', text })).toThrow(named)
  })
})

describe('a body from a schema', () => {
  const bodyOf = (schema: object, more: object = {}): unknown => {
    const root = {
      paths: { '/x': { post: { requestBody: { content: { 'application/json': { schema, ...more } } } } } },
      components: {
        schemas: {
          Tree: {
            type: 'object',
            required: ['left'],
            properties: { left: { $ref: '#/components/schemas/Tree' } },
          },
        },
      },
    }
    const template = sampleBody(root, operationAt(root, new URL('http://x/x'), 'POST'))
    return template === undefined ? undefined : JSON.parse(template.text)
  }

  it('has what is required, within its bounds, and names that are unique', () => {
    const root = readOpenApi(source)
    const template = sampleBody(root, operationAt(root, new URL('http://x/orders'), 'POST'))
    expect(template?.contentType).toBe('application/json')
    expect(JSON.parse(template?.text ?? '')).toEqual({
      reference: '{{uuid}}',
      amount: 120,
      currency: 'EUR',
      email: 'n{{n}}@example.com',
      note: 'text',
      lines: [{ sku: 'text' }, { sku: 'text' }],
    })
  })

  it.each<readonly [string, object, unknown]>([
    ['an example', { type: 'object', example: { a: 1 } }, { a: 1 }],
    [
      'a UUID, whatever its example',
      { type: 'object', properties: { a: { type: 'string', format: 'uuid', example: 'x' } } },
      { a: '{{uuid}}' },
    ],
    [
      'the first text, where no name tells',
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
      { a: '{{uuid}}', b: 'text' },
    ],
    [
      'all of allOf',
      {
        allOf: [
          { type: 'object', required: ['a'], properties: { a: { const: 1 } } },
          { required: ['b'], properties: { b: { type: 'boolean' } } },
        ],
      },
      { a: 1, b: false },
    ],
    [
      'the first of oneOf',
      { oneOf: [{ type: 'object', properties: { a: { default: 2 } } }, { type: 'null' }] },
      { a: 2 },
    ],
    [
      'the type that is not null',
      { type: 'object', properties: { a: { type: ['null', 'number'], exclusiveMinimum: 4 } } },
      { a: 5 },
    ],
    [
      'nothing that is read only',
      {
        type: 'object',
        properties: { id: { type: 'string', readOnly: true }, a: { type: 'number', maximum: 0.5 } },
      },
      { a: 0.5 },
    ],
  ])('takes %s', (_, schema, body) => {
    expect(bodyOf(schema)).toEqual(body)
  })

  it('takes the example of the media type as it is', () => {
    expect(bodyOf({ type: 'object' }, { examples: { one: { value: { a: 'A' } } } })).toEqual({ a: 'A' })
  })

  it('ends where a schema contains itself', () => {
    expect(JSON.stringify(bodyOf({ $ref: '#/components/schemas/Tree' }))).toContain('null')
  })
})

describe('--init', () => {
  it('adds what is missing and takes nothing away: every line is there, in its order', () => {
    const { text, added } = initOpenApi(source, defaultPolicy())
    expect(added.map(({ operation }) => operation)).toEqual(['POST /orders', 'PATCH /orders/{id}'])
    const lines = text.split('\n')
    let at = -1
    for (const line of shop.split('\n')) {
      at = lines.indexOf(line, at + 1)
      expect(at, line).toBeGreaterThanOrEqual(0)
    }
    expect(parse(text)).toMatchObject({
      paths: {
        '/orders': {
          post: {
            parameters: [{ $ref: '#/components/parameters/IdempotencyKeyP30D' }],
            responses: { '201': {}, '400': {}, '409': {}, '422': {} },
            'x-idempotency': {
              profile: 'ietf-07-lenient',
              header: 'Idempotency-Key',
              required: true,
              retention: 'P30D',
            },
          },
        },
      },
    })
  })

  it.each(profileNames)('leaves a document that publishes the key and its expiry, %s', (name) => {
    const policy = defaultPolicy(name)
    const keyHeader = policy.routes[0]?.profile.keyHeader ?? ''
    expect(expiryPublished(readOpenApi(source), keyHeader).outcome).toBe('fail')
    const { text } = initOpenApi(source, policy)
    expect(expiryPublished(readOpenApi({ ...source, text }), keyHeader)).toMatchObject({ outcome: 'pass' })
  })

  it('changes nothing when it runs again', () => {
    const { text } = initOpenApi(source, defaultPolicy())
    expect(initOpenApi({ ...source, text }, defaultPolicy())).toEqual({ text, added: [] })
  })

  it('keeps what is there: a parameter, an answer, a policy', () => {
    const policy = readPolicy('defaults: { retainMs: 86400000 }')
    const first = initOpenApi(source, policy).text
    const changed = first.replace(
      'IdempotencyKeyInvalid:\n      description:',
      'IdempotencyKeyInvalid:\n      description: Mine.\n      x-was:',
    )
    expect(initOpenApi({ ...source, text: changed }, policy).added).toEqual([])
    const own = first.replace(/ {6}x-idempotency:\n( {8}.*\n)+/, '      x-idempotency: {expires: never}\n')
    expect(initOpenApi({ ...source, text: own }, policy).added).toEqual([])
  })

  it('writes JSON for JSON', () => {
    const text = `${JSON.stringify(parse(shop), null, 4)}\n`
    const done = initOpenApi({ name: 'openapi.json', text }, defaultPolicy()).text
    expect(JSON.parse(done)).toEqual(parse(initOpenApi(source, defaultPolicy()).text))
    expect(done).toMatch(/^\{\n {4}"openapi"/)
  })

  it('goes by the routes of the service', () => {
    const text = `defaults: { profile: stripe-v1 }
routes:
  - { path: '/orders/:order', methods: [PATCH], require: false, retainMs: 604800000 }`
    const done: unknown = parse(initOpenApi(source, readPolicy(text)).text)
    expect(done).toMatchObject({
      paths: {
        '/orders/{id}': { patch: { 'x-idempotency': { required: false, retention: 'P7D' } } },
        '/orders': { post: { 'x-idempotency': { retention: 'PT24H' }, responses: { '400': {}, '409': {} } } },
      },
    })
    expect(JSON.stringify(done)).not.toContain('"422"')
  })

  it.each(['components:', 'components: {}', 'components:\n  parameters:'])(
    'finds room in %s',
    (components) => {
      const text = `openapi: 3.0.3\npaths:\n  /a:\n    post:\n      responses: {}\n${components}\n`
      const done = initOpenApi({ name: 'o.yaml', text }, defaultPolicy()).text
      expect(expiryPublished(readOpenApi({ name: 'o.yaml', text: done }), 'Idempotency-Key').outcome).toBe(
        'pass',
      )
    },
  )
})

describe('an expiry is published', () => {
  const withKey = (parameter: object, more: object = {}): string => {
    const key = { name: 'idempotency-key', in: 'header', ...parameter }
    const root = { openapi: '3.1.0', paths: { '/a': { post: { parameters: [key], ...more } } } }
    return expiryPublished(root, 'Idempotency-Key').outcome
  }

  it.each([
    'It expires after 24 hours.',
    'Kept for P7D.',
    'Keys never expire.',
    'Valid for a day.',
    'Kept for 30-day periods',
  ])('by the words "%s"', (description) => {
    expect(withKey({ description })).toBe('pass')
  })

  it.each(['', 'Names the order.', 'See section 24.', 'An hourglass'])(
    'not by the words "%s"',
    (description) => {
      expect(withKey({ description })).toBe('fail')
    },
  )

  it('by an extension of the operation', () => {
    expect(withKey({}, { 'x-idempotency': { retention: 'PT24H' } })).toBe('pass')
    expect(withKey({}, { 'x-idempotency': { retention: '' } })).toBe('fail')
    expect(withKey({}, { 'x-idempotency': { profile: 'acp' } })).toBe('fail')
  })

  it('for each operation that changes state', () => {
    const root = { openapi: '3.1.0', paths: { '/a': { get: {}, put: {}, delete: {} } } }
    expect(expiryPublished(root, 'Idempotency-Key').outcome).toBe('skip')
    const two = { ...root, paths: { '/a': { post: {}, patch: {} } } }
    expect(expiryPublished(two, 'Idempotency-Key').seen).toContain('PATCH /a')
  })
})
