import { stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { OncewardError } from '../kernel/errors.ts'
import { timestamp } from '../kernel/time.ts'
import { headOf } from '../reconcile/sources/bytes.ts'
import { examineFile } from '../reconcile/sources/examine.ts'
import { constantsIn } from './bundle/constants.ts'
import { type FileHead, kindOfFile } from './bundle/kind.ts'
import { readLogLine, requestIn } from './bundle/log-line.ts'
import { type LoadOptions, loadSource } from './bundle/load.ts'
import { bundleVersion, readManifest, type SourceSpec } from './bundle/manifest.ts'
import { namesOf } from './bundle/paths.ts'
import type { LoadedSource } from './bundle/row.ts'
import type { SourceKind, TimeSpan } from './model.ts'

const manifestName = 'incident.yaml'
const maxFiles = 150
const minuteMs = 60_000
/** What people write. A log may be called .txt, so that only Markdown is told by its name. */
const isDocument = /\.(md|markdown)$/i

export interface InitialBundle {
  readonly path: string
  readonly text: string
  readonly sources: number
  /** Files that seem to be nothing that triage reads. */
  readonly left: readonly string[]
}

/**
 * Writes a commented `incident.yaml` from what lies in a folder: what each file seems to be, its columns under our names,
 * the time that they cover. Throws `OPTION_INVALID` where there is one already, or no folder.
 */
export async function initBundle(directory: string, options: LoadOptions = {}): Promise<InitialBundle> {
  const path = join(directory, manifestName)
  await refuseExisting(directory, path)
  const found = (await namesOf(resolve(directory))).filter((name) => name !== manifestName)
  const documents = found.filter((name) => isDocument.test(name))
  const names = found.filter((name) => !documents.includes(name))
  if (found.length > maxFiles)
    throw new OncewardError(
      'OPTION_INVALID',
      `${directory} holds ${found.length} files; at most ${maxFiles} are looked at. Put those of the incident into a folder of their own.`,
    )
  const sources: LoadedSource[] = []
  const left: string[] = []
  const window = await provisionalWindow(directory, names)
  for (const spec of await specsOf(directory, names, left)) {
    const loaded = await loadSource(spec, {
      ...options,
      directory: resolve(directory),
      window,
      name: spec.id,
    })
    sources.push(loaded)
  }
  const text = manifestText({ directory, sources, documents, left, window })
  readManifest(text)
  await writeFile(path, text, { flag: 'wx' })
  return { path, text, sources: sources.length, left }
}

async function refuseExisting(directory: string, path: string): Promise<void> {
  const isFolder = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder)
    throw new OncewardError('OPTION_INVALID', `--init needs a folder, got ${JSON.stringify(directory)}.`)
  const exists = await stat(path).then(
    () => true,
    () => false,
  )
  if (exists) throw new OncewardError('OPTION_INVALID', `${path} is there already; it is not written over.`)
}

/** Only to place times that carry no date: the day when the files were written. */
async function provisionalWindow(directory: string, names: readonly string[]): Promise<TimeSpan> {
  const times = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).mtimeMs))
  const toMs = Math.floor(times.reduce((most, ms) => Math.max(most, ms), 0) / minuteMs) * minuteMs
  return { fromMs: toMs - 24 * 60 * minuteMs, toMs: toMs + minuteMs }
}

async function specsOf(directory: string, names: readonly string[], left: string[]): Promise<SourceSpec[]> {
  const specs: SourceSpec[] = []
  const folders = new Set<string>()
  for (const name of names) {
    const kind = kindOfFile(name, await fileHead(join(directory, name)))
    if (kind === undefined) {
      left.push(name)
      continue
    }
    const [folder = '', ...inside] = name.split('/')
    // A folder of code or configuration is one source.
    const isWhole = inside.length > 0 && (kind === 'code' || kind === 'config')
    if (isWhole && folders.has(`${kind} ${folder}`)) continue
    if (isWhole) folders.add(`${kind} ${folder}`)
    const path = isWhole ? folder : name
    specs.push({ id: idOf(path, kind, specs), kind, path, map: {} })
  }
  return specs
}

async function fileHead(path: string): Promise<FileHead> {
  if (/\.(csv|tsv|jsonl|ndjson)(\.gz|\.zst)?$/i.test(path)) {
    const file = await examineFile(path, {}).catch(() => undefined)
    return { columns: file?.kind === 'text' ? file.names : [], isAccessLog: false }
  }
  if (!/\.(json|log|txt|out)(\.\d+)?(\.gz|\.zst)?$/i.test(path)) return { columns: [], isAccessLog: false }
  const file = await examineFile(path, {}).catch(() => undefined)
  // A document of settings is one object; lines are several.
  if (file?.kind === 'text' && file.layout.format === 'jsonl')
    return { columns: file.sample.length > 1 ? file.names : [], isAccessLog: false }
  const head = await headOf(path, 4096)
  const lines = Buffer.from(head.bytes).toString('latin1').split('\n').slice(0, 5)
  return { columns: [], isAccessLog: lines.some((line) => readLogLine(line) && requestIn(line)) }
}

function idOf(path: string, kind: SourceKind, taken: readonly SourceSpec[]): string {
  const plain =
    basename(path)
      .replace(/\..*$/, '')
      .replaceAll(/[^\w-]/g, '-')
      .slice(0, 60) || kind
  const isTaken = (id: string): boolean => taken.some((spec) => spec.id === id)
  for (let at = 2; ; at++) {
    const id = at === 2 ? plain : `${plain}-${at - 1}`
    if (!isTaken(id)) return id
  }
}

interface Writing {
  readonly directory: string
  readonly sources: readonly LoadedSource[]
  readonly documents: readonly string[]
  readonly left: readonly string[]
  readonly window: TimeSpan
}

function manifestText({ directory, sources, documents, left, window }: Writing): string {
  const span = spanOf(sources) ?? window
  const found = constantsIn(sources)
  const id = basename(resolve(directory)).replaceAll(/[^\w-]/g, '-') || 'incident'
  const lines = [
    `onceward: ${bundleVersion}`,
    `id: ${JSON.stringify(id)}`,
    'title: "What happened, in a few words"',
    '# service: fulfilment',
    '# summary: What people believe happened. It is checked against the evidence, never believed.',
    '',
    `# All that the sources cover. Narrow it to the time of the trouble, with some clean time before it.`,
    `window: { from: ${timestamp(span.fromMs)}, to: ${timestamp(span.toMs)} }`,
    '',
    '# kind: log, effects (what was done), requests, deliveries (webhooks), changes, alerts, metrics, processes, ledger,',
    '# config or code. map gives our field its column; what is guessed wrongly is corrected here.',
    'sources:',
    ...(sources.length === 0 ? ['  []'] : sources.flatMap(sourceLines)),
    ...left.map((name) => `  # left out, because it seems to be none of these: ${name}`),
    '',
    '# What people wrote, as text or Markdown. Its claims are checked.',
    `documents: ${JSON.stringify(documents)}`,
    '',
    '# Constants that a gap between two effects may be explained by, in milliseconds.',
    ...found.notes.map((note) => `# found: ${oneLine(note)}`),
    'known: {}',
    '# known: { clientTimeoutMs: 2000, retryDelaysMs: [2000], leaseMs: 30000, dedupeTtlMs: 3600000, cronPeriodMs: 300000 }',
    '',
    '# What people noted: detect, escalate, mitigate, resolve.',
    'timeline: []',
    `# timeline: [ { at: ${timestamp(span.fromMs)}, phase: detect, text: "A customer calls" } ]`,
  ]
  return `${lines.join('\n')}\n`
}

function sourceLines(source: LoadedSource): string[] {
  const { id, kind, path, format, map, totals, rejectedRows, span, notes } = source
  const fields = Object.entries(map).filter(() => format !== 'text')
  const shown = fields.map(([field, column]) => `${field}: ${JSON.stringify(column)}`).join(', ')
  const isAssumed = notes.some((note) => note.includes('which nobody said'))
  const times = span === null ? '' : `, ${timestamp(span.fromMs)} to ${timestamp(span.toMs)}`
  return [
    `  # ${totals.rows} ${format === 'files' ? 'file' : 'row'}${totals.rows === 1 ? '' : 's'}${rejectedRows > 0 ? `, ${rejectedRows} could not be read` : ''}${times}`,
    ...notes.filter((note) => !note.startsWith('columns guessed')).map((note) => `  # ${oneLine(note)}`),
    `  - id: ${JSON.stringify(id)}`,
    `    kind: ${kind}`,
    `    path: ${JSON.stringify(path)}`,
    ...(format === 'files' ? [] : [`    format: ${format}`]),
    ...(shown === '' ? [] : [`    map: { ${shown} }`]),
    ...(isAssumed ? ['    # zone: Europe/Berlin   # its times carry none: say which is meant'] : []),
  ]
}

/** A note may quote what lies in a file: it must not leave its comment. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\u0085\u2028\u2029]+/g, ' ')
}

function spanOf(sources: readonly LoadedSource[]): TimeSpan | undefined {
  const spans = sources.flatMap(({ kind, span }) => (span === null || kind === 'changes' ? [] : [span]))
  if (spans.length === 0) return undefined
  const fromMs = Math.min(...spans.map((span) => span.fromMs))
  const toMs = Math.max(...spans.map((span) => span.toMs))
  return {
    fromMs: Math.floor(fromMs / minuteMs) * minuteMs,
    toMs: (Math.floor(toMs / minuteMs) + 1) * minuteMs,
  }
}
