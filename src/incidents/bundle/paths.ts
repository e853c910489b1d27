import { glob, readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { nearest } from '../../reconcile/sources/nearest.ts'

const maxFiles = 2000

/**
 * The files that a path of a bundle names: a file, a glob, or all files of a folder. Nothing outside of the bundle is
 * read, whatever its links point to. Throws `OPTION_INVALID`.
 */
export async function filesInside(directory: string, path: string, name: string): Promise<string[]> {
  const isOutside =
    isAbsolute(path) || path.split(/[\\/]/).includes('..') || /^[a-z][a-z0-9+.-]*:/i.test(path)
  if (isOutside) throw outside(name, path)
  const root = await realpath(directory)
  const found = await named(root, path, name)
  if (found.length > maxFiles)
    throw optionInvalid(name, `a path of at most ${maxFiles} files`, `${path} (${found.length} files)`)
  const files: string[] = []
  for (const one of found) {
    const real = await realpath(one)
    const inside = relative(root, real)
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw outside(name, path)
    files.push(real)
  }
  return [...new Set(files)].toSorted((a, b) => (a < b ? -1 : 1))
}

function outside(name: string, path: string): OncewardError {
  return optionInvalid(name, 'a path inside the bundle', path)
}

async function named(root: string, path: string, name: string): Promise<string[]> {
  const full = join(root, path)
  const kind = await kindOf(full)
  if (kind === 'file') return [full]
  if (kind === 'folder') return filesOf(full)
  const found: string[] = []
  if (/[*?[{]/.test(path))
    for await (const one of glob(path, { cwd: root })) {
      if ((await kindOf(join(root, one))) === 'file') found.push(join(root, one))
      if (found.length > maxFiles) break
    }
  if (found.length > 0) return found
  const near = nearest(path, await namesOf(root))
  const hint = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`
  throw new OncewardError('OPTION_INVALID', `${name}: the bundle has no file ${JSON.stringify(path)}.${hint}`)
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'none'> {
  try {
    const found = await stat(path)
    if (found.isFile()) return 'file'
    return found.isDirectory() ? 'folder' : 'none'
  } catch {
    return 'none'
  }
}

/** All files below a folder. Links are left out, and so is what belongs to tools. */
async function filesOf(folder: string): Promise<string[]> {
  const files: string[] = []
  const open = [folder]
  for (let next = open.pop(); next !== undefined && files.length <= maxFiles; next = open.pop()) {
    const entries = await readdir(next, { withFileTypes: true })
    for (const entry of entries) {
      if (entry.name === 'node_modules' || entry.name === '.git') continue
      const path = join(next, entry.name)
      if (entry.isDirectory()) open.push(path)
      else if (entry.isFile()) files.push(path)
    }
  }
  return files
}

/** The files of a bundle, as paths in it. */
export async function namesOf(root: string): Promise<string[]> {
  const files = await filesOf(root)
  return files.map((file) => relative(root, file).split(sep).join('/')).toSorted((a, b) => (a < b ? -1 : 1))
}
