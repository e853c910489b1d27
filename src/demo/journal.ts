import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** An append-only file of JSON lines. A row is handed to the operating system before `append` returns. */
export interface Journal {
  append(row: Readonly<Record<string, unknown>>): void
  close(): void
}

export function openJournal(path: string): Journal {
  const file = openSync(path, 'a')
  return {
    append: (row) => {
      writeSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...row })}\n`)
    },
    close: () => closeSync(file),
  }
}

/** All rows; none when the file was never made. */
export function readJournal(path: string): readonly Readonly<Record<string, unknown>>[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  // A last line without its end was being written when its process was killed: it is no row.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]))
}
