import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

export interface TestSource {
  readonly id: string
  readonly kind: string
  readonly path: string
  readonly [name: string]: unknown
}

export interface TestBundle {
  readonly sources: readonly TestSource[]
  readonly files: Readonly<Record<string, string | Uint8Array>>
  readonly [name: string]: unknown
}

export const t0: number = Date.UTC(2026, 5, 3, 2, 0, 0)

export function at(seconds: number): string {
  return new Date(t0 + Math.round(seconds * 1000)).toISOString()
}

/** Writes a bundle whose window is six hours, unless it says otherwise. */
export function writeBundle(
  { files, sources, ...rest }: TestBundle,
  directory: string = temporaryDirectory(),
): string {
  const manifest = {
    onceward: 'incident/v1',
    id: 'INC-1',
    title: 'Something happened twice',
    window: { from: at(0), to: at(6 * 3600) },
    sources,
    ...rest,
  }
  writeFileSync(join(directory, 'incident.yaml'), stringify(manifest))
  for (const [name, data] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, data)
  }
  return directory
}

export type Cells = Readonly<Record<string, string | number | undefined>>

/** CSV of some rows, whose columns are those of the first. */
export function csv(rows: readonly Cells[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cell = (value: string | number | undefined): string => {
    const text = value === undefined ? '' : String(value)
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return `${[names.join(','), ...rows.map((row) => names.map((name) => cell(row[name])).join(','))].join('\n')}\n`
}

export function jsonl(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/** Whole numbers from a seed: the same in each run. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
