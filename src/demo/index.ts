import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { redactUrl } from '../kernel/redact.ts'
import { makeChildren } from './children.ts'
import { describeEnding, EndedEarly, exitCodeOfEnding, type Watch, watchForEnd } from '../testing/ending.ts'
import type { HalfContext } from './half-context.ts'
import { runHalf } from './half.ts'
import { openJournal } from '../testing/journal.ts'
import { type DemoOptions, type ParsedDemoOptions, parseDemoOptions } from './options.ts'
import { type Order, readOrders } from './orders.ts'
import { makeProgress, type Progress } from './progress.ts'
import { exitCodeOf, makeReport } from './report.ts'
import { reportText } from './report-text.ts'
import { makeRunFolder, type RunFolder } from '../testing/run-folder.ts'
import { makeSchedule } from './schedule.ts'
import { openDemoStore } from './store.ts'

export type { Afterwards, DemoOptions } from './options.ts'
export type { DemoReport } from './report.ts'

export interface DemoResult {
  /** 0: nothing twice, nothing lost. 1: otherwise, or not done in time. 130, 143, 129: ended by a signal. */
  readonly exitCode: number
}

/** Ordinarily half a minute. On a machine that is busy otherwise it may take long, but it does end. */
const limitMs = 120_000
const limitPerOrderMs = 50

/**
 * The main job: the same orders, code and faults twice, first without Onceward and then with it, in processes of
 * their own. What people read goes to standard error, the JSON document to standard output. Throws `OPTION_INVALID`
 * (bad options or orders; nothing was started), `STORE_UNAVAILABLE` and `DEPENDENCY_MISSING`.
 */
export async function runDemo(options: DemoOptions = {}): Promise<DemoResult> {
  const parsed = parseDemoOptions(options)
  const orders = readOrders(parsed.ordersPath).slice(0, parsed.limit)
  const folder = makeRunFolder(parsed.folder, 'demo')
  const progress = makeProgress(process.stderr)
  const watch = watchForEnd(limitMs + orders.length * limitPerOrderMs)
  try {
    return await runBothHalves({ parsed, orders, folder, progress, watch })
  } catch (error) {
    if (!(error instanceof EndedEarly)) throw error
    const message = `onceward demo ${describeEnding(error.ending)}`
    progress.note(message)
    if (parsed.json) await print(`${JSON.stringify({ error: { code: 'ENDED_EARLY', message } }, null, 2)}\n`)
    return { exitCode: exitCodeOfEnding(error.ending) }
  } finally {
    progress.close()
    watch.close()
  }
}

interface Run {
  readonly parsed: ParsedDemoOptions
  readonly orders: readonly Order[]
  readonly folder: RunFolder
  readonly progress: Progress
  readonly watch: Watch
}

async function runBothHalves(run: Run): Promise<DemoResult> {
  const { parsed, orders, folder, progress, watch } = run
  const { seed, workers } = parsed
  const startedAtMs = performance.now()
  const ordersPath = join(folder.path, 'orders.json')
  const schedulePath = join(folder.path, 'schedule.json')
  const schedule = makeSchedule(
    orders.map((order) => order.id),
    seed,
  )
  writeFileSync(ordersPath, JSON.stringify(orders))
  writeFileSync(schedulePath, `${JSON.stringify(schedule, null, 2)}\n`)
  const processes = openJournal(join(folder.path, 'processes.jsonl'))
  const cacheFolder = join(folder.path, 'compiled')
  const onFailure = (error: Error): void => watch.end({ kind: 'crash', error })
  const children = makeChildren({ journal: processes, cacheFolder, onFailure })
  const store = await openDemoStore(parsed.store, folder, watch)
  const contextOf = (title: string): HalfContext => {
    const onProgress = progress.half(title, orders.length)
    return { seed, workers, ordersPath, schedulePath, children, processes, watch, onProgress }
  }
  try {
    progress.note(`${orders.length} orders, ${workers} workers; journals in ${folder.path}`)
    const unguarded = await runHalf(contextOf('without Onceward'), {
      name: 'unguarded',
      folder: join(folder.path, 'unguarded'),
    })
    const { url, scope } = store
    const recorder = parsed.afterwards && { recorder: parsed.afterwards.recorder }
    const guardedSpec = { folder: join(folder.path, 'guarded'), store: { url, scope, ...recorder } }
    const guarded = await runHalf(contextOf('with Onceward'), { name: 'guarded', ...guardedSpec })
    const report = makeReport({
      seed,
      workers,
      orders: orders.length,
      folder: folder.path,
      schedule: schedulePath,
      durationMs: Math.round(performance.now() - startedAtMs),
      store: redactUrl(url),
      scope,
      unguarded,
      guarded,
    })
    progress.close()
    progress.note(
      reportText({ report, doubts: guarded.doubts, command: commandName(), isStoreKept: store.isKept }),
    )
    if (parsed.json) await print(`${JSON.stringify(report, null, 2)}\n`)
    // From here on it takes as long as somebody looks, and signals are theirs.
    watch.close()
    await parsed.afterwards?.show({ url, scope })
    return { exitCode: exitCodeOf(report) }
  } finally {
    await children.endAll()
    await store.close()
    processes.close()
    rmSync(cacheFolder, { recursive: true, force: true })
  }
}

/** Inside the checkout `onceward` is no command of the shell. */
function commandName(): string {
  return import.meta.url.endsWith('.ts') ? 'npm run --silent onceward --' : 'onceward'
}

/** Resolves once it has been handed over, also when the reader has gone. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve())
  })
}
