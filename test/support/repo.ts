import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

export const manifest: Manifest = JSON.parse(readText('package.json'))

/** `onceward`, `onceward/sqlite`, …: what code can import, without `package.json`. */
export const codeSpecifiers: readonly string[] = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => manifest.name + subpath.slice(1))

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export function isPresent(path: string): boolean {
  return existsSync(join(root, path))
}

/** The files below `directory`, as paths from the root with forward slashes, sorted. */
export function filesBelow(directory: string, matches: RegExp): string[] {
  if (!isPresent(directory)) return []
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => matches.test(path) && !path.includes('node_modules/'))
    .sort()
}

/** README.md, ARCHITECTURE.md and their like, and everything in docs/. */
export function documents(): string[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'))
  return [...top, ...filesBelow('docs', /\.md$/)]
}
