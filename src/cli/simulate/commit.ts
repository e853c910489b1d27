import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { packageVersion } from '../command.ts'

/** What ran: the commit in a checkout, else the version of the package. A seed means something only beside it. */
export function commitText(): string {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  if (existsSync(`${root}.git`)) {
    try {
      return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim()
    } catch {
      // A checkout without git is as good as a package.
    }
  }
  return `onceward ${packageVersion()}`
}
