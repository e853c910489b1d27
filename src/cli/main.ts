import { existsSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CommanderError } from 'commander'
import { isOncewardError } from '../kernel/errors.ts'
import { exitCodeOf, exitCodes } from './exit.ts'
import { endQuietlyOnClosedPipe, note, writeJson } from './output.ts'
import { createProgram } from './program.ts'

/** Runs one command line, without the program's name, and ends the process with its exit code. */
export async function main(args: readonly string[]): Promise<void> {
  endQuietlyOnClosedPipe()
  // Whatever waits for an event alone (a lock, a lease) must not let the process run out of things to do.
  const keepAlive = setInterval(() => undefined, 60_000)
  try {
    await createProgram().parseAsync([...args], { from: 'user' })
  } catch (error) {
    process.exitCode = await fail(error, wantsJson(args))
  }
  clearInterval(keepAlive)
  process.exit()
}

/** `--json` is looked for by hand, since what failed may be the parsing. What stands behind `--` is another's. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).includes('--json')
}

interface Failure {
  readonly exitCode: number
  readonly code: string
  /** The line for people; '' where commander has written it already, or all is well. */
  readonly message: string
}

/** What an error means to whoever called. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) {
    // Help and version come this way too.
    const exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    return { exitCode, code: 'OPTION_INVALID', message: '' }
  }
  const exitCode = exitCodeOf(error)
  if (isOncewardError(error))
    return { exitCode, code: error.code, message: `${error.code}: ${error.message}` }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { exitCode, code: 'UNEXPECTED', message: `unexpected error: ${text}` }
}

async function fail(error: unknown, json: boolean): Promise<number> {
  const { exitCode, code, message } = failureOf(error)
  if (message !== '') await note(message)
  if (json && exitCode !== exitCodes.done) {
    const plain = (error instanceof Error ? error.message : String(error)).replace(/^error: /, '')
    await writeJson({ error: { code, message: plain } })
  }
  return exitCode
}

/** The published entry is bin.ts; inside the checkout this file is run itself. */
function isProgram(): boolean {
  const path = process.argv[1]
  return path !== undefined && existsSync(path) && realpathSync(path) === fileURLToPath(import.meta.url)
}

if (isProgram()) await main(process.argv.slice(2))
