import { readFile, stat } from 'node:fs/promises'

const maxFileBytes = 1 << 20
const maxAllBytes = 32 << 20

export interface TextFiles {
  readonly read: readonly { readonly path: string; readonly text: string }[]
  readonly left: number
  readonly notes: readonly string[]
}

/** Code and configuration, as text. What is large or binary is left out, and counted. */
export async function readTextFiles(paths: readonly string[]): Promise<TextFiles> {
  const read: { path: string; text: string }[] = []
  let [bytes, left] = [0, 0]
  for (const path of paths) {
    const { size } = await stat(path)
    const data =
      size > maxFileBytes || bytes + size > maxAllBytes
        ? undefined
        : await readFile(path).catch(() => undefined)
    if (data === undefined || data.includes(0)) {
      left++
      continue
    }
    bytes += size
    read.push({ path, text: data.toString('utf8') })
  }
  const notes = left === 0 ? [] : [`${left} of its files are binary or above 1 MiB and were left out`]
  return { read, left, notes }
}
