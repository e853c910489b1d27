import { spawnSync, type SpawnSyncOptions } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchDir, rootDir } from './product.ts'
import { serverTable } from './control-room/result.ts'
import { filesTable } from './files/result.ts'
import {
  filesFile,
  leakFile,
  readFiles,
  readLeaks,
  readServer,
  readTriage,
  serverFile,
  triageFile,
  readResults,
  resultsFile,
} from './results.ts'
import { tables } from './tables.ts'
import { triageTable } from './triage/result.ts'

const document = join(benchDir, 'RESULTS.md')

/** Writes the tables of the last full run into RESULTS.md, between `<!-- figures:NAME -->` and `<!-- /figures -->`. */
export function render(): void {
  const all: Readonly<Record<string, string>> = {
    ...tables(readResults(resultsFile), readLeaks()),
    files: filesTable(readFiles()),
    server: serverTable(readServer()),
    triage: triageTable(readTriage()),
  }
  const text = readFileSync(document, 'utf8')
  const filled = text.replaceAll(
    /(?<=<!-- figures:([a-z]+) -->\n)[\s\S]*?(?=<!-- \/figures -->)/g,
    (_old, name: string) => {
      const found = all[name]
      if (found === undefined)
        throw new Error(`RESULTS.md asks for figures "${name}", there are ${Object.keys(all).join(', ')}`)
      return `\n${found}\n\n`
    },
  )
  writeFileSync(document, filled)
  format(document, resultsFile, leakFile, filesFile, serverFile, triageFile)
}

/** They are committed, and everything that is committed is formatted. */
function format(...paths: readonly string[]): void {
  const biome = join(rootDir, 'node_modules', '.bin', 'biome')
  const options: SpawnSyncOptions = {
    cwd: rootDir,
    stdio: ['ignore', 'ignore', 2],
    shell: process.platform === 'win32',
  }
  const { status } = spawnSync(
    biome,
    ['format', '--write', ...paths.filter((path) => existsSync(path))],
    options,
  )
  if (status !== 0) throw new Error('the results could not be formatted')
}
