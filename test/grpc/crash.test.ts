import { spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import { grpcServerInterceptor, grpcStatus } from '../../src/grpc/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { gate } from '../support/gate.ts'
import { root } from '../support/repo.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { GrpcBench } from './support/bench.ts'
import { startShop, type Told } from './support/grpc-js-shop.ts'
import { orderOf, replyOf } from './support/shop.ts'

it('a server that is killed between the effect and the reply has done it once: keyed work goes on, blind is in doubt', async () => {
  const [keyed, blind] = await Promise.all((['keyed', 'blind'] as const).map(killedInBetween))
  expect(keyed?.told).toMatchObject({ code: 0, reply: { id: 'done' } })
  expect(keyed?.requests).toHaveLength(2)
  expect(keyed?.effects).toHaveLength(1)
  expect(blind?.told.code).toBe(grpcStatus.FAILED_PRECONDITION)
  expect(blind?.told.metadata('onceward-problem')).toBe('in-doubt')
  expect(blind?.told.metadata('onceward-outcome')).toBe('unknown')
  expect(blind?.requests).toHaveLength(1)
  expect(blind?.effects).toHaveLength(1)
})

interface Killed {
  readonly told: Told
  /** What the peer was asked for, and what it did: it remembers its keys. */
  readonly requests: readonly string[]
  readonly effects: readonly string[]
}

async function killedInBetween(safety: 'keyed' | 'blind'): Promise<Killed> {
  const journal = join(temporaryDirectory(), 'journal')
  writeFileSync(journal, '')
  const file = join(temporaryDirectory(), 'orders.db')
  const [first, second] = await Promise.all([0, 1].map(() => startShopProcess(file, journal, safety)))
  if (first === undefined || second === undefined) throw new Error('two shops were started')
  const bench = new GrpcBench('grpc-js')
  const order = orderOf('die')
  const cut = await bench.client(first.port, { retry: { attempts: 1 } }).order(order, { key: 'k' })
  expect(cut.code).toBe(grpcStatus.UNAVAILABLE)
  expect(cut.metadata('onceward-outcome')).toBe('unknown')
  await first.ended
  const told = await bench.client(second.port).order(order, { key: 'k' })
  const lines = (path: string): readonly string[] => readFileSync(path, 'utf8').trim().split('\n')
  return { told, requests: lines(`${journal}.requests`), effects: lines(journal) }
}

it('a client that is killed while it waits: another process is told what came of its call, done once', async () => {
  const door = gate()
  const interceptor = grpcServerInterceptor(createOnceward({ store: memoryStore() }), {
    caller: 'anonymous',
    waitMs: 10_000,
  })
  const work = async (): Promise<ReturnType<typeof replyOf>> => {
    await door.pass()
    return replyOf('made once')
  }
  const shop = await startShop({ interceptors: [interceptor], work })
  const file = join(temporaryDirectory(), 'client.db')
  const killed = start('client-process.ts', String(shop.port), file)
  await door.arrived
  killed.kill()
  await killed.ended
  door.open()
  const bench = new GrpcBench('grpc-js')
  const once = bench.ledger({ store: sqliteStore({ path: file }) })
  const told = await bench.client(shop.port, { once }).order(orderOf('a'), { key: 'k' })
  expect(told.reply?.id).toBe('made once')
  expect(shop.journal).toEqual(['a'])
  await bench.end()
})

async function startShopProcess(
  ...args: readonly string[]
): Promise<{ port: number; ended: Promise<unknown> }> {
  const { line, ended } = start('shop-process.ts', ...args)
  return { port: Number(await line), ended }
}

interface Started {
  /** The first one that it prints. */
  readonly line: Promise<string>
  readonly ended: Promise<unknown>
  kill(): void
}

function start(name: string, ...args: readonly string[]): Started {
  const child = spawn(process.execPath, [join(root, 'test/grpc/support', name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = event(child, 'exit')
  const kill = (): void => void child.kill('SIGKILL')
  onTestFinished(kill)
  const line = event(createInterface({ input: child.stdout }), 'line').then(([first]) => String(first))
  line.catch(() => undefined)
  return { line, ended, kill }
}
