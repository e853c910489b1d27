import type { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createOnceward, type Onceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import type { RouteCall, RunningService, ServiceOptions } from '../../src/testing/index.ts'
import { sqlitePlace } from '../support/sqlite-place.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { fetchAdapter } from './adapters/fetch.ts'
import { nodeAdapter } from './adapters/node.ts'

const adapters = [nodeAdapter, fetchAdapter]
const options: ServiceOptions = { safety: 'transactional', onError: () => undefined }

interface Told {
  readonly status: number
  readonly text: string
  readonly replayed: string | null
}

async function order(service: RunningService): Promise<Told> {
  const headers = { 'idempotency-key': '"k-1"' }
  const answer = await fetch(`${service.url}/orders`, { method: 'POST', headers, body: '{}' })
  return {
    status: answer.status,
    text: await answer.text(),
    replayed: answer.headers.get('idempotency-replayed'),
  }
}

function opened(store: Parameters<typeof createOnceward>[0]['store']): Onceward {
  const once = createOnceward({ store, sweep: false })
  onTestFinished(() => once.close({ graceMs: 0 }))
  return once
}

it.each(adapters)(
  '$name: rows, answer and entry commit together, and that answer is sent',
  async (adapter) => {
    const place = sqlitePlace()
    const once = opened(sqliteStore({ path: place.path }))
    const handle = async ({ attempt }: RouteCall): Promise<object> => {
      await attempt?.transaction((client: DatabaseSync) => {
        place.insert(client, 'a-1')
        return { status: 201, headers: { location: '/orders/1' }, body: { id: 1 } }
      })
      // What the handler answers after the commit is nobody's any more.
      return { status: 500, body: 'too late' }
    }
    const service = await adapter.start({
      once,
      options,
      routes: [{ method: 'POST', path: '/orders', handle }],
    })
    onTestFinished(() => service.close())
    expect(await order(service)).toEqual({ status: 201, text: '{"id":1}', replayed: null })
    expect(await order(service)).toEqual({ status: 201, text: '{"id":1}', replayed: 'true' })
    expect(place.rows()).toEqual(['a-1'])
  },
)

it.each(adapters)(
  '$name: a handler that throws before the commit has done nothing, and runs again',
  async (adapter) => {
    const place = sqlitePlace()
    const once = opened(sqliteStore({ path: place.path }))
    let runs = 0
    const handle = async ({ attempt }: RouteCall): Promise<object> => {
      runs += 1
      await attempt?.transaction((client: DatabaseSync) => {
        place.insert(client, 'a-1')
        if (runs === 1) throw new Error('out of stock')
        return { status: 201, body: 'ok' }
      })
      return {}
    }
    const service = await adapter.start({
      once,
      options,
      routes: [{ method: 'POST', path: '/orders', handle }],
    })
    onTestFinished(() => service.close())
    expect((await order(service)).status).toBe(500)
    expect(place.rows()).toEqual([])
    expect(await order(service)).toMatchObject({ status: 201, text: 'ok', replayed: null })
    expect(place.rows()).toEqual(['a-1'])
  },
)

it('a store without transactions says so, and nothing is left in doubt', async () => {
  const once = opened(memoryStore())
  const errors: unknown[] = []
  const service = await nodeAdapter.start({
    once,
    options: { ...options, onError: (error) => errors.push(error) },
    routes: [
      {
        method: 'POST',
        path: '/orders',
        handle: async ({ attempt }) => {
          await attempt?.transaction(() => ({ status: 201 }))
          return {}
        },
      },
    ],
  })
  onTestFinished(() => service.close())
  expect((await order(service)).status).toBe(500)
  expect(errors).toMatchObject([{ code: 'OPTION_INVALID' }])
  expect((await once.doubts.list()).doubts).toEqual([])
})

it('the body of an answer may be bytes, which are committed as they are', async () => {
  const once = opened(sqliteStore({ path: join(temporaryDirectory(), 'ledger.db') }))
  const body = Uint8Array.from([0, 255, 128, 1])
  const service = await nodeAdapter.start({
    once,
    options,
    routes: [
      {
        method: 'POST',
        path: '/orders',
        handle: async ({ attempt }) => {
          await attempt?.transaction(() => ({ body }))
          return { silent: true }
        },
      },
    ],
  })
  onTestFinished(() => service.close())
  const first = await order(service)
  expect(await order(service)).toEqual({ ...first, replayed: 'true' })
})
