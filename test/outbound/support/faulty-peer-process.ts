// A target with every fault mixed in, which remembers keys for a while and then forgets them. It counts its effects by
// intent: node faulty-peer-process.ts SEED KEY_LIFETIME_MS SLOW_MS; prints its address.
import { createServer, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { seededRandom } from '../../../src/testing/random.ts'

const [seed = '1', lifetime = '', slow = ''] = process.argv.slice(2)
const [keyLifetimeMs, slowMs] = [Number(lifetime), Number(slow)]
const random = seededRandom(Number(seed))
/** What was done, by intent, and how often. */
const effects = new Map<string, number>()
/** Keys with when they were first seen. */
const keys = new Map<string, { readonly sinceMs: number; isDone: boolean }>()

type Deed = (respond: ResponseTo) => void
interface ResponseTo {
  readonly act: () => void
  readonly response: ServerResponse
  readonly socket: Socket
}

const answer = ({ response }: ResponseTo, status: number, headers: Record<string, string> = {}): void => {
  response.writeHead(status, headers).end('{}')
}

/** Shares of a hundred, and what happens to so many. The rest is done and answered. */
const faults: readonly (readonly [number, Deed])[] = [
  [5, ({ act, socket }) => (act(), socket.resetAndDestroy())],
  [
    4,
    ({ act, socket }) => {
      act()
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')
    },
  ],
  [4, (to) => answer(to, 503)],
  [3, (to) => answer(to, 503, { 'retry-after': '0' })],
  [3, (to) => (to.act(), answer(to, 500))],
  [3, (to) => answer(to, 429, { 'retry-after': '0' })],
  [2, (to) => answer(to, 429, { 'retry-after': '2' })],
  [3, (to) => answer(to, 409, { 'retry-after': '1' })],
  [
    2,
    (to) => {
      to.act()
      setTimeout(() => answer(to, 200), slowMs)
    },
  ],
]

function draw(): Deed {
  let left = random() * 100
  for (const [share, deed] of faults) {
    left -= share
    if (left < 0) return deed
  }
  return (to) => (to.act(), answer(to, 200))
}

function actFor(intent: string, key: string | undefined): () => void {
  const count = (): void => void effects.set(intent, (effects.get(intent) ?? 0) + 1)
  if (key === undefined) return count
  const known = keys.get(key)
  const isKnown = known !== undefined && performance.now() - known.sinceMs < keyLifetimeMs
  const record = isKnown ? known : { sinceMs: performance.now(), isDone: false }
  keys.set(key, record)
  return () => {
    if (!record.isDone) count()
    record.isDone = true
  }
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const { socket, url = '', method } = request
  if (url === '/effects') return void response.end(JSON.stringify([...effects]))
  // Unread: nothing was done, and nobody but this process knows.
  if (method === 'POST' && random() < 0.05) return void socket.resetAndDestroy()
  const key = request.headers['idempotency-key']
  request.resume().on('end', () => {
    draw()({ act: actFor(url, typeof key === 'string' ? key : undefined), response, socket })
  })
})
server.on('connection', (socket) => {
  socket.on('error', () => undefined)
  if (random() < 0.05) socket.resetAndDestroy()
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
})
