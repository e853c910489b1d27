import { once as event } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect, onTestFinished } from 'vitest'
import { gate } from '../support/gate.ts'
import { charge, outcomeOf } from './support/lab.ts'
import { sentence } from './support/sentences.ts'

const notSent = { code: 'NOT_SENT', outcome: 'not-sent', attempts: 3 }
const unknown = { code: 'SEND_UNKNOWN', outcome: 'unknown', attempts: 1 }

/** A bare TCP server, for what no HTTP server would do. */
async function rawServer(
  serve: (socket: Socket) => void,
): Promise<{ url: string; connections: () => number }> {
  let connections = 0
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await event(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
  }
}

const answerBytes = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

sentence(
  'a refused connection, an unknown host and a failed TLS handshake are not sent, and tried again without a key',
  async (lab) => {
    const { url, connections } = await rawServer((socket) => socket.end('this is no TLS'))
    const tls = lab.client({ baseUrl: url.replace('http:', 'https:') })
    expect(await outcomeOf(tls.request(charge()))).toEqual(notSent)
    expect(connections()).toBe(3)
    const host = lab.client({ baseUrl: 'http://no-such-host.invalid' })
    expect(await outcomeOf(host.request(charge()))).toEqual(notSent)
    const closed = await rawServer(() => undefined)
    const free = createServer().listen(0, '127.0.0.1')
    await event(free, 'listening')
    const { port } = free.address() as AddressInfo
    free.close()
    await event(free, 'close')
    const refused = lab.client({ baseUrl: `http://127.0.0.1:${port}` })
    expect(await outcomeOf(refused.request(charge()))).toEqual(notSent)
    expect(closed.connections()).toBe(0)
  },
  ['refused-is-unknown'],
)

sentence(
  'a reset is unknown once a byte was written, before the effect and behind it, and without a key nothing is sent again',
  async (lab) => {
    const client = lab.client()
    for (const reset of ['before', 'after', 'cut'] as const) {
      lab.peer.next.push({ reset })
      expect(await outcomeOf(client.request(charge()))).toEqual(unknown)
    }
    expect(lab.peer.seen).toHaveLength(3)
    expect(lab.events.filter(({ type }) => type === 'outcome_unknown')).toHaveLength(3)
  },
  ['reset-is-not-sent', 'keyless-is-resent'],
)

sentence(
  'a reset of a keyed call is sent again with the same key and the same bytes, and is one effect',
  async (lab) => {
    const client = lab.client({ retry: { attempts: 4 } })
    lab.peer.next.push({ reset: 'before' }, { reset: 'after' }, { reset: 'cut' })
    expect(await outcomeOf(client.request(charge('order-1')))).toMatchObject({ status: 200, attempts: 4 })
    expect(lab.peer.seen.map(({ key }) => key)).toEqual(Array.from({ length: 4 }, () => 'order-1'))
    // Of the first, the peer had read no body.
    const bodies = lab.peer.seen.slice(1).map(({ body }) => body)
    expect(new Set(bodies)).toEqual(new Set(['{"amount":100}']))
    expect(lab.peer.effects).toEqual(new Map([['order-1', 1]]))
  },
)

sentence(
  'a connection that is reset as soon as it is made says nothing of the request written on it',
  async (lab) => {
    const { url, connections } = await rawServer(
      (socket) => void socket.once('data', () => socket.resetAndDestroy()),
    )
    expect(await outcomeOf(lab.client({ baseUrl: url }).request(charge()))).toEqual(unknown)
    expect(connections()).toBe(1)
  },
  ['reset-is-not-sent', 'keyless-is-resent'],
)

sentence(
  'a kept connection that the target closes under a request leaves it unknown',
  async (lab) => {
    // The first request is answered; at the first byte of the second the connection goes.
    let requests = 0
    const { url } = await rawServer((socket) => {
      let isUsed = false
      socket.on('data', () => {
        requests += 1
        if (isUsed) socket.resetAndDestroy()
        else socket.write(answerBytes)
        isUsed = true
      })
    })
    const client = lab.client({ baseUrl: url, pool: { connections: 1 } })
    expect(await outcomeOf(client.request(charge()))).toMatchObject({ status: 200 })
    expect(await outcomeOf(client.request(charge()))).toEqual(unknown)
    expect(requests).toBe(2)
    expect(await outcomeOf(client.request(charge()))).toMatchObject({ status: 200 })
    expect(await outcomeOf(client.request(charge('k')))).toMatchObject({ status: 200, attempts: 2 })
  },
  ['reset-is-not-sent', 'keyless-is-resent'],
)

sentence(
  'a body that is a stream is sent once, also half of it, also with a key',
  async (lab) => {
    const half = gate()
    const { url, connections } = await rawServer((socket) => {
      socket.on('data', (bytes: Buffer) => {
        if (bytes.includes('half')) socket.resetAndDestroy()
      })
    })
    async function* parts(): AsyncGenerator<string> {
      yield 'half'
      await half.pass()
    }
    const body = Readable.from(parts())
    const client = lab.client({ baseUrl: url })
    const again = new Promise((resolve) => client.on('retry_scheduled', resolve))
    const call = outcomeOf(client.request(charge('k', { body })))
    expect(await Promise.race([call, again])).toEqual(unknown)
    half.open()
    expect(connections()).toBe(1)
  },
  ['stream-is-resent'],
)

sentence(
  'no answer in time is unknown, and a request that waits for a connection all that time is not sent',
  async (lab) => {
    const answer = gate()
    lab.peer.always = { until: answer.pass() }
    const client = lab.client({ timeoutMs: 1000, retry: { attempts: 1 }, pool: { connections: 1 } })
    const first = outcomeOf(client.request(charge()))
    await answer.arrived
    while (lab.peer.seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const second = outcomeOf(client.request(charge()))
    lab.clock.advance(1000)
    expect(await first).toEqual(unknown)
    expect(await second).toEqual({ ...notSent, attempts: 1 })
    answer.open()
    // The place in the queue comes to nothing when a connection is free again.
    expect(await outcomeOf(client.request(charge()))).toMatchObject({ status: 200 })
    expect(lab.peer.seen).toHaveLength(2)
  },
  ['reset-is-not-sent', 'refused-is-unknown'],
)

sentence('a caller who gives up is told whether it was sent', async (lab) => {
  const answer = gate()
  lab.peer.always = { until: answer.pass() }
  const client = lab.client({ pool: { connections: 1 } })
  const [sent, queued] = [new AbortController(), new AbortController()]
  const first = outcomeOf(client.request(charge('k', { signal: sent.signal })))
  while (lab.peer.seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const second = outcomeOf(client.request(charge('l', { signal: queued.signal })))
  await new Promise((resolve) => setImmediate(resolve))
  queued.abort()
  sent.abort()
  expect(await first).toEqual(unknown)
  expect(await second).toEqual({ ...notSent, attempts: 1 })
  expect(await outcomeOf(client.request(charge('m', { signal: sent.signal })))).toMatchObject({
    outcome: 'not-sent',
  })
  answer.open()
  expect(lab.peer.seen.map(({ key }) => key)).toEqual(['k'])
})

sentence('an answer that is larger than allowed is cut off, coded, and not asked for again', async (lab) => {
  lab.peer.always = { body: Buffer.alloc(5000) }
  const client = lab.client({ maxAnswerBytes: 4096 })
  expect(await outcomeOf(client.request(charge('k')))).toEqual({ ...unknown, code: 'ANSWER_TOO_LARGE' })
  expect(lab.peer.seen).toHaveLength(1)
})
