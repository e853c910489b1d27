// The fault peer, as a process of its own: `node fault-peer-process.ts JOURNAL [REMEMBERS_MS]`. It prints its port. Effects are what its
// journal says; what it is to break is in the header of each request.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Target } from '../../../src/drills/peer/target.ts'
import { openJournal } from '../../../src/testing/journal.ts'
import { type Fault, faultsHeader, forgottenAfterSeconds, peerHeader } from './faults.ts'

/**
 * Goes with the machine's clock, but stands still while this process does: a request that had to wait for a busy peer
 * finds no key older for it.
 */
let clockMs = 0
let tickedMs = performance.now()
setInterval(() => {
  const nowMs = performance.now()
  clockMs += Math.min(nowMs - tickedMs, 100)
  tickedMs = nowMs
}, 25)

const [, , journalPath = 'peer.jsonl', remembersMs = 'Infinity'] = process.argv
const target = new Target(openJournal(journalPath), {})
/** By this peer's clock: when an intent was told to come back later than its key is remembered. */
const toldMs = new Map<string, number>()
/** How often each intent has come, and each fault has been done. */
const arrivals = new Map<string, number>()
const done = new Map<string, number>()
/** What is to be done with an intent whose sender cannot say so in a header. */
const planned = new Map<string, string>()
/** Keys under which a request is being worked on. */
const inUse = new Set<string>()
/** Requests that are being worked on, and who waits for them to be over. */
let working = 0
const waiting: (() => void)[] = []

const slowMs = 5
/** Longer than any sender of the soak waits for an answer. */
const lateMs = 400

const broken = { error: { message: 'broken' } }

interface Arrival {
  readonly intent: string
  readonly key: string
  readonly fault: Fault
  readonly isKeyed: boolean
  /** A key that is known is answered with 409 and the first result. */
  readonly conflicts: boolean
  readonly response: ServerResponse
}

const server = createServer((request, response) => {
  if (request.url?.startsWith('/_') === true) return control(request.url, response)
  const arrival = read(request, response)
  // The sender may be gone whenever we look.
  request.on('error', () => undefined)
  response.on('error', () => undefined)
  if (arrival.fault === 'reset-early') return void request.socket.resetAndDestroy()
  request.resume().once('end', () => behave(arrival))
})
Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 })
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})

/** What tests ask beside the effects. */
function control(path: string, response: ServerResponse): void {
  const url = new URL(path, 'http://peer')
  const said = (): void => answer(response, 200, Object.fromEntries(done))
  if (url.pathname === '/_plan') {
    planned.set(url.searchParams.get('intent') ?? '', url.searchParams.get('faults') ?? '')
    return said()
  }
  if (url.pathname === '/_arrivals')
    return answer(response, 200, { count: arrivals.get(url.searchParams.get('intent') ?? '') ?? 0 })
  // `/_idle`: answered once nothing is under way any more.
  if (working === 0) said()
  else waiting.push(said)
}

/** `POST /effects/INTENT`. Without a key, or of a peer that takes none, every request is an effect. */
function read({ url, headers }: IncomingMessage, response: ServerResponse): Arrival {
  const intent = decodeURIComponent(url?.split('/')[2] ?? '')
  const time = arrivals.get(intent) ?? 0
  arrivals.set(intent, time + 1)
  const script = String(headers[faultsHeader] ?? planned.get(intent) ?? '').split(',')
  const fault = (script[time] || 'ok') as Fault
  done.set(fault, (done.get(fault) ?? 0) + 1)
  const kind = headers[peerHeader]
  const key = headers['idempotency-key']
  return {
    intent,
    key: String(key),
    fault,
    isKeyed: kind !== 'blind' && key !== undefined,
    conflicts: kind === 'conflicts',
    response,
  }
}

function behave(arrival: Arrival): void {
  const told = toldMs.get(arrival.intent)
  if (told !== undefined && clockMs - told > Number(remembersMs)) target.forget(arrival.intent)
  const { fault, response, key, isKeyed } = arrival
  if (isKeyed && inUse.has(key)) return answer(response, 409, { error: { message: 'the key is in use' } })
  const socket = response.socket
  switch (fault) {
    case 'slow':
      return hold(arrival, slowMs, () => effect(arrival))
    case 'late':
      return hold(arrival, lateMs, () => act(arrival, () => socket?.destroy()))
    case 'silent':
      return
    case 'acted-silent':
      return act(arrival, () => undefined)
    case 'reset':
    case 'reset-early':
      return void socket?.resetAndDestroy()
    case 'acted-reset':
      return act(arrival, () => socket?.resetAndDestroy())
    case 'drop':
      return void socket?.destroy()
    case 'acted-drop':
      return act(arrival, () => socket?.destroy())
    case 'acted-truncated':
      return act(arrival, () => {
        response.writeHead(201, { 'content-type': 'application/json', 'content-length': '4096' })
        response.write('{"effectId":"', () => socket?.destroy())
      })
    case '429':
    case '503':
      return answer(response, Number(fault), { ...broken, retryAfter: 0 })
    case 'acted-503':
      return act(arrival, () => answer(response, 503, { ...broken, retryAfter: 0 }))
    case '500':
      return answer(response, 500, broken)
    case 'acted-500':
      return act(arrival, () => answer(response, 500, broken))
    case 'forgets':
      return act(arrival, () => {
        toldMs.set(arrival.intent, clockMs)
        answer(response, 503, { ...broken, retryAfter: forgottenAfterSeconds })
      })
    case '400':
      return answer(response, 400, { error: { message: 'not understood' } })
    case 'ok':
      return effect(arrival)
  }
}

/** Works on it for so long; meanwhile its key is in use. */
function hold({ key, isKeyed }: Arrival, ms: number, then: () => void): void {
  if (isKeyed) inUse.add(key)
  working += 1
  setTimeout(() => {
    inUse.delete(key)
    then()
    working -= 1
    if (working === 0) for (const say of waiting.splice(0)) say()
  }, ms)
}

function effect(arrival: Arrival): void {
  const known = arrival.isKeyed && target.knows(arrival.intent, arrival.key)
  act(arrival, (result) => answer(arrival.response, known && arrival.conflicts ? 409 : 201, { ...result }))
}

function act({ intent, key, isKeyed }: Arrival, then: (result: object) => void): void {
  const mode = isKeyed ? 'keyed' : 'blind'
  target.serve({ op: 'effect', key: intent, effectKey: key, mode, pid: 0 }, then)
}

function answer(
  response: ServerResponse,
  status: number,
  body: { readonly retryAfter?: number; readonly [name: string]: unknown },
): void {
  const { retryAfter, ...said } = body
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(said))
}
