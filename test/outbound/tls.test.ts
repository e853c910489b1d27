import { spawnSync } from 'node:child_process'
import { once as event } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/outbound/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { charge, outcomeOf } from './support/lab.ts'

it('over TLS a certificate nobody vouches for is not sent to, and one of an authority of your own is', async (context) => {
  const folder = temporaryDirectory()
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost']
  const names = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', 'key.pem', '-out', 'cert.pem']
  const made = spawnSync('openssl', [...args, ...names], { cwd: folder })
  if (made.status !== 0) return context.skip('there is no openssl to make a certificate with')
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(folder, name)))
  let requests = 0
  const server = createServer({ key, cert }, (_, response) => {
    requests += 1
    response.end('ok')
  })
  server.listen(0, 'localhost')
  await event(server, 'listening')
  const baseUrl = `https://localhost:${(server.address() as AddressInfo).port}`
  const stranger = createClient({ baseUrl, retry: { attempts: 2, baseMs: 1 } })
  const friend = createClient({ baseUrl, pool: { tls: { ca: cert } } })
  onTestFinished(async () => {
    for (const client of [stranger, friend]) await client.close({ graceMs: 0 })
    server.close()
    server.closeAllConnections()
  })
  expect(await outcomeOf(stranger.request(charge()))).toMatchObject({ outcome: 'not-sent', attempts: 2 })
  expect(requests).toBe(0)
  expect(await outcomeOf(friend.request(charge()))).toMatchObject({ status: 200 })
  expect(requests).toBe(1)
})
