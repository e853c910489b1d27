import { spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { readFileSync } from 'node:fs'
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
import { startShop } from './support/grpc-js-shop.ts'
import { orderOf, replyOf } from './support/shop.ts'

/** Of a server that is to die, and of the one that comes after it, whose leases no slow machine may end. */
const leasesMs = [1_000, 30_000]

it('a server that is killed between the effect and the reply has done it once: keyed work goes on, blind is in doubt', async () => {
  const folder = temporaryDirectory()
  const [first, second] = await Promise.all(leasesMs.map((leaseMs) => startShops(folder, leaseMs)))
  if (first === undefined || second === undefined) throw new Error('two processes were started')
  const bench = new GrpcBench('grpc-js')
  const order = orderOf('die')
  const lost = first.ports.map((port) =>
    bench.client(port, { retry: { attempts: 1 } }).order(order, { key: 'k' }),
  )
  for (const cut of await Promise.all(lost)) {
    expect(cut.code).toBe(grpcStatus.UNAVAILABLE)
    expect(cut.metadata('onceward-outcome')).toBe('unknown')
  }
  await first.ended
  const [keyed, blind] = await Promise.all(
    second.ports.map((port) => bench.client(port).order(order, { key: 'k' })),
  )
  const lines = (name: string): readonly string[] =>
    readFileSync(join(folder, name), 'utf8').trim().split('\n')
  expect(keyed).toMatchObject({ code: 0, reply: { id: 'done' } })
  expect(lines('keyed.requests')).toHaveLength(2)
  expect(lines('keyed')).toHaveLength(1)
  expect(blind?.code).toBe(grpcStatus.FAILED_PRECONDITION)
  expect(blind?.metadata('onceward-problem')).toBe('in-doubt')
  expect(blind?.metadata('onceward-outcome')).toBe('unknown')
  expect(lines('blind.requests')).toHaveLength(1)
  expect(lines('blind')).toHaveLength(1)
})

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

/** The ports of the shop whose work is keyed and of the one whose work is blind. */
async function startShops(
  folder: string,
  leaseMs: number,
): Promise<{ ports: readonly number[]; ended: Promise<unknown> }> {
  const { line, ended } = start('shop-process.ts', folder, String(leaseMs))
  return { ports: (await line).split(' ').map(Number), ended }
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
