import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import type { Bundle } from '../bundle/bundle.ts'
import { filesInside } from '../bundle/paths.ts'
import type { PackedFile } from './shape.ts'

/** A time line of another tool, given beside the bundle. */
export interface TimelineFile {
  /** Its path: how errors call it. In the pack stands its last part, for a folder may be called after a person. */
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * Every file of a bundle and every imported time line with its size and SHA-256: what was looked at can be told from what was
 * changed since.
 */
export async function evidencePack(
  { directory, manifest }: Bundle,
  timelines: readonly TimelineFile[] = [],
): Promise<readonly PackedFile[]> {
  const named = [
    ...manifest.sources.map(({ path }, at) => [path, `sources[${at}].path`] as const),
    ...manifest.documents.map((path, at) => [path, `documents[${at}]`] as const),
  ]
  const found = await Promise.all(
    named.map(([path, place]) => filesInside(directory, path, place).catch(() => [])),
  )
  const paths = [...new Set([join(directory, 'incident.yaml'), ...found.flat()])]
  const pack: PackedFile[] = []
  for (const path of paths) {
    const { size } = await stat(path)
    pack.push({
      path: relative(directory, path).replaceAll('\\', '/'),
      bytes: size,
      sha256: await digestOf(path),
    })
  }
  const imported = timelines.map(
    ({ name, bytes }): PackedFile => ({
      path: basename(name),
      bytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      isImported: true,
    }),
  )
  return [...pack.toSorted((a, b) => (a.path < b.path ? -1 : 1)), ...imported]
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
