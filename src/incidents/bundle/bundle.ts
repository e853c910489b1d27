import { readFile, realpath, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { OncewardError } from '../../kernel/errors.ts'
import { type LoadOptions, loadSource } from './load.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { constantsIn } from './constants.ts'
import { filesInside } from './paths.ts'
import type { LoadedSource } from './row.ts'
import { skewNotes } from './skew.ts'
import { readTextFiles } from './text-files.ts'

export interface Bundle {
  readonly directory: string
  readonly manifest: Manifest
  readonly sources: readonly LoadedSource[]
  /** What people wrote, by its path in the bundle. */
  readonly documents: readonly { readonly path: string; readonly text: string }[]
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
  const documents = await documentsOf(manifest, root)
  return {
    directory: root,
    manifest,
    sources,
    documents: documents.read,
    known: { ...found.known, ...manifest.known },
    notes: [
      ...sources.flatMap((source) => source.notes.map((note) => `${source.id}: ${note}.`)),
      ...searchNotes(sources),
      ...documents.notes,
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

async function documentsOf(
  { documents }: Manifest,
  root: string,
): Promise<Pick<Bundle, 'notes'> & { readonly read: Bundle['documents'] }> {
  const paths = await Promise.all(documents.map((path, at) => filesInside(root, path, `documents[${at}]`)))
  const { read, notes } = await readTextFiles([...new Set(paths.flat())])
  return {
    read: read.map(({ path, text: said }) => ({
      path: relative(root, path).replaceAll('\\', '/'),
      text: said,
    })),
    notes: notes.map((note) => `documents: ${note}.`),
  }
}

function searchNotes(sources: readonly LoadedSource[]): string[] {
  return sources.flatMap(({ id, spec: { search } }) =>
    search === undefined
      ? []
      : [`${id}: it holds what a search for “${search}” found, so that nothing is taken for absent by it.`],
  )
}

/** Windows that contradict each other: a source that says it covers one time and holds another. */
function outsideNotes({ window }: Manifest, sources: readonly LoadedSource[]): string[] {
  return sources.flatMap(({ id, kind, spec, span }) => {
    const notes: string[] = []
    if (span === null) return notes
    if (
      spec.covers !== undefined &&
      (span.fromMs < spec.covers.fromMs - 60_000 || span.toMs > spec.covers.toMs + 60_000)
    )
      notes.push(
        `${id}: it is said to cover ${text(spec.covers.fromMs)} to ${text(spec.covers.toMs)}, but holds rows from ${text(span.fromMs)} to ${text(span.toMs)}.`,
      )
    // Changes are looked for before the window as well.
    if ((span.toMs < window.fromMs && kind !== 'changes') || span.fromMs > window.toMs)
      notes.push(
        `${id}: none of its rows lies in the window ${text(window.fromMs)} to ${text(window.toMs)}; they run from ${text(span.fromMs)} to ${text(span.toMs)}.`,
      )
    return notes
  })
}

function text(ms: number): string {
  return new Date(ms).toISOString()
}
