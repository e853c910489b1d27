import { readFile } from 'node:fs/promises'
import { messageOf, OncewardError } from '../kernel/errors.ts'

/* What commands that serve until they are told to stop have in common. */

/** The text of `--config`. Throws `OPTION_INVALID`. */
export async function readConfigFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const message = `--config must be a file that can be read, got ${JSON.stringify(path)}: ${messageOf(error)}`
    throw new OncewardError('OPTION_INVALID', message, { cause: error })
  }
}

/** Resolves with the first SIGTERM or SIGINT. Called before anything is opened: a signal must not find nobody. */
export function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}
