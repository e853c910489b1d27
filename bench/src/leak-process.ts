// The process of the leak test: all kinds of operations, and how much memory is left in use after each share of them.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Onceward } from '../../src/index.ts'
import type { Store } from '../../src/ledger/store.ts'
import { charged, intentOf, operation } from './contenders/operations.ts'
import type { LeakTask } from './leak.ts'
import type { LeakSample } from './leak-result.ts'
import { loadRoot, memoryStore, postgresStore, sqliteStore } from './product.ts'

type Root = Awaited<ReturnType<typeof loadRoot>>

const concurrency = 64
const samples = 40
/** The store itself must not grow: results are forgotten at once, and so are their tombstones. */
const sweepEvery = 2_000

process.on('disconnect', () => process.exit(1))
process.on('SIGINT', () => undefined)
process.once('message', (task: LeakTask) => {
  run(task).then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})

async function run(task: LeakTask): Promise<void> {
  const root = await loadRoot(task.form)
  const once = root.createOnceward({
    store: await openStore(task),
    scope: 'leak',
    operations: {
      [operation]: { safety: { kind: 'keyed', keyLifetimeMs: 60_000 }, retainMs: 0, retry: 'never' },
    },
    tombstoneMs: 0,
    sweep: false,
  })
  await once.open()
  const share = Math.max(Math.round(task.operations / samples / sweepEvery), 1) * sweepEvery
  for (let done = 0; done < task.operations; ) {
    await operate(root, once, { from: done, count: sweepEvery })
    done += sweepEvery
    await forget(once)
    if (done % share === 0) await report(done)
  }
  await once.close()
}

function openStore(task: LeakTask): Promise<Store> {
  if (task.store === 'sqlite') return sqliteStore(task.form, join(task.directory, 'leak.db'))
  if (task.store === 'postgres' && task.url !== undefined) return postgresStore(task.form, task.url)
  return memoryStore(task.form)
}

async function operate(
  root: Root,
  once: Onceward,
  { from, count }: { from: number; count: number },
): Promise<void> {
  let next = from
  const loop = async (): Promise<void> => {
    while (next < from + count) {
      const n = next
      next += 1
      await one(root, once, n)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop))
}

/** Mostly plain runs; now and then what takes another way through the guard. */
async function one(root: Root, once: Onceward, n: number): Promise<void> {
  const intent = intentOf(n, n % 20 === 1)
  const effect = (attempt: { readonly effectKey: string }): unknown => charged(attempt.effectKey)
  switch (n % 20) {
    case 2:
      // The second waits for the first, in memory.
      await Promise.all([once.run(intent, effect), once.run(intent, effect)])
      return
    case 3:
      await once.execute(intent, () => {
        throw new root.DefiniteFailure('the card was declined')
      })
      return
    case 4:
      await once.run({ ...intent, steps: true }, async (attempt) => {
        await attempt.step('reserve', (step) => charged(step.effectKey))
        return attempt.step('send', (step) => charged(step.effectKey))
      })
      return
    case 5:
      await once.run(intent, (attempt) => {
        attempt.signal.throwIfAborted()
        return charged(attempt.effectKey)
      })
      return
    case 6:
      // Nobody knows how the first attempt ended; the second takes over, since the target deduplicates.
      await once.run(intent, unknown).catch(() => undefined)
      await once.run(intent, effect)
      return
    case 7: {
      // Entries in doubt are never forgotten, so a person decides.
      const { ref } = await once.execute({ ...intent, safety: 'blind' }, unknown)
      await once.doubts.resolve(ref, { happened: true, by: 'somebody', because: 'it is there' })
      return
    }
    default:
      await once.run(intent, effect)
  }
}

function unknown(): Promise<never> {
  return Promise.reject(new Error('the connection was reset'))
}

/** Until nothing is left to bury or to delete. */
async function forget(once: Onceward): Promise<void> {
  await pause(1)
  for (;;) {
    const { buried, deleted } = await once.sweep()
    if (buried + deleted === 0) return
  }
}

async function report(operations: number): Promise<void> {
  // Twice: what the first collection sets free may hold what only the second can find.
  globalThis.gc?.()
  await pause(5)
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  const sample: LeakSample = { operations, heapBytes: heapUsed, externalBytes: external, residentBytes: rss }
  process.send?.(sample)
}
