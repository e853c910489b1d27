import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { root } from './install.mjs'

const references = /(?:\bfrom|\bimport|\bimport\()\s*['"](\.[^'"]+)['"]/g

/**
 * The declarations in `outDir` that no `types` of the package's exports leads to: nobody outside can name what they
 * declare, and they are more than half of all. A reference to a file that is not there is an error.
 */
export function unreachedTypes(outDir) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const open = Object.values(exports)
    .filter(({ types }) => types !== undefined)
    .map(({ types }) => resolve(outDir, types.replace(/^\.\/dist\//, '')))
  const reached = new Set()
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    open.push(...typesReferredTo(file))
  }
  return readdirSync(outDir, { recursive: true })
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => join(outDir, name))
    .filter((path) => !reached.has(path))
}

function typesReferredTo(file) {
  return [...readFileSync(file, 'utf8').matchAll(references)].map(([, specifier]) =>
    resolve(dirname(file), specifier.replace(/\.[jt]s$/, '.d.ts')),
  )
}
