import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { OncewardError } from '../../kernel/errors.ts'

/**
 * Runs the command that restarts the service, in a shell, its output on standard error. Resolves when the command
 * has ended well; what it leaves running is the service. On `signal` the command and its children are killed.
 */
export async function runRestart(command: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', 2, 2] })
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  signal.addEventListener('abort', kill, { once: true })
  try {
    const [code, killedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    signal.throwIfAborted()
    if (code !== 0)
      throw new OncewardError(
        'OPTION_INVALID',
        `--restart must be a command that ends with exit code 0, got ${killedBy ?? code} from ${JSON.stringify(command)}.`,
      )
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
