import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { OncewardError } from '../../kernel/errors.ts'

/**
 * Checks that `command` can be run, before anything is claimed: what cannot begin must leave no entry. Throws
 * `OPTION_INVALID`. Looks where spawn will look: PATH for a bare name, the path itself for one with a slash.
 */
export async function requireExecutable(command: string): Promise<void> {
  // Windows also tries extensions and shells; there, a command that is not found ends as one that did not begin.
  if (process.platform === 'win32') return
  const paths = command.includes('/') ? [command] : searchPath().map((folder) => join(folder, command))
  for (const path of paths) if (command !== '' && (await isExecutable(path))) return
  const where = command.includes('/') ? 'no executable file' : 'not found on PATH'
  throw new OncewardError(
    'OPTION_INVALID',
    `The command ${JSON.stringify(command)} is ${where}; nothing was recorded.`,
  )
}

function searchPath(): string[] {
  return (process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin')
    .split(delimiter)
    .map((folder) => folder || '.')
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
