import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchDir, rootDir } from './product.ts'

/** Versions of everything that was measured, or measured with. */
export function versions(postgres: string | undefined): Readonly<Record<string, string>> {
  const pgbench = pgbenchVersion()
  return {
    onceward: onceward(),
    node: process.versions.node,
    sqlite: process.versions.sqlite ?? 'unknown',
    ...(postgres === undefined ? {} : { postgresql: postgres }),
    ...(pgbench === undefined ? {} : { pgbench }),
    ...Object.fromEntries(packages().map((name) => [name, versionOf(join(benchDir, 'node_modules', name))])),
  }
}

function packages(): readonly string[] {
  const { dependencies } = JSON.parse(readFileSync(join(benchDir, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  return Object.keys(dependencies)
}

function versionOf(directory: string): string {
  return (JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string }).version
}

function onceward(): string {
  const git = spawnSync('git', ['-C', rootDir, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' })
  const dirty = spawnSync('git', ['-C', rootDir, 'status', '--porcelain', '--', 'src'], { encoding: 'utf8' })
  const commit =
    git.status === 0 ? ` (${git.stdout.trim()}${dirty.stdout === '' ? '' : ' with changes'})` : ''
  return `${versionOf(rootDir)}${commit}`
}

function pgbenchVersion(): string | undefined {
  const { status, stdout } = spawnSync('pgbench', ['--version'], { encoding: 'utf8' })
  return status === 0 ? /\d+(\.\d+)*/.exec(stdout)?.[0] : undefined
}
