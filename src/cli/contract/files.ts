import { readFile, writeFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { messageOf, optionInvalid } from '../../kernel/errors.ts'

/** A file's text, or standard input's for `-`. Throws `OPTION_INVALID` with the option's `name`. */
export async function readText(path: string, name: string): Promise<string> {
  if (path === '-') return readAll(process.stdin)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw optionInvalid(name, `a file that can be read (${messageOf(error)})`, path)
  }
}

/** Throws `OPTION_INVALID` with the option's `name`. */
export async function writeText(path: string, text: string, name: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (error) {
    throw optionInvalid(name, `a file that can be written (${messageOf(error)})`, path)
  }
}
