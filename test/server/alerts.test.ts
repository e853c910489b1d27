import { once as onceEvent } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Alert } from '../../src/server/alerts/alert.ts'
import { bodyFor } from '../../src/server/alerts/channels.ts'
import { doubtsAlert } from '../../src/server/alerts/conditions.ts'
import { readServerConfig } from '../../src/server/index.ts'
import { ControlRoom, doubtful } from './support/control-room.ts'

interface Post {
  readonly path: string
  readonly key: string | undefined
  readonly body: Readonly<Record<string, unknown>>
}

/** Takes what is posted, after refusing as often as it is told to. Counted here, and not in our own ledger. */
async function receiver(
  refusals = 0,
): Promise<{ readonly url: string; readonly posts: Post[]; readonly refused: () => number }> {
  const posts: Post[] = []
  let refused = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (refused < refusals) {
        refused += 1
        response.writeHead(429).end()
        return
      }
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Post['body']
      posts.push({
        path: request.url ?? '',
        key: request.headers['idempotency-key'] as string | undefined,
        body,
      })
      response.writeHead(202).end('{}')
    })
  }).listen(0, '127.0.0.1')
  await onceEvent(server, 'listening')
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posts, refused: () => refused }
}

async function mailbox(): Promise<{ readonly url: string; readonly messages: string[] }> {
  const messages: string[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: (stream, _, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        messages.push(Buffer.concat(chunks).toString())
        done()
      })
    },
  })
  const listening = server.listen(0, '127.0.0.1')
  await onceEvent(listening, 'listening')
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { url: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`, messages }
}

async function room(): Promise<ControlRoom> {
  const made = await ControlRoom.on('sqlite')
  onTestFinished(() => made.end())
  return made
}

const alert: Alert = {
  kind: 'in-doubt',
  scope: 'shop',
  severity: 'critical',
  title: 'shop: 1 in doubt <now> & then',
  text: 'Look',
  at: '2026-01-01T00:00:00.000Z',
}

describe('alerts', () => {
  it('reach each channel once, however many servers look and however often', {
    timeout: 60_000,
  }, async () => {
    const [{ url, posts }, mail] = await Promise.all([receiver(), mailbox()])
    const control = await room()
    const config = `
alerts:
  everyMs: 100
  inDoubtAfterMs: 0
  channels:
    - { name: hook, kind: webhook, url: "${url}/hook" }
    - { name: chat, kind: slack, url: "${url}/chat" }
    - { name: mail, kind: email, smtpUrl: "${mail.url}", from: onceward@example.com, to: [oncall@example.com] }
    - { name: other, kind: webhook, url: "${url}/other", on: [reconciliation] }
`
    await Promise.all([control.serve(config), control.serve(config)])
    const ref = await doubtful(await control.worker(), '7')
    await expect
      .poll(() => posts.map(({ path }) => path).toSorted(), { timeout: 30_000 })
      .toEqual(['/chat', '/hook'])
    await expect.poll(() => mail.messages.length, { timeout: 30_000 }).toBe(1)
    await control.ask('/v1/reconciliations', {
      body: { name: 'payments', missing: 8, clean: false },
      headers: { 'idempotency-key': '"r"' },
    })
    await expect.poll(() => posts.filter(({ path }) => path === '/other').length, { timeout: 30_000 }).toBe(1)
    // By the time the reconciliation was told of, both servers had looked at the doubt again.
    expect(posts.filter(({ body }) => body['kind'] === 'in-doubt')).toHaveLength(1)
    const hook = posts.find(({ path }) => path === '/hook')
    expect(hook?.body).toMatchObject({
      source: 'onceward',
      kind: 'in-doubt',
      scope: 'shop',
      severity: 'critical',
    })
    expect(hook?.body['text']).toContain(ref)
    expect(hook?.key).toBe(`"${String(hook?.body['id'])}"`)
    expect(mail.messages[0]).toMatch(/^Message-ID: <[0-9a-f-]{36}@onceward>/m)
    expect(mail.messages[0]).toMatch(/^Subject: \[critical\] shop: 1 in doubt/m)
    expect(control.faults).toEqual([])
  })

  it('that were refused are sent again, and then no more', { timeout: 60_000 }, async () => {
    const { url, posts, refused } = await receiver(2)
    const control = await room()
    await control.serve(`
alerts:
  everyMs: 100
  inDoubtAfterMs: 0
  channels: [{ name: chat, kind: slack, url: "${url}" }]
`)
    await doubtful(await control.worker(), '8')
    await expect.poll(() => posts.length, { timeout: 30_000 }).toBe(1)
    expect(refused()).toBe(2)
    expect(control.faults.map(String).join()).toContain('chat answered 429')
  })

  it('have the shape that their channel knows', () => {
    const shared = { name: 'n', on: [], url: 'http://x' } as const
    expect(bodyFor({ ...shared, kind: 'slack' }, alert, 'k')).toEqual({
      text: '*shop: 1 in doubt &lt;now&gt; &amp; then*\nLook',
    })
    expect(bodyFor({ ...shared, kind: 'pagerduty', routingKey: 'r' }, alert, 'k')).toMatchObject({
      routing_key: 'r',
      event_action: 'trigger',
      dedup_key: 'k',
      payload: { summary: alert.title, severity: 'critical', source: 'onceward shop' },
    })
  })

  it('of doubts wait as long as somebody has to decide', () => {
    const doubt = { since: '2026-01-01T00:00:00.000Z', ref: 'r', operation: 'mail' } as never
    const at = (nowMs: number) =>
      doubtsAlert({ scope: 'shop', doubts: [doubt], isBound: false, nowMs, afterMs: 900_000 })
    const sinceMs = Date.parse('2026-01-01T00:00:00.000Z')
    expect(at(sinceMs + 899_999)).toBeUndefined()
    expect(at(sinceMs + 1_200_000)?.title).toBe('shop: 1 in doubt, the oldest for 20 min')
  })

  it.each([
    [
      'alerts: { channels: [{ name: a, kind: fax }] }',
      /alerts\.channels\[0\]\.kind must be one of webhook, slack, pagerduty, email, got "fax"/,
    ],
    [
      'alerts: { channels: [{ name: a, kind: slack, url: nowhere }] }',
      /alerts\.channels\[0\]\.url must be a URL/,
    ],
    [
      'alerts: { channels: [{ name: a, kind: slack, urlEnv: NO_SUCH_VARIABLE }] }',
      /alerts\.channels\[0\]\.urlEnv/,
    ],
    [
      'alerts: { channels: [{ name: a, kind: slack, url: "http://x", on: [fire] }] }',
      /\.on must be one of in-doubt, twins, reconciliation/,
    ],
    ['alerts: { channels: [{ name: a, kind: slack, url: "http://x", to: [b] }] }', /has no member "to"/],
    [
      'alerts: { channels: [{ name: a, kind: slack, url: "http://x" }, { name: a, kind: slack, url: "http://y" }] }',
      /names that differ/,
    ],
    ['alerts: { inDoubtAfterMs: -1 }', /alerts\.inDoubtAfterMs/],
  ])('are refused where they are mistyped: %s', (yaml, message) => {
    expect(() => readServerConfig(yaml, { scope: 'shop' })).toThrow(message)
  })
})
