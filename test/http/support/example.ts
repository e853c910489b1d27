import { type ChildProcess, spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { root } from '../../support/repo.ts'

export interface Example {
  readonly url: string
  /** Ends it by a signal, and waits until it has ended; gives its exit code. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
}

type Environment = Readonly<Record<string, string>>

/** A service of `examples/`, as a process of its own on a free port. */
export async function startExample(
  path: string,
  ...given: readonly (string | Environment)[]
): Promise<Example> {
  const args = given.filter((one) => typeof one === 'string')
  const environment = given.filter((one) => typeof one !== 'string')
  const child = spawn(process.execPath, [join(root, path), ...args], {
    env: Object.assign({ ...process.env, PORT: '0' }, ...environment) as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  const [url] = (await Promise.race([event(lines, 'line'), ended(child)])) as [string]
  return {
    url,
    stop: async (signal) => {
      const exit = event(child, 'exit')
      child.kill(signal)
      const [code] = (await exit) as [number | null]
      return code
    },
  }
}

async function ended(child: ChildProcess): Promise<never> {
  const [code] = (await event(child, 'exit')) as [number | null]
  throw new Error(`The example ended with ${code} before it told its address.`)
}
