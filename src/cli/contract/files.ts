import { readFile, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { messageOf, optionInvalid } from '../../kernel/errors.ts'

/** A file's text, or standard input's for `-`. Throws `OPTION_INVALID` with the option's `name`. */
export async function readText(path: string, name: string): Promise<string> {
  return (await readBytes(path, name)).toString('utf8')
}

/** As `readText`, before it is decoded. */
export async function readBytes(path: string, name: string): Promise<Buffer> {
  if (path === '-') return buffer(process.stdin)
  try {
    return await readFile(path)
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
