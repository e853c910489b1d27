// The service behind the gateway, as a process of its own. It keeps a journal of every request that reached it, and
// behaves as the path says. Prints its port.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

interface Entry {
  readonly method: string
  readonly path: string
  readonly key: string | undefined
  readonly raw: readonly string[]
  readonly trailers: Readonly<Record<string, string | undefined>>
  readonly body: string
  readonly hasLeft: boolean
}

const journal: Entry[] = []
const waiting: (() => void)[] = []
const held: (() => void)[] = []
/** Keys this service remembers, where it deduplicates. */
const known = new Map<string, string>()

const behaviours: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
  orders: (_, response) => answer(response, 201, { n: journal.length }),
  cut: (_, response) => void response.socket?.destroy(),
  half: (_, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('only this much', () => response.socket?.destroy())
  },
  hang: (_, response) => void held.push(() => answer(response, 201, { n: journal.length })),
  status: (request, response) =>
    answer(response, Number(request.url?.split('/')[2]?.split('?')[0]), { n: journal.length }),
  hop: (_, response) => {
    response.setHeader('connection', 'close, x-private')
    response.setHeader('x-private', 'of this connection')
    response.setHeader('x-public', 'of the message')
    response.setHeader('proxy-authenticate', 'Basic')
    answer(response, 200, {})
  },
  keyed: (request, response) => {
    const key = String(request.headers['idempotency-key'])
    const kept = known.get(key)
    known.set(key, kept ?? `effect of ${key}`)
    // The first time it does it, and the answer is lost.
    if (kept === undefined) response.socket?.destroy()
    else answer(response, 201, { did: kept })
  },
  lost: (request, response) => {
    known.set(String(request.headers['idempotency-key']), 'done')
    response.socket?.destroy()
  },
  lookup: (request, response) => {
    const key = new URL(request.url ?? '/', 'http://x').searchParams.get('key') ?? ''
    const found = known.get(key)
    answer(response, found === undefined ? 404 : 200, { found: found ?? null })
  },
  big: (request, response) => {
    const bytes = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('bytes'))
    let sent = 0
    response.writeHead(200, { 'content-length': String(bytes), 'content-type': 'application/octet-stream' })
    const more = (): void => {
      while (sent < bytes) {
        const chunk = Buffer.alloc(Math.min(65_536, bytes - sent), sent % 251)
        sent += chunk.length
        if (!response.write(chunk)) {
          response.once('drain', more)
          return
        }
      }
      response.end()
    }
    more()
    response.on('close', () => {
      known.set(`big ${bytes}`, response.writableFinished ? 'whole' : 'cut')
      wake()
    })
  },
  binary: (_, response) => response.end(Buffer.from([0, 255, 254, 128, 10, 13])),
  trailers: (_, response) => {
    response.writeHead(200, { trailer: 'x-late' })
    response.write('body')
    response.addTrailers({ 'x-late': 'yes' })
    response.end()
  },
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function wake(): void {
  for (const look of waiting.splice(0)) look()
}

/** What tests ask beside the service's own paths. */
function control(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://x')
  if (url.pathname === '/_journal') return answer(response, 200, journal)
  if (url.pathname === '/_release') {
    for (const release of held.splice(0)) release()
    return answer(response, 200, {})
  }
  // Answers when so many requests with the key have come, or a fact has become known.
  const key = url.searchParams.get('key')
  const times = Number(url.searchParams.get('times'))
  const look = (): void => {
    if (journal.filter((entry) => entry.key === key).length >= times) answer(response, 200, {})
    else if (known.has(String(key))) answer(response, 200, { fact: known.get(String(key)) })
    else waiting.push(look)
  }
  look()
}

const server = createServer((request, response) => {
  const { method = '', url = '/', rawHeaders, headers } = request
  if (url.startsWith('/_')) return control(request, response)
  const chunks: Buffer[] = []
  const note = (hasLeft: boolean): void => {
    const key = headers['idempotency-key'] as string | undefined
    const body = Buffer.concat(chunks).toString('latin1')
    journal.push({ method, path: url, key, raw: rawHeaders, trailers: request.trailers, body, hasLeft })
    wake()
  }
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    note(false)
    const behave = behaviours[url.split(/[/?]/)[1] ?? '']
    if (behave === undefined) answer(response, 404, {})
    else behave(request, response)
  })
  request.on('error', () => note(true))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
})
