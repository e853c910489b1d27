import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Bundle } from '../bundle/bundle.ts'
import { filesInside } from '../bundle/paths.ts'
import type { PostMortem } from './shape.ts'

/** Every file of a bundle with its size and SHA-256: what was looked at can be told from what was changed since. */
export async function evidencePack({ directory, manifest }: Bundle): Promise<PostMortem['pack']> {
  const found = await Promise.all(
    manifest.sources.map(({ path }, at) =>
      filesInside(directory, path, `sources[${at}].path`).catch(() => []),
    ),
  )
  const paths = [...new Set([join(directory, 'incident.yaml'), ...found.flat()])]
  const pack: PostMortem['pack'][number][] = []
  for (const path of paths) {
    const { size } = await stat(path)
    pack.push({
      path: relative(directory, path).replaceAll('\\', '/'),
      bytes: size,
      sha256: await digestOf(path),
    })
  }
  return pack.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
