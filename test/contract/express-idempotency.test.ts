import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { runContract } from '../../src/contract/run-contract.ts'
import type { ContractOptions } from '../../src/contract/settings.ts'
import { readText } from '../support/repo.ts'
import { of, withOutcome } from './tested.ts'

/*
 * What a published middleware does when it is used as its README says. The lines of the README are the ones below; that
 * it still says so is checked.
 */

interface Response {
  status(status: number): Response
  send(body: string): void
  json(value: unknown): void
}
type Handler = (request: unknown, response: Response) => unknown
interface App {
  post(path: string, handler: unknown): void
  get(path: string, handler: Handler): void
  listen(port: number, host: string): Server
}
interface Middleware {
  idempotency(): unknown
  getSharedIdempotencyService(): { isHit(request: unknown): boolean }
}

const require = createRequire(import.meta.url)
const express = require('express4') as () => App
const idempotency = require('express-idempotency') as Middleware
const readme = readText('node_modules/express-idempotency/README.md')

/** Effects take a moment, as real ones do. */
async function serving(post: (work: () => Promise<void>) => Handler): Promise<ContractOptions> {
  const app = express()
  let effects = 0
  app.get('/effects', (_, response) => response.json(effects))
  app.post('*', idempotency.idempotency())
  const handler = post(async () => {
    await sleep(5)
    effects += 1
  })
  app.post('/', handler)
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { url, count: { kind: 'endpoint', url: `${url}effects`, path: '$' } }
}

it('the example of its README, as it gets started, is unsafe: every replay runs the handler again', async () => {
  expect(readme).toContain("app.post('*', idempotency.idempotency());")
  const options = await serving((work) => async (_, response) => {
    await work()
    try {
      response.send('Got a new POST request')
    } catch {
      // The middleware has answered already.
    }
  })
  const report = await runContract(options)
  expect(report.verdict).toBe('unsafe')
  expect(of(report, 'replay-equal')).toMatchObject({ outcome: 'fail', effects: 2 })
  expect(of(report, 'replay-many')).toMatchObject({ outcome: 'fail', effects: 21 })
})

it('with isHit in each handler it no longer is, as long as nothing fails', async () => {
  expect(readme).toContain('if (idempotencyService.isHit(req)) {')
  const options = await serving((work) => async (request, response) => {
    if (idempotency.getSharedIdempotencyService().isHit(request)) return
    await work()
    response.send('Got a new POST request')
  })
  const report = await runContract(options)
  expect(report.verdict).toBe('deviates')
  expect(withOutcome(report, 'fail')).toEqual([
    'missing-key',
    'malformed-key',
    'payload-swap',
    'bare-key',
    'key-parameters',
  ])
})

it('and an error after the effect makes it unsafe again: errors are not kept, so that the retry is a second effect', async () => {
  let isFailing = false
  const options = await serving((work) => async (request, response) => {
    if (idempotency.getSharedIdempotencyService().isHit(request)) return
    await work()
    if (isFailing) response.status(502).send('the mail was not sent')
    else response.send('Got a new POST request')
  })
  const report = await runContract({
    ...options,
    errorBody: { text: '{"fail":"{{uuid}}"}', contentType: 'application/json' },
    onProgress: ({ id }) => (isFailing = id === 'error-replay'),
  })
  expect(report.verdict).toBe('unsafe')
  expect(of(report, 'error-replay')).toMatchObject({ outcome: 'fail', effects: 2 })
})
