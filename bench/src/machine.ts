import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { median } from './load.ts'

/** What the figures were measured on. No names, no addresses. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGib: number
  readonly kernel: string
  readonly fileSystem: string
  /** A 4 KiB write and fdatasync, at the end of a file. */
  readonly syncP50Ms: number
  readonly syncP99Ms: number
  readonly loadAtStart: number
}

export function describeMachine(directory: string): Machine {
  const sync = syncLatencies(directory)
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    fileSystem: fileSystemOf(directory),
    syncP50Ms: median(sync),
    syncP99Ms: sync.toSorted((a, b) => a - b)[Math.floor(sync.length * 0.99)] as number,
    loadAtStart: loadavg()[0] as number,
  }
}

/** Every write that is acknowledged waits for one of these, so they set the scale of everything else. */
function syncLatencies(directory: string): readonly number[] {
  const home = mkdtempSync(join(directory, 'sync-'))
  const file = openSync(join(home, 'file'), 'w')
  const page = Buffer.alloc(4096, 1)
  try {
    return Array.from({ length: 300 }, () => {
      const since = performance.now()
      writeSync(file, page)
      fdatasyncSync(file)
      return performance.now() - since
    }).slice(50)
  } finally {
    closeSync(file)
    rmSync(home, { recursive: true, force: true })
  }
}

function fileSystemOf(directory: string): string {
  try {
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter(
        ([, place = '']) => directory === place || directory.startsWith(place === '/' ? '/' : `${place}/`),
      )
      .toSorted(([, a = ''], [, b = '']) => b.length - a.length)
    return mounts[0]?.[2] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Where a hypervisor gives our processors to others, or other processes take them, figures are worth less. */
export interface Disturbance {
  /** Share of processor time that the hypervisor gave to others, 0 to 1. */
  readonly stolen: number
  readonly loadAtEnd: number
}

export function watchDisturbance(): () => Disturbance {
  const before = processorTimes()
  return () => {
    const after = processorTimes()
    const all = after.all - before.all
    return { stolen: all === 0 ? 0 : (after.stolen - before.stolen) / all, loadAtEnd: loadavg()[0] as number }
  }
}

function processorTimes(): { readonly stolen: number; readonly all: number } {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
    const times = line.trim().split(/\s+/).slice(1, 9).map(Number)
    return { stolen: times[7] ?? 0, all: times.reduce((sum, one) => sum + one, 0) }
  } catch {
    return { stolen: 0, all: 0 }
  }
}

export function temporaryHome(): string {
  return mkdtempSync(join(tmpdir(), 'onceward-bench-'))
}
