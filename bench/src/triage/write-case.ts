import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Case, CaseSource } from './case.ts'
import { type Random, randomOf } from './random.ts'
import { writeRows } from './write-rows.ts'

/** A bundle as files by their names: the same case gives the same bytes. */
export type Files = ReadonlyMap<string, string>

export function filesOf(of: Case): Files {
  const files = new Map<string, string>()
  const random = randomOf(of.seed, of.cause, 'files')
  const sources = [...of.sources, ...changesOf(of)].map((source) => {
    const { text, path, spec } = fileOf(source, of, random.fork(source.kind, source.name))
    files.set(path, text)
    return spec
  })
  const manifest = {
    onceward: 'incident/v1',
    id: of.id,
    title: of.title,
    service: of.service,
    ...(of.summary === undefined ? {} : { summary: of.summary }),
    window: spanText(of.window),
    sources,
    ...(Object.keys(of.known).length === 0 ? {} : { known: of.known }),
  }
  files.set('incident.yaml', stringify(manifest, { lineWidth: 0 }))
  return files
}

export function writeFiles(files: Files, directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (const [path, text] of files) writeFileSync(join(directory, path), text)
}

function changesOf({ changes }: Case): CaseSource[] {
  if (changes === undefined) return []
  const rows = changes.toSorted((a, b) => a.at - b.at).map((change) => ({ ...change }))
  return [{ kind: 'changes', name: 'changes', isEssential: true, format: 'jsonl', rows }]
}

interface Written {
  readonly path: string
  readonly text: string
  readonly spec: Readonly<Record<string, unknown>>
}

function fileOf(source: CaseSource, of: Case, random: Random): Written {
  const { kind, file } = source
  const isNamedAsKind = source.name === kind
  const stem = of.isOpaque
    ? `f${random.hex(6)}`
    : `${isNamedAsKind ? '' : `${kind}-`}${source.name.replaceAll(/\W+/g, '-')}`
  if (file !== undefined) {
    const path = `${stem}.${file.ending}`
    return { path, text: file.text, spec: { id: stem, kind, path } }
  }
  const { lines, headLines, map, zone } = writeRows(source, of, random)
  const path = `${stem}.${source.format === 'text' ? 'log' : source.format}`
  const broken = brokenIn(lines, { from: headLines, share: source.brokenShare ?? 0, random })
  const isSaid = random.chance(0.5)
  const spec = {
    id: stem,
    kind,
    path,
    format: source.format,
    ...(Object.keys(map).length === 0 ? {} : { map }),
    ...(zone === undefined ? {} : { zone }),
    ...(isSaid ? { covers: coversText(source, of) } : {}),
  }
  return { path, text: `${broken.join('\n')}\n`, spec }
}

interface Breaking {
  /** Lines before it stay whole. */
  readonly from: number
  /** At most so many of the others are cut. */
  readonly share: number
  readonly random: Random
}

function brokenIn(lines: readonly string[], { from, share, random }: Breaking): readonly string[] {
  const count = Math.floor((lines.length - from) * share)
  const chosen = new Set(Array.from({ length: count }, () => random.int(from, lines.length - 1)))
  return lines.map((line, at) => (chosen.has(at) ? cut(line, random) : line))
}

/** A writer that was killed, or a disk that was full. */
function cut(line: string, random: Random): string {
  const kept = line.slice(0, random.int(1, Math.max(1, line.length - 2)))
  // What is cut within quotes would take the following lines with it: no writer of tables leaves that standing.
  return (kept.match(/"/g) ?? []).length % 2 === 1 ? kept.replaceAll('"', '') : kept
}

function spanText({ fromMs, toMs }: Case['window']): { from: string; to: string } {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
}

/** The window, and what its rows go beyond it. */
function coversText({ rows }: CaseSource, { window }: Case): { from: string; to: string } {
  let { fromMs, toMs } = window
  for (const { at } of rows) {
    fromMs = Math.min(fromMs, at)
    toMs = Math.max(toMs, at)
  }
  return spanText({ fromMs, toMs })
}
