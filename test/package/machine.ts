import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from '../support/repo.ts'

/** The environment of someone outside the checkout: nothing of the npm that runs these tests, none of its tools. */
export function environmentOfUsers(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|vitest|node_env|node_options)/i.test(name),
  )
  return { ...Object.fromEntries(kept), PATH: outsidePath().join(delimiter) }
}

export interface OldNode {
  readonly command: string
  readonly args: readonly string[]
  readonly version: string
}

/** The machine's own Node where that is too old for us, else this one under a false name. */
export function oldNode(): OldNode {
  const found = outsidePath()
    .map((directory) => join(directory, process.platform === 'win32' ? 'node.exe' : 'node'))
    .filter((path) => existsSync(path))
    .map((command) => ({ command, args: [], version: versionOf(command) }))
    .find(({ version }) => isTooOld(version))
  return found ?? pretender('20.11.1')
}

function pretender(version: string): OldNode {
  const lie = `Object.defineProperty(process.versions, 'node', { value: '${version}' })
    Object.defineProperty(process, 'version', { value: 'v${version}' })`
  return {
    command: process.execPath,
    args: ['--import', `data:text/javascript,${encodeURIComponent(lie)}`],
    version,
  }
}

function versionOf(command: string): string {
  return spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout.trim().replace(/^v/, '')
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 22 || (major === 22 && minor < 13)
}

/** The path without the checkout's own tools, among them its Node. */
function outsidePath(): string[] {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((entry) => entry !== '' && !entry.startsWith(root))
}
