import { createServer } from 'node:http'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { runContract } from '../../src/contract/run-contract.ts'
import { webhookSink } from '../../src/contract/webhook-sink.ts'
import { of, started, whole, withOutcome } from './tested.ts'

const nobody = 'http://127.0.0.1:9/'

it.each([
  ['a number', '$.total'],
  ['a list', '$.orders'],
  ['what a wildcard selects', '$.orders[*]'],
  ['what a wildcard selects, although it is one number', '$.orders[*].n'],
])('counts by %s', async (_, path) => {
  const service = await started({ keys: 'lenient' })
  const report = await whole(service, { count: { kind: 'endpoint', url: service.url(), path } })
  expect(of(report, 'replay-many')).toMatchObject({ outcome: 'pass', effects: 1 })
  expect(report.verdict).toBe('conforms')
})

it('counts by the webhooks that effects send, those of each payload on their own', async () => {
  const free = await webhookSink({ host: '127.0.0.1', port: 0 })
  const { url } = free
  await free.close()
  const onEffect = async (reference: string): Promise<void> => {
    await fetch(url, { method: 'POST', body: JSON.stringify({ reference }) })
  }
  const count = { kind: 'webhook', host: '127.0.0.1', port: Number(new URL(url).port) } as const
  const good = await whole(await started({ keys: 'lenient', onEffect }), { count })
  expect(withOutcome(good, 'fail')).toEqual([])
  expect(good.counted).toBe(`webhooks to ${url}`)
  const bad = await whole(await started({ isUnguarded: true, onEffect }), { count })
  expect(of(bad, 'replay-many').effects).toBe(21)
  // The sink is closed with the run.
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})

it('webhooks of a body without a UUID cannot be told apart, and that is said before anything is sent', async () => {
  const service = await started()
  const body = { text: '{"reference":"{{n}}"}', contentType: 'application/json' }
  const run = runContract({
    url: service.url(),
    body,
    count: { kind: 'webhook', host: '127.0.0.1', port: 0 },
  })
  await expect(run).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining('{{uuid}}'),
  })
  expect(service.effects).toEqual([])
})

it('says what it cannot know without counting, and passes nothing that it has not seen', async () => {
  const good = await runContract({
    url: (await started({ keys: 'lenient' })).url(),
    patienceMs: 400,
    settleMs: 10,
  })
  expect(good).toMatchObject({ counted: 'not counted', verdict: 'conforms' })
  expect(withOutcome(good, 'fail')).toEqual([])
  for (const id of ['replay-many', 'concurrent-same-key', 'reply-cut', 'request-cut'] as const) {
    expect(of(good, id), id).toMatchObject({ outcome: 'skip', seen: expect.stringContaining('not counted') })
    expect(of(good, id), id).not.toHaveProperty('effects')
  }
  // Answers with ids tell a replay from a second run.
  expect(of(good, 'replay-equal').outcome).toBe('pass')
})

it('equal answers of a service that answers everything alike are no proof', async () => {
  const url = await answering(200, '{"ok":true}')
  const report = await runContract({ url, settleMs: 10 })
  expect(of(report, 'replay-equal')).toMatchObject({
    outcome: 'skip',
    seen: expect.stringContaining('another key'),
  })
  expect(withOutcome(report, 'pass')).toEqual(['first-accepted'])
})

it('a counter that sees nothing fails the first check, and is not believed in the others', async () => {
  const service = await started({ keys: 'lenient' })
  const report = await whole(service, {
    count: { kind: 'endpoint', url: service.url(), path: '$.nothing[*]' },
  })
  expect(withOutcome(report, 'fail')).toEqual(['first-accepted'])
  expect(of(report, 'first-accepted').seen).toContain('$.nothing[*]')
})

it('where the first request is not accepted, nothing else is said of the service', async () => {
  const report = await runContract({ url: await answering(401, '') })
  expect(of(report, 'first-accepted')).toMatchObject({ outcome: 'fail', seen: '401, effects not counted' })
  expect(report.summary).toMatchObject({ pass: 0, fail: 1 })
})

it('a service that never answers costs one timeout a request, and the run ends', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  onTestFinished(() => silent.closeAllConnections())
  onTestFinished(() => void silent.close())
  await new Promise((resolve) => silent.once('listening', resolve))
  const report = await runContract({ url: addressOf(silent), timeoutMs: 50 })
  expect(of(report, 'first-accepted')).toMatchObject({
    outcome: 'fail',
    seen: expect.stringContaining('within 50 ms'),
  })
})

it('is ended by its signal', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const service = await started()
  const run = runContract({
    url: service.url(),
    signal: controller.signal,
    onProgress: ({ id }) => {
      if (id === 'replay-many') controller.abort(reason)
    },
  })
  await expect(run).rejects.toBe(reason)
})

it.each([
  ['the service', { url: nobody }, '127.0.0.1:9'],
  [
    'what counts',
    { url: 'self', count: { kind: 'endpoint', url: nobody, path: '$' } },
    `--count-url ${nobody}`,
  ],
] as const)('%s that nobody answers at is TARGET_UNREACHABLE', async (_, options, named) => {
  const url = options.url === 'self' ? (await started()).url() : options.url
  await expect(runContract({ ...options, url })).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
    message: expect.stringContaining(named),
  })
})

it.each([
  ['an unknown profile', { profile: 'draft-99' }, 'draft-99'],
  ['a password in the URL', { url: 'http://me:secret@127.0.0.1:9/' }, 'without a password'],
  ['a method that changes nothing', { method: 'GET' }, 'GET'],
  ['a header with a line in it', { headers: [['X', 'a\r\nb']] }, 'NAME:VALUE'],
  ['a pointer that leads nowhere', { unique: ['/nowhere'] }, '/nowhere'],
  ['a path that is no JSONPath', { count: { kind: 'endpoint', url: nobody, path: '$.[' } }, '$.['],
  [
    'code instead of a path',
    { count: { kind: 'endpoint', url: nobody, path: '$[(process.exit(7))]' } },
    'JSONPath',
  ],
  ['a count URL that is none', { count: { kind: 'endpoint', url: 'orders', path: '$' } }, 'orders'],
] as const)('%s is OPTION_INVALID', async (_, options, named) => {
  const service = await started()
  await expect(runContract({ url: service.url(), ...options })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining(named),
  })
  expect(service.effects).toEqual([])
})

it('the sink takes no more than it has room for', async () => {
  const sink = await webhookSink({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => sink.close())
  const uuid = '8e03978e-40d5-43dd-bc93-6894a57f9324'
  await fetch(sink.url, { method: 'POST', body: 'x'.repeat(2 * 1024 * 1024) + uuid })
  await fetch(`${sink.url}${uuid}`, { method: 'POST' })
  expect(await sink.count([{ uuid, n: 1, body: Buffer.alloc(0) }])).toBe(1)
  // A call that breaks off is none.
  const { port } = new URL(sink.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(`POST /${uuid} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n`, () =>
    socket.resetAndDestroy(),
  )
  await new Promise((resolve) => socket.once('close', resolve))
  expect(await sink.count([{ uuid, n: 1, body: Buffer.alloc(0) }])).toBe(1)
})

async function answering(status: number, body: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(status).end(body))
  })
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return addressOf(server)
}

function addressOf(server: ReturnType<typeof createServer>): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return `http://127.0.0.1:${address.port}/`
}
