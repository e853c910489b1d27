import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../../src/server/routes/index.ts'
import { ControlRoom, doubtful, type Told } from './support/control-room.ts'
import { Target } from './support/target.ts'

interface Operation {
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: object }>> }>>
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: object
}

let room: ControlRoom
let document: Document
let ajv: Ajv2020

beforeAll(async () => {
  room = await ControlRoom.on('sqlite')
  await room.serve('scopes: [billing]')
  document = (await room.ask('/v1/openapi.json')).json as unknown as Document
  ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema({ $id: 'onceward:', components: document.components })
})
afterAll(() => room.end())

/** What does not fit the document of an answer; nothing where all does. */
function unfit(method: string, path: string, told: Told): string {
  const operation = document.paths[path]?.[method.toLowerCase()]
  const response = operation?.responses[String(told.status)]
  if (response === undefined) return `${method} ${path} answers ${told.status}, which is not documented`
  const type = (told.headers.get('content-type') ?? '').split(';')[0] ?? ''
  const schema = response.content?.[type]?.schema
  if (schema === undefined)
    return `${method} ${path} answers ${told.status} as ${type}, which is not documented`
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"onceward:#/components/')
  const isFit = ajv.validate(JSON.parse(text) as object, told.json)
  return isFit ? '' : `${method} ${path} ${told.status}: ${ajv.errorsText()} in ${told.text}`
}

describe('the OpenAPI document', () => {
  it('is 3.1, has every route of the server and no other, and names a role for each', () => {
    expect(document.openapi).toBe('3.1.0')
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => {
        const { 'x-onceward-role': role } = operation as unknown as Record<string, string>
        return `${method.toUpperCase()} ${path} ${role}`
      }),
    )
    expect(new Set(documented)).toEqual(
      new Set(routes.map(({ method, path, role }) => `${method} ${path} ${role}`)),
    )
  })

  it('holds only schemas that ajv takes', () => {
    expect(
      ajv.validateSchema({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...document.components }),
    ).toBe(true)
  })

  it('is true of what the server answers', async () => {
    const once = await room.worker()
    const done = await once.execute({ operation: 'charge', key: ['order', 1], subject: 'order:1' }, () => ({
      paid: true,
    }))
    await once.execute({ operation: 'ship', key: 's1', steps: true }, async (attempt) =>
      attempt.step('label', () => 'L1'),
    )
    const ref = await doubtful(once, 'd1')
    const other = await doubtful(once, 'd2')
    const made = await room.ask('/v1/tokens', { body: { name: 'ops', role: 'admin' } })
    expect(unfit('POST', '/v1/tokens', made)).toBe('')
    const { token, id } = made.json as { token: string; id: string }
    const because = 'looked at the target'
    const target = await Target.start()
    const dueAt = '2999-01-01T00:00:00.000Z'
    const scheduled = { key: 'e2', target: { url: target.url }, dueAt }
    const later = String((await room.ask('/v1/effects', { token, body: scheduled })).json['ref'])
    const recorded = async (kind: string, found: unknown): Promise<string> =>
      `/v1/${kind}/${String((await room.ask(`/v1/${kind}`, { token, body: found })).json['id'])}`
    const asked: readonly (readonly [string, string, string, unknown?])[] = [
      ['GET', '/v1/entries', '/v1/entries?limit=1'],
      ['GET', '/v1/entries', '/v1/entries?values=true&state=succeeded,in_doubt'],
      ['GET', '/v1/entries', '/v1/entries?cursor=no'],
      ['GET', '/v1/entries', '/v1/entries?scope=elsewhere'],
      ['GET', '/v1/entries/{ref}', `/v1/entries/${done.ref}`],
      ['GET', '/v1/entries/{ref}', `/v1/entries/${ref}`],
      ['GET', '/v1/entries/{ref}', '/v1/entries/000000000000000000000000'],
      ['GET', '/v1/doubts', '/v1/doubts'],
      [
        'POST',
        '/v1/doubts/{ref}/resolution',
        `/v1/doubts/${ref}/resolution`,
        { happened: true, value: 1, because },
      ],
      ['POST', '/v1/doubts/{ref}/resolution', `/v1/doubts/${ref}/resolution`, { happened: true, because }],
      ['POST', '/v1/doubts/{ref}/resolution', `/v1/doubts/${other}/resolution`, { happened: 1, because }],
      [
        'POST',
        '/v1/doubts/{ref}/resolution',
        `/v1/doubts/${other}/resolution`,
        { happened: false, because, by: 'Ann' },
      ],
      ['GET', '/v1/entries/{ref}', `/v1/entries/${other}`],
      ['GET', '/v1/statistics', '/v1/statistics'],
      ['GET', '/v1/twins', '/v1/twins?limit=1'],
      ['GET', '/v1/statistics', '/v1/statistics?stepMs=60001'],
      ['GET', '/v1/audit-trail', '/v1/audit-trail?limit=2'],
      ['POST', '/v1/effects', '/v1/effects', { key: ['e', 1], target: { url: target.url }, body: 1 }],
      ['POST', '/v1/effects', '/v1/effects', { key: ['e', 1], target: { url: target.url }, body: 2 }],
      ['POST', '/v1/effects', '/v1/effects', scheduled],
      ['GET', '/v1/effects', '/v1/effects'],
      ['GET', '/v1/effects/{ref}', `/v1/effects/${later}`],
      ['GET', '/v1/effects/{ref}', `/v1/effects/${ref}`],
      ['DELETE', '/v1/effects/{ref}', `/v1/effects/${later}`],
      ['DELETE', '/v1/effects/{ref}', `/v1/effects/${later}`],
      ['POST', '/v1/drills', '/v1/drills', { drills: [] }],
      ['GET', '/v1/drills', '/v1/drills'],
      ['GET', '/v1/drills/{id}', await recorded('drills', { drills: [] })],
      ['POST', '/v1/reconciliations', '/v1/reconciliations', { clean: true }],
      ['GET', '/v1/reconciliations', '/v1/reconciliations'],
      ['GET', '/v1/reconciliations/{id}', await recorded('reconciliations', { clean: true })],
      ['POST', '/v1/incidents', '/v1/incidents', { incident: 'i' }],
      ['GET', '/v1/incidents', '/v1/incidents'],
      ['GET', '/v1/incidents/{id}', await recorded('incidents', { incident: 'i' })],
      ['GET', '/v1/incidents/{id}', '/v1/incidents/0000000000000-0000000000'],
      ['GET', '/v1/tokens', '/v1/tokens'],
      ['GET', '/v1/me', '/v1/me'],
      ['GET', '/v1/settings', '/v1/settings'],
      ['GET', '/v1/health', '/v1/health'],
      ['GET', '/v1/ready', '/v1/ready'],
      ['GET', '/v1/openapi.json', '/v1/openapi.json'],
      ['DELETE', '/v1/tokens/{id}', `/v1/tokens/${id}`],
    ]
    const flaws: string[] = []
    for (const [method, path, at, body] of asked) {
      const told = await room.ask(at, { method, token, ...(body === undefined ? {} : { body }) })
      flaws.push(unfit(method, path, told))
    }
    await target.end()
    expect(flaws.filter((flaw) => flaw !== '')).toEqual([])
    const untold = routes
      .map(({ method, path }) => `${method} ${path}`)
      .filter((route) => !asked.some(([method, path]) => `${method} ${path}` === route))
    // Of the feed see activity.test.ts, of metrics metrics.test.ts.
    expect(untold).toEqual(['GET /v1/live', 'POST /v1/tokens', 'GET /metrics'])
    expect(room.faults).toEqual([])
  })
})
