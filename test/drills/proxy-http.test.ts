import { Agent, createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type FaultProxy, faultProxy } from '../../src/drills/proxy/index.ts'

/** A server that keeps a journal of what reached it, whole. */
let server: Server
const journal: string[] = []
let proxy: FaultProxy
let agent: Agent

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (text: string) => (body += text))
    incoming.on('end', () => {
      journal.push(`${incoming.method} ${incoming.url} ${body}`)
      outgoing.end(`done ${journal.length} ${'.'.repeat(Number(incoming.headers['x-reply-bytes'] ?? 0))}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => void server.close())
beforeEach(async () => {
  journal.length = 0
  agent = new Agent({ keepAlive: true })
  proxy = await faultProxy({ target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } })
})
afterEach(async () => {
  agent.destroy()
  await proxy.close()
})

/** What the client sees: the text of the answer, or the code of its error. */
function send(
  path: string,
  { body = 'x', headers = {} }: { body?: string | string[]; headers?: Record<string, string> } = {},
): Promise<string> {
  return new Promise((resolve) => {
    let text: string | undefined
    const fail = (error: NodeJS.ErrnoException): void =>
      resolve(`${error.code}${text === undefined ? '' : ` after ${JSON.stringify(text)}`}`)
    const sent = request(
      { host: proxy.host, port: proxy.port, path, agent, method: 'POST', headers },
      (reply) => {
        text = ''
        reply.setEncoding('utf8').on('data', (more: string) => (text += more))
        reply.on('error', fail)
        reply.on('end', () => resolve(text ?? ''))
      },
    )
    sent.on('error', fail)
    for (const part of [body].flat()) sent.write(part)
    sent.end()
  })
}

/** A client keeps connections that it has not yet seen broken. */
async function forgetConnections(): Promise<void> {
  await expect.poll(() => Object.keys(agent.freeSockets)).toEqual([])
}

describe('a proxy in front of an HTTP server', () => {
  it('changes nothing while nothing is wrong, over one connection', async () => {
    const body = 'b'.repeat(300_000)
    expect(await send('/big', { body, headers: { 'x-reply-bytes': '300000' } })).toHaveLength(300_007)
    expect(await send('/small')).toBe('done 2 ')
    expect(journal).toEqual([`POST /big ${body}`, 'POST /small x'])
    expect(proxy.connections).toBe(1)
  })

  it('cut at the request, the server never hears of it', async () => {
    const cut = proxy.cut({ at: 'request', when: 'POST /charge' })
    expect(await send('/other')).toBe('done 1 ')
    expect(await send('/charge')).toBe('ECONNRESET')
    await cut.done
    expect(await send('/charge')).toBe('done 2 ')
    expect(journal).toEqual(['POST /other x', 'POST /charge x'])
  })

  it('cut at the reply, the server has done it', async () => {
    const cut = proxy.cut({ at: 'reply', when: /POST \/charge/ })
    expect(await send('/charge')).toBe('ECONNRESET')
    await cut.done
    expect(journal).toEqual(['POST /charge x'])
  })

  it('cut after the reply began, the client has its beginning', async () => {
    proxy.cut({ at: 'reply', afterBytes: 400 })
    const seen = await send('/charge', { headers: { 'x-reply-bytes': '2000' } })
    expect(seen).toMatch(/^ECONNRESET after "done 1 \.+"$/)
    expect(journal).toHaveLength(1)
  })

  it('finds a request by what is in its body, however it is sent', async () => {
    const cut = proxy.cut({
      at: 'request',
      when: (asked) =>
        asked.protocol === 'http' && asked.body.includes('order-7') && asked.path === '/charge',
    })
    // Chunked, in several writes: the cut must hold back what came before the part that it is about.
    expect(await send('/charge', { body: ['first ', 'order-7'] })).toBe('ECONNRESET')
    await cut.done
    expect(await send('/charge', { body: 'order-7', headers: { 'content-length': '7' } })).toBe('done 1 ')
    expect(journal).toEqual(['POST /charge order-7'])
  })

  it('cuts as many as it is told, after as many as it is told', async () => {
    const cut = proxy.cut({ at: 'reply', skip: 1, times: 2 })
    const seen = [await send('/a'), await send('/b'), await send('/c'), await send('/d')]
    expect(seen).toEqual(['done 1 ', 'ECONNRESET', 'ECONNRESET', 'done 4 '])
    await cut.done
    expect(cut.count).toBe(2)
  })

  it('takes back a cut that has not happened', async () => {
    proxy.cut({ at: 'request' }).cancel()
    expect(await send('/a')).toBe('done 1 ')
  })

  it('passes on what is no request to the letter: an upgraded connection', async () => {
    server.once('upgrade', (_incoming, socket: Socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.on('error', () => undefined).pipe(socket)
    })
    const socket = connect(proxy.port, proxy.host)
    socket.write('GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    await once(socket, 'data')
    socket.write('no HTTP at all')
    expect(String((await once(socket, 'data'))[0])).toBe('no HTTP at all')
    socket.destroy()
  })
})

describe('an impaired way', () => {
  it('takes as long as it is told, in each direction', async () => {
    await send('/warm')
    proxy.impair({ latencyMs: 60 })
    const beganAtMs = performance.now()
    expect(await send('/slow')).toBe('done 2 ')
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(119)
  })

  it('passes so many bytes a second', async () => {
    proxy.impair({ bytesPerSecond: 100_000 })
    const beganAtMs = performance.now()
    await send('/slow', { body: 'b'.repeat(20_000) })
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(180)
    expect(journal[0]).toHaveLength(20_011)
  })

  it('stalled, passes nothing on and tells nobody; healed, it goes on where it was', async () => {
    await send('/warm')
    proxy.impair({ stalled: 'replies' })
    const answer = send('/stalled')
    await expect.poll(() => journal).toHaveLength(2)
    expect(
      await Promise.race([answer, new Promise((resolve) => setTimeout(() => resolve('nothing'), 50))]),
    ).toBe('nothing')
    proxy.heal()
    expect(await answer).toBe('done 2 ')
  })

  it('stalled, tells neither side that the other is gone', async () => {
    const accepted = once(server, 'connection')
    const socket = connect(proxy.port, proxy.host)
    const [inside] = (await accepted) as [Socket]
    let isEnded = false
    inside.on('close', () => (isEnded = true))
    proxy.impair({ stalled: 'both' })
    socket.destroy()
    await once(socket, 'close')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(isEnded).toBe(false)
    proxy.heal()
    await expect.poll(() => isEnded).toBe(true)
  })

  it('refusing, resets who comes', async () => {
    proxy.impair({ refusing: true })
    expect(await send('/a')).toBe('ECONNRESET')
    proxy.heal()
    expect(await send('/a')).toBe('done 1 ')
  })
})

describe('a proxy', () => {
  it('resets what is open, and serves what comes later', async () => {
    await send('/a')
    expect(proxy.reset()).toBe(1)
    expect(proxy.connections).toBe(0)
    await forgetConnections()
    expect(await send('/b')).toBe('done 2 ')
  })

  it('is a fixed address in front of a server that moves', async () => {
    await send('/a')
    const other = createServer((_, outgoing) => void outgoing.end('the other')).listen(0, '127.0.0.1')
    await once(other, 'listening')
    proxy.retarget(`http://127.0.0.1:${(other.address() as AddressInfo).port}`)
    await forgetConnections()
    expect(await send('/b')).toBe('the other')
    other.close()
  })

  it('resets its client where nobody listens', async () => {
    proxy.retarget({ host: '127.0.0.1', port: 1 })
    expect(await send('/a')).toBe('ECONNRESET')
  })

  it('gives an address with the rest of the URL kept', () => {
    expect(proxy.through('postgres://me:pw@db.example:6432/shop?sslmode=disable')).toBe(
      `postgres://me:pw@127.0.0.1:${proxy.port}/shop?sslmode=disable`,
    )
    expect(proxy.through('http://api.example')).toBe(`http://127.0.0.1:${proxy.port}`)
  })

  it.each([
    ['target', () => faultProxy({ target: 'nonsense' })],
    ['target.port', () => faultProxy({ target: { host: 'a', port: 0 } })],
    ['cut.at', async () => proxy.cut({ at: 'middle' as 'reply' })],
    ['cut.times', async () => proxy.cut({ at: 'reply', times: 0 })],
    ['latencyMs', async () => proxy.impair({ latencyMs: -1 })],
    ['bytesPerSecond', async () => proxy.impair({ bytesPerSecond: 0 })],
    ['stalled', async () => proxy.impair({ stalled: 'a bit' as 'both' })],
  ])('refuses a wrong %s and names it', async (name, work) => {
    await expect(work()).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining(name),
    })
  })
})
