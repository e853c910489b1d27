import { fork } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { LeakResult, LeakSample } from './leak-result.ts'
import { temporaryHome } from './machine.ts'
import { loadEmbeddedPostgres, type ProductForm } from './product.ts'
import { count, duration, say } from './progress.ts'
import { render } from './render.ts'
import { leakFile, readLeaks, resultsFile, writeJson } from './results.ts'
import { versions } from './versions.ts'

export interface LeakOptions {
  readonly store: string
  readonly operations: number
  readonly form: ProductForm
}

/** What a leak of one small object per operation would exceed many times over, and noise does not reach. */
const limitBytesPerOperation = 1

/** Runs the operations in a process of their own and says whether memory stayed flat. */
export async function runLeak(options: LeakOptions): Promise<boolean> {
  const { store, operations, form } = options
  const home = temporaryHome()
  process.once('exit', () => rmSync(home, { recursive: true, force: true }))
  const postgres =
    store === 'postgres' ? await (await loadEmbeddedPostgres(form)).startEmbeddedPostgres() : undefined
  const sinceMs = performance.now()
  const startedAt = new Date().toISOString()
  try {
    const samples = await sample({
      ...options,
      directory: home,
      ...(postgres === undefined ? {} : { url: postgres.url }),
    })
    const bytesPerOperation = slope(samples.filter((one) => one.operations >= operations / 10))
    const { onceward = '', node = '' } = versions(undefined)
    const result: LeakResult = {
      store,
      startedAt,
      onceward,
      node,
      operations,
      samples,
      bytesPerOperation,
      limitBytesPerOperation,
      tookSeconds: Math.round((performance.now() - sinceMs) / 1000),
      isFlat: bytesPerOperation <= limitBytesPerOperation,
    }
    const kept = `${bytesPerOperation.toFixed(3)} bytes kept per operation, at most ${limitBytesPerOperation} allowed`
    console.log(
      `${store}: ${result.isFlat ? 'flat' : 'NOT FLAT'}: ${kept}, ${operations.toLocaleString('en-US')} operations`,
    )
    writeJson(leakFile, [...readLeaks().filter((one) => one.store !== store), result])
    if (existsSync(resultsFile)) render()
    return result.isFlat
  } finally {
    await postgres?.stop()
  }
}

/** The figures are noisy by some hundred kilobytes, so it takes all of them to see a slope. */
export function slope(samples: readonly LeakSample[]): number {
  const points = samples.map((one) => ({ x: one.operations, y: one.heapBytes + one.externalBytes }))
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length
  const above = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  const below = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  return below === 0 ? Number.NaN : above / below
}

export interface LeakTask extends LeakOptions {
  readonly directory: string
  readonly url?: string
}

function sample(task: LeakTask): Promise<readonly LeakSample[]> {
  const file = fileURLToPath(new URL('leak-process.ts', import.meta.url))
  const child = fork(file, {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const samples: LeakSample[] = []
  const sinceMs = performance.now()
  return new Promise((resolve, reject) => {
    child.on('message', (one: LeakSample) => {
      samples.push(one)
      const share = one.operations / task.operations
      const leftMs = share === 0 ? 0 : ((performance.now() - sinceMs) / share) * (1 - share)
      const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
      say(
        `${count(one.operations)} operations, ${duration(leftMs)} left: heap ${mib(one.heapBytes)}, external ${mib(one.externalBytes)}, resident ${mib(one.residentBytes)}`,
      )
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (code === 0) resolve(samples)
      else reject(new Error(`the process of the leak test ended with ${signal ?? `exit code ${code}`}`))
    })
    child.send(task)
  })
}
