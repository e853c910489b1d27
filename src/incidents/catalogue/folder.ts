import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, OncewardError, optionInvalid } from '../../kernel/errors.ts'
import type { Entries } from './catalogue.ts'
import { checkCause, checkFix, checkMitigation, list, only } from './check.ts'

const largestFileBytes = 1024 * 1024
const mostFiles = 500

/**
 * Reads the `.yaml`, `.yml` and `.json` files of `folder` in the order of their names; each holds `causes`,
 * `mitigations` and `fixes`, or some of them. Throws `OPTION_INVALID`.
 */
export async function readCatalogueFolder(folder: string): Promise<Entries> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw optionInvalid('--catalogue', `a folder that can be read (${error.code ?? error.message})`, folder)
  })
  const files = names.filter((name) => /\.(ya?ml|json)$/.test(name)).toSorted()
  if (files.length === 0 || files.length > mostFiles)
    throw optionInvalid('--catalogue', `a folder with 1 to ${mostFiles} .yaml or .json files`, folder)
  const read = []
  for (const name of files) read.push(await readEntries(join(folder, name), name))
  return {
    causes: read.flatMap(({ causes }) => causes),
    mitigations: read.flatMap(({ mitigations }) => mitigations),
    fixes: read.flatMap(({ fixes }) => fixes),
  }
}

async function readEntries(path: string, name: string): Promise<Entries> {
  const text = await readBounded(path, name)
  const given = only(await parse(text, name), name, ['causes', 'mitigations', 'fixes'])
  const each = <T>(member: string, check: (raw: unknown, at: string) => T): readonly T[] =>
    list(given[member] ?? [], `${name}: ${member}`).map((raw, at) => check(raw, `${name}: ${member}[${at}]`))
  return {
    causes: each('causes', checkCause),
    mitigations: each('mitigations', checkMitigation),
    fixes: each('fixes', checkFix),
  }
}

async function readBounded(path: string, name: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size <= largestFileBytes) return await readFile(path, 'utf8')
  } catch (error) {
    throw new OncewardError('OPTION_INVALID', `${name} cannot be read: ${messageOf(error)}.`)
  }
  throw new OncewardError('OPTION_INVALID', `${name} is larger than ${largestFileBytes} bytes.`)
}

/** JSON is YAML, so that one parser reads both. */
async function parse(text: string, name: string): Promise<unknown> {
  const { parse: parseYaml } = await import('yaml')
  try {
    return parseYaml(text, { maxAliasCount: 100 })
  } catch (error) {
    throw new OncewardError(
      'OPTION_INVALID',
      `${name} is not YAML: ${(error as Error).message.split('\n')[0]}`,
    )
  }
}
