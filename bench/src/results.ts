import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Cell } from './cells.ts'
import type { Measurement, Window } from './load.ts'
import { median } from './load.ts'
import type { Disturbance, Machine } from './machine.ts'
import { benchDir, type ProductForm } from './product.ts'
import type { ServerResult } from './control-room/result.ts'
import type { FilesResult } from './files/result.ts'
import type { LeakResult } from './leak-result.ts'
import type { TriageResult } from './triage/result.ts'

/** One run of everything: what RESULTS.md is made of. */
export interface Results {
  readonly format: 1
  readonly startedAt: string
  readonly tookSeconds: number
  readonly isQuick: boolean
  readonly form: ProductForm
  readonly rounds: number
  readonly window: Window
  readonly machine: Machine & Disturbance
  readonly versions: Readonly<Record<string, string>>
  /** Settings of the server that are not its defaults. */
  readonly serverSettings: Readonly<Record<string, string>>
  /** Connections of the fastest pool for `pg`, by concurrency. */
  readonly bestPools: Readonly<Record<string, number>>
  readonly cells: readonly CellResult[]
  readonly skipped: readonly string[]
}

export interface CellResult {
  readonly id: string
  readonly cell: Cell
  readonly poolSize?: number
  readonly rounds: readonly Measurement[]
}

export const resultsFile: string = join(benchDir, 'results.json')
export const filesFile: string = join(benchDir, 'files.json')
export const serverFile: string = join(benchDir, 'server.json')
export const triageFile: string = join(benchDir, 'triage.json')
export const leakFile: string = join(benchDir, 'leak.json')
/** Quick and partial runs, and what is only to be looked at: never committed, never rendered. */
export const runsDir: string = join(benchDir, '.runs')
export const lastRunFile: string = join(runsDir, 'last.json')

export function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(value, rounded)}\n`)
}

/** Six digits say more than any of these figures knows. */
function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value
}

export function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, 'utf8')) as Results
}

export function readLeaks(): readonly LeakResult[] {
  try {
    return JSON.parse(readFileSync(leakFile, 'utf8')) as readonly LeakResult[]
  } catch {
    return []
  }
}

export function readFiles(): readonly FilesResult[] {
  try {
    return JSON.parse(readFileSync(filesFile, 'utf8')) as readonly FilesResult[]
  } catch {
    return []
  }
}

export function readTriage(): readonly TriageResult[] {
  try {
    return JSON.parse(readFileSync(triageFile, 'utf8')) as readonly TriageResult[]
  } catch {
    return []
  }
}

export function readServer(): ServerResult | undefined {
  try {
    return JSON.parse(readFileSync(serverFile, 'utf8')) as ServerResult
  } catch {
    return undefined
  }
}

/** The median over the rounds of one figure; `undefined` where it was not measured. */
export function figure(result: CellResult | undefined, name: keyof Measurement): number | undefined {
  const values = (result?.rounds ?? []).map((round) => round[name]).filter((value) => value !== undefined)
  return values.length === 0 ? undefined : median(values)
}
