import { readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OncewardError } from '../../kernel/errors.ts'
import { type LoadOptions, loadSource } from './load.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { constantsIn } from './constants.ts'
import type { LoadedSource } from './row.ts'
import { skewNotes } from './skew.ts'

export interface Bundle {
  readonly directory: string
  readonly manifest: Manifest
  readonly sources: readonly LoadedSource[]
  /** `known` of the manifest, and what configuration and code gave beside it. */
  readonly known: Readonly<Record<string, number | readonly number[]>>
  /** Whole sentences on how it was read. */
  readonly notes: readonly string[]
}

const manifestName = 'incident.yaml'
const maxManifestBytes = 4 << 20

/** Reads a bundle whole. Throws `OPTION_INVALID` for what is wrong in its manifest. */
export async function readBundle(directory: string, options: LoadOptions = {}): Promise<Bundle> {
  const manifest = readManifest(await manifestText(directory))
  const root = await realpath(directory)
  const sources: LoadedSource[] = []
  for (const [at, spec] of manifest.sources.entries()) {
    const loading = { ...options, directory: root, window: manifest.window, name: `sources[${at}]` }
    sources.push(await loadSource(spec, loading))
  }
  const found = constantsIn(sources)
  return {
    directory: root,
    manifest,
    sources,
    known: { ...found.known, ...manifest.known },
    notes: [
      ...sources.flatMap((source) => source.notes.map((note) => `${source.id}: ${note}.`)),
      ...sources
        .filter(({ rejectedRows, format }) => rejectedRows > 0 && format !== 'files')
        .map(
          ({ id, rejectedRows, totals }) =>
            `${id}: ${rejectedRows} of ${rejectedRows + totals.rows} lines could not be read and were left out.`,
        ),
      ...outsideNotes(manifest, sources),
      ...skewNotes(sources),
      ...found.notes,
    ],
  }
}

async function manifestText(directory: string): Promise<string> {
  const path = join(directory, manifestName)
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  )
  if (size === undefined)
    throw new OncewardError(
      'OPTION_INVALID',
      `BUNDLE must be a folder with an ${manifestName}, got ${JSON.stringify(directory)}. onceward triage --init ${directory} writes one from what lies there.`,
    )
  if (size > maxManifestBytes)
    throw new OncewardError('OPTION_INVALID', `${path} is larger than 4 MiB: that is no manifest.`)
  return readFile(path, 'utf8')
}

/** Windows that contradict each other: a source that says it covers one time and holds another. */
function outsideNotes({ window }: Manifest, sources: readonly LoadedSource[]): string[] {
  return sources.flatMap(({ id, spec, span }) => {
    const notes: string[] = []
    if (span === null) return notes
    if (
      spec.covers !== undefined &&
      (span.fromMs < spec.covers.fromMs - 60_000 || span.toMs > spec.covers.toMs + 60_000)
    )
      notes.push(
        `${id}: it is said to cover ${text(spec.covers.fromMs)} to ${text(spec.covers.toMs)}, but holds rows from ${text(span.fromMs)} to ${text(span.toMs)}.`,
      )
    if (span.toMs < window.fromMs || span.fromMs > window.toMs)
      notes.push(
        `${id}: none of its rows lies in the window ${text(window.fromMs)} to ${text(window.toMs)}; they run from ${text(span.fromMs)} to ${text(span.toMs)}.`,
      )
    return notes
  })
}

function text(ms: number): string {
  return new Date(ms).toISOString()
}
