import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { isOncewardError, OncewardError } from '../../kernel/errors.ts'
import { bytesOf, headOf } from '../../reconcile/sources/bytes.ts'
import { openSource } from '../../reconcile/sources/open.ts'
import type { Progress, Source } from '../../reconcile/sources/source.ts'
import type { TimeSpan } from '../model.ts'
import { clockOf } from './clock.ts'
import { templates } from './drain.ts'
import { type FieldMap, mapFields } from './fields.ts'
import { readLogLine } from './log-line.ts'
import { fastJson } from './fast-json.ts'
import { countsOf, countsRefs, type Kept, keepInNode } from './keep.ts'
import { keepInSql } from './keep-sql.ts'
import type { SourceSpec } from './manifest.ts'
import { filesInside } from './paths.ts'
import { shapeOf } from './rows-of.ts'
import type { BundleRow, LoadedSource, SourceTotals } from './row.ts'
import { readTextFiles } from './text-files.ts'
import { readTextLog } from './text-log.ts'
import { textMapOf } from './text-table.ts'
import { hashOf, isTrouble } from './trouble.ts'

export interface LoadOptions {
  readonly onProgress?: (progress: Progress & { readonly source: string }) => void
  readonly signal?: AbortSignal
  /** What DuckDB may use. Default 1GB, so that all stays below 2 GB. */
  readonly memory?: string
  readonly threads?: number
}

export interface Loading extends LoadOptions {
  readonly directory: string
  readonly window: TimeSpan
  /** `sources[2]`, for messages. */
  readonly name: string
}

const maxExpandedBytes = 4 * 2 ** 30
const textBytesKeptWhole = 64 << 20

const nothing: SourceTotals = { rows: 0, refs: 0, repeatedRefs: 0, extraRows: 0, minutes: new Map() }

/**
 * Reads one source. What the manifest says wrongly throws `OPTION_INVALID`; a file that is empty or broken is a note: it
 * is evidence of nothing.
 */
export async function loadSource(spec: SourceSpec, loading: Loading): Promise<LoadedSource> {
  const paths = await filesInside(loading.directory, spec.path, `${loading.name}.path`)
  try {
    for (const path of paths) await refuseBomb(path)
    const isFiles = spec.kind === 'code' || (spec.kind === 'config' && !isTable(spec))
    if (isFiles) return await filesSource(spec, paths, loading)
    return (await isText(spec, paths))
      ? await textSource(spec, paths, loading)
      : await tableSource(spec, paths, loading)
  } catch (error) {
    loading.signal?.throwIfAborted()
    if (!isOncewardError(error, 'SOURCE_INVALID')) throw error
    const why = error.message.replaceAll(`${loading.directory}/`, '').replace(/\.$/, '')
    return {
      ...base(spec),
      format: spec.format ?? 'text',
      map: {},
      rows: [],
      totals: nothing,
      rejectedRows: 0,
      span: null,
      notes: [`nothing could be read of it: ${why}`],
    }
  }
}

function base(spec: SourceSpec): Pick<LoadedSource, 'id' | 'kind' | 'spec' | 'path'> {
  return { id: spec.id, kind: spec.kind, spec, path: spec.path }
}

function isTable({ format }: SourceSpec): boolean {
  return format === 'csv' || format === 'jsonl' || format === 'parquet'
}

/**
 * A log without a stated format is text unless it begins as JSON lines do, or its name says otherwise; what is no log is
 * text where its first line begins with a time, or is that of an access log.
 */
async function isText({ format, kind, path }: SourceSpec, [first = '']: readonly string[]): Promise<boolean> {
  if (format !== undefined) return format === 'text'
  if (/\.(csv|tsv|jsonl|ndjson|parquet)(\.gz|\.zst)?$/i.test(path)) return false
  const head = await headOf(first, 4096)
  const start = Buffer.from(head.bytes).toString('latin1').trimStart()
  if (start.startsWith('{') || start.startsWith('PAR1')) return false
  return kind === 'log' || readLogLine(start.split('\n')[0] ?? '') !== undefined
}

/** A small file may unpack to anything: what is compressed is counted first. */
async function refuseBomb(path: string): Promise<void> {
  const { compression } = await headOf(path, 8)
  if (compression === 'none') return
  let [bytes, inLine] = [0, 0]
  for await (const chunk of bytesOf(path, compression)) {
    bytes += chunk.length
    const end = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).lastIndexOf(10)
    inLine = end === -1 ? inLine + chunk.length : chunk.length - end
    if (bytes > maxExpandedBytes || inLine > 64 << 20)
      throw new OncewardError(
        'SOURCE_INVALID',
        `${path} unpacks to more than is read here (4 GiB, or 64 MiB in one line).`,
      )
  }
}

async function textSource(
  spec: SourceSpec,
  paths: readonly string[],
  loading: Loading,
): Promise<LoadedSource> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  const step = Math.max(1, Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / textBytesKeptWhole))
  const { onProgress, signal } = loading
  const refs = new Map<string, number>()
  const hasRefs = countsRefs(spec.kind)
  const log = await readTextLog(paths, {
    id: spec.id,
    ...(spec.zone === undefined ? {} : { zone: spec.zone }),
    option: `${loading.name}.zone`,
    window: loading.window,
    weigh: (row) => {
      if (hasRefs && row.ref !== undefined) refs.set(row.ref, (refs.get(row.ref) ?? 0) + 1)
      return step === 1 || isTrouble(row) ? 1 : hashOf(row.ref ?? `${row.line}`) % step === 0 ? step : 0
    },
    ...(signal && { signal }),
    onProgress: (progress) => onProgress?.({ ...progress, source: spec.id }),
  })
  if (log.lines === 0)
    throw new OncewardError('SOURCE_INVALID', `${spec.path}: none of its lines begins with a time`)
  const notes =
    step > 1 ? [...log.notes, `one in ${step} of its lines that tell of no trouble was kept`] : log.notes
  const totals = { rows: log.lines, minutes: log.minutes, ...countsOf(refs) }
  return withTemplates({
    ...base(spec),
    format: 'text',
    map: hasRefs ? textMapOf(log.rows) : { at: 'time', message: 'message' },
    rows: log.rows,
    totals,
    rejectedRows: log.rejected,
    span: spanOf(log.rows),
    notes,
  })
}

async function tableSource(
  spec: SourceSpec,
  paths: readonly string[],
  loading: Loading,
): Promise<LoadedSource> {
  const { memory = '1GB', threads, signal, onProgress } = loading
  let isCounted = true
  const source = await openSource(paths, {
    memory,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    // DuckDB tells how far it is in pieces of work, not in rows.
    onProgress: (progress) =>
      onProgress?.({ ...progress, ...(isCounted ? {} : { rows: 0 }), source: spec.id }),
  })
  isCounted = source.sql === undefined
  try {
    return await readTable(spec, source, { ...loading, paths })
  } finally {
    await source.close()
  }
}

async function readTable(
  spec: SourceSpec,
  source: Source,
  loading: Loading & { readonly paths: readonly string[] },
): Promise<LoadedSource> {
  const { map, guessed } = mapFields({ ...source, name: spec.path }, spec, loading.name)
  const times = timesIn(source, map)
  const clock =
    map.at === undefined ? undefined : clockOf(times, spec.zone ?? zoneInName(map.at), `${loading.name}.zone`)
  const shape = shapeOf(source, spec.id, { map, clock })
  const fast = fastJson(source, loading.paths, shape.columns)
  const sql = fast?.sql ?? source.sql
  const kept: Kept & { readonly broken?: number } =
    sql === undefined
      ? await keepInNode(source, shape, { kind: spec.kind })
      : await keepInSql(shape, { kind: spec.kind, map, sql, times, ...(fast && { isBroken: fast.isBroken }) })
  const rejectedRows =
    fast === undefined || kept.broken === undefined ? (await source.rejections()).count : kept.broken
  const shown = guessed.map(({ field, column }) => (field === column ? field : `${field} is ${column}`))
  const notes = [
    ...(shown.length === 0 ? [] : [`columns guessed: ${shown.join(', ')}`]),
    ...source.notes.map((note) => note.replaceAll(`${loading.directory}/`, '').replace(/\.$/, '')),
    ...(clock?.notes() ?? []),
    ...(map.at === undefined && spec.kind !== 'config' ? ['no column of it holds times'] : []),
    ...kept.notes,
  ]
  const { rows, totals } = kept
  const format = formatOf(source)
  const loaded = {
    ...base(spec),
    format,
    map,
    rows,
    totals,
    rejectedRows,
    span: spanOf(rows),
    notes,
  } as const
  return spec.kind === 'log' ? withTemplates(loaded) : loaded
}

/** Some exports say it in the heading: `Created (UTC)`, `created_utc`. */
function zoneInName(column: string): string | undefined {
  return /(^|[^a-z])utc([^a-z]|$)/i.test(column) ? 'UTC' : undefined
}

function formatOf({ reading }: Source): 'csv' | 'parquet' | 'jsonl' {
  if (reading.startsWith('CSV')) return 'csv'
  return reading === 'Parquet' ? 'parquet' : 'jsonl'
}

function timesIn(source: Source, { at }: FieldMap): string[] {
  const place = source.columns.findIndex((column) => column.name === at)
  return source.sample.flatMap((row) => row[place] ?? [])
}

function withTemplates(source: LoadedSource): LoadedSource {
  const found = templates()
  const rows = source.rows.map((row) =>
    row.message === undefined ? row : { ...row, ...found.add(row.message) },
  )
  return { ...source, rows, templates: found.read().map(({ text }) => text) }
}

async function filesSource(
  spec: SourceSpec,
  paths: readonly string[],
  loading: Loading,
): Promise<LoadedSource> {
  const files = await readTextFiles(paths)
  const inside = files.read.map(({ path, text }) => ({ path: relative(loading.directory, path), text }))
  const totals = { ...nothing, rows: inside.length }
  return {
    ...base(spec),
    format: 'files',
    map: {},
    rows: [],
    totals,
    rejectedRows: files.left,
    span: null,
    notes: files.notes,
    files: inside,
  }
}

function spanOf(rows: readonly BundleRow[]): TimeSpan | null {
  let [fromMs, toMs] = [Infinity, -Infinity]
  for (const { at } of rows) {
    if (at === undefined) continue
    if (at < fromMs) fromMs = at
    if (at > toMs) toMs = at
  }
  return fromMs === Infinity ? null : { fromMs, toMs }
}
