import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchDir } from './product.ts'
import { readLeaks, readResults, resultsFile } from './results.ts'
import { tables } from './tables.ts'

const document = join(benchDir, 'RESULTS.md')

/** Writes the tables of the last full run into RESULTS.md, between `<!-- figures:NAME -->` and `<!-- /figures -->`. */
export function render(): void {
  const all = tables(readResults(resultsFile), readLeaks())
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
}
