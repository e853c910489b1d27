import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf, OncewardError } from '../kernel/errors.ts'

/** Where one run keeps its journals and its store. Each run has a folder of its own, so that two may run at once. */
export interface RunFolder {
  /** Absolute. */
  readonly path: string
  readonly name: string
}

const keptRuns = 5

/**
 * Makes a new folder inside `parent`, and removes old ones of earlier runs of the same `kind` (`demo`). Throws
 * `OPTION_INVALID`.
 */
export function makeRunFolder(parent: string, kind: string): RunFolder {
  const place = resolve(parent)
  const marker = `onceward-${kind}.json`
  try {
    mkdirSync(place, { recursive: true })
    // Nobody wants a run's journals in version control.
    writeFileSync(join(place, '.gitignore'), '*\n')
    const stamp = new Date().toISOString().replaceAll(/[-:]|\..*/g, '')
    const path = mkdtempSync(join(place, `run-${stamp}-`))
    writeFileSync(join(path, marker), `${JSON.stringify({ pid: process.pid })}\n`)
    removeOldRuns(place, marker)
    return { path, name: path.slice(path.lastIndexOf('run-')) }
  } catch (error) {
    throw new OncewardError(
      'OPTION_INVALID',
      `The ${kind} needs a folder it can write to, got ${place}: ${messageOf(error)}.`,
    )
  }
}

/** Only folders that carry the marker, never one whose run is still on, and the latest few stay. */
function removeOldRuns(place: string, marker: string): void {
  const runs = readdirSync(place, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name.startsWith('run-'),
  )
  const names = runs.map((entry) => entry.name).toSorted()
  for (const name of names.slice(0, -keptRuns)) {
    const path = join(place, name)
    if (!isFinishedRun(path, marker)) continue
    try {
      rmSync(path, { recursive: true, force: true })
    } catch {
      // Two runs that clean up at once: the other one has it.
    }
  }
}

function isFinishedRun(path: string, marker: string): boolean {
  try {
    const { pid } = JSON.parse(readFileSync(join(path, marker), 'utf8')) as { pid: number }
    return !isAlive(pid)
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
