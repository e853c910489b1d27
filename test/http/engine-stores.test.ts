import { existsSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { faultProxy } from '../../src/drills/proxy/index.ts'
import { type HttpOptions, nodeHandler, type NodeHandler } from '../../src/http/index.ts'
import { createOnceward } from '../../src/index.ts'
import { openStoreFromUrl } from '../../src/stores/open.ts'
import { listen } from '../../src/testing/http/listen.ts'
import { testDatabase } from '../support/postgres.ts'
import { until } from '../support/processes.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { startExample } from './support/example.ts'

/** The sentences of the engine that rest on the store the most, on the stores that a service runs on. */
const stores = ['SQLite', 'PostgreSQL'] as const
type StoreName = (typeof stores)[number]

async function storeUrl(name: StoreName): Promise<string> {
  if (name === 'SQLite') return `sqlite:${join(temporaryDirectory(), 'ledger.db')}`
  const database = await testDatabase()
  onTestFinished(() => database.drop())
  return database.url
}

interface Serving {
  readonly options?: Partial<HttpOptions<IncomingMessage>>
  readonly storeTimeoutMs?: number
  readonly handle: NodeHandler<IncomingMessage, ServerResponse>
}

/** A service with a ledger and connections of its own, as another process has them. */
async function serve(url: string, { options, storeTimeoutMs = 5000, handle }: Serving): Promise<string> {
  const once = createOnceward({ store: await openStoreFromUrl(url), scope: 'shop', storeTimeoutMs })
  onTestFinished(() => once.close({ graceMs: 0 }))
  await once.open()
  const given = { caller: 'anonymous' as const, require: true, onError: () => undefined, ...options }
  const handler = nodeHandler<IncomingMessage, ServerResponse>(once, given, handle)
  const service = await listen((request, response) => void handler(request, response))
  onTestFinished(() => service.close())
  return service.url
}

interface Told {
  readonly status: number
  readonly text: string
  /** The problem's name, `replay`, or `handler`. */
  readonly by: string
}

async function order(url: string, key = 'k-1', headers: Record<string, string> = {}): Promise<Told> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'idempotency-key': `"${key}"`, ...headers },
    body: '{"sku":"a-1"}',
  })
  const text = await answer.text()
  const isProblem = answer.headers.get('content-type') === 'application/problem+json'
  const problem = isProblem ? String((JSON.parse(text) as { type: string }).type.split('#')[1]) : undefined
  const own = answer.headers.get('idempotency-replayed') === 'true' ? 'replay' : 'handler'
  return { status: answer.status, text, by: problem ?? own }
}

describe.each(stores)('the engine, on %s', (name) => {
  it('of 40 requests with one key at two services at once one runs, and all get its answer', async () => {
    const url = await storeUrl(name)
    let runs = 0
    const handle: Serving['handle'] = (_, response) => {
      runs += 1
      // The others are at work by the time this is answered.
      setImmediate(() => response.writeHead(201).end(`run ${runs}`))
    }
    const options = { waitMs: 20_000 }
    const services = [await serve(url, { options, handle }), await serve(url, { options, handle })]
    const told = await Promise.all(
      Array.from({ length: 40 }, (_, index) => order(services[index % 2] as string)),
    )
    expect(runs).toBe(1)
    expect(new Set(told.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['201 run 1']))
    expect(told.filter(({ by }) => by === 'handler')).toHaveLength(1)
  })

  it('a service that is killed between effect and answer leaves its keys in a defined state', async () => {
    const url = await storeUrl(name)
    const journal = join(temporaryDirectory(), 'journal')
    const lines = (): string[] =>
      existsSync(journal) ? readFileSync(journal, 'utf8').trimEnd().split('\n') : []
    const path = 'test/http/support/service-process.ts'
    const [killed, other] = await Promise.all([
      startExample(path, url, journal),
      startExample(path, url, journal),
    ])
    const hang = { 'x-hang': '1' }
    const cut = ['/blind', '/keyed'].map((route) => order(killed.url + route, 'k-1', hang).catch(() => 'cut'))
    await until(() => lines().length === 2, 'both effects')
    await killed.stop('SIGKILL')
    expect(await Promise.all(cut)).toEqual(['cut', 'cut'])
    const [blind, keyed] = await Promise.all([order(`${other.url}/blind`), order(`${other.url}/keyed`)])
    expect(blind).toMatchObject({ status: 409, by: 'in-doubt' })
    expect(keyed).toMatchObject({ status: 201, by: 'handler' })
    // The keyed target is sent the same effect key again, and so does nothing; the blind one is not asked again.
    const [ofBlind, ofKeyed] = ['/blind', '/keyed'].map((route) =>
      lines().filter((line) => line.startsWith(route)),
    )
    expect(ofBlind).toHaveLength(1)
    expect([ofKeyed?.length, new Set(ofKeyed).size]).toEqual([2, 1])
    await other.stop('SIGKILL')
  })
})

/** Ways in which a store is out: how it is made silent, and how that ends. */
const outages: readonly {
  readonly name: string
  readonly open: () => Promise<{ readonly url: string; out(): void; heal(): void }>
}[] = [
  {
    name: 'SQLite, locked by another program',
    open: async () => {
      const url = await storeUrl('SQLite')
      let db: DatabaseSync | undefined
      return {
        url,
        out: () => {
          db = new DatabaseSync(url.slice('sqlite:'.length))
          db.exec('BEGIN IMMEDIATE')
        },
        heal: () => db?.close(),
      }
    },
  },
  {
    name: 'PostgreSQL, behind a network that swallows everything',
    open: async () => {
      const url = await storeUrl('PostgreSQL')
      const proxy = await faultProxy({ target: url })
      onTestFinished(() => proxy.close())
      return {
        url: proxy.through(url),
        out: () => proxy.impair({ stalled: 'both' }),
        heal: () => {
          // What was swallowed is lost.
          proxy.reset()
          proxy.heal()
        },
      }
    },
  },
]

it.each(outages)('$name: nothing runs, and afterwards the service goes on', async ({ open }) => {
  const store = await open()
  let runs = 0
  const handle: Serving['handle'] = (_, response) => {
    runs += 1
    response.writeHead(201).end(`run ${runs}`)
  }
  // Both wait as long as they must, but for the one that is to be told of the outage.
  const patient = await serve(store.url, { storeTimeoutMs: 20_000, handle })
  const hasty = await serve(store.url, { storeTimeoutMs: 1000, handle })
  expect(await order(patient, 'before')).toMatchObject({ status: 201, by: 'handler' })
  store.out()
  expect(await order(hasty, 'k-1')).toMatchObject({ status: 503, by: 'store-unavailable' })
  expect(runs).toBe(1)
  store.heal()
  const back = (key: string): Promise<Told> => untilNot(503, () => order(patient, key))
  expect(await back('before')).toMatchObject({ status: 201, by: 'replay', text: 'run 1' })
  expect(await back('k-2')).toMatchObject({ status: 201, by: 'handler', text: 'run 2' })
})

/** A connection that was cut is found out by who uses it first, who is told to come again. */
async function untilNot(status: number, ask: () => Promise<Told>): Promise<Told> {
  for (let asked = 0; asked < 100; asked += 1) {
    const told = await ask()
    if (told.status !== status) return told
  }
  throw new Error(`it is answered ${status} for ever`)
}
