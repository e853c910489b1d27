import type { Writable } from 'node:stream'

/*
 * Standard output is for programs: one JSON document with `--json`, or the standard output of the command that `run`
 * ran. What people read goes to standard error (DESIGN.md section 3, docs/decisions/010-the-command-line.md).
 */

/** Resolves once `data` has been handed over, or cannot be any more: a reader that went away (`| head`) is no fault. */
export function write(stream: Writable, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(data, () => resolve())
  })
}

export function writeJson(document: unknown): Promise<void> {
  return write(process.stdout, `${JSON.stringify(document, null, 2)}\n`)
}

/** A line, or several, for people. */
export function say(text: string): Promise<void> {
  return write(process.stderr, `${text}\n`)
}

/** A line that names its speaker, for where another program's output goes to the same stream. */
export function note(text: string): Promise<void> {
  return say(`onceward: ${text}`)
}

/** Keeps a closed pipe from ending the process with a stack trace; anything else about a stream still does. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
    })
  }
}
