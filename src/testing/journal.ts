import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'

/** An append-only file of JSON lines. A line is in the file when `append` returns, and survives the writer's crash. */
export interface Journal {
  /** With the present time as `at`, unless the line brings one. */
  append(line: object): void
  close(): void
}

export function openJournal(path: string): Journal {
  const file = openSync(path, 'a')
  return {
    append: (line) => {
      writeSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`)
    },
    close: () => closeSync(file),
  }
}

/** All lines of a journal; none where there is no file. A last line without its end was never written. */
export function readJournal<Line = Readonly<Record<string, unknown>>>(path: string): Line[] {
  if (!existsSync(path)) return []
  const text = readFileSync(path, 'utf8')
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line)
}
