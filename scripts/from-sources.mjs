// node --import ./scripts/from-sources.mjs FILE: `onceward` and its subpaths lead to the sources instead of to what is
// built of them, so that examples, written as users write them, run in the checkout.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const root = new URL('../', import.meta.url)
const { name, exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

registerHooks({
  resolve: (specifier, context, next) => {
    const entry = exports[`.${specifier.slice(name.length)}`]
    const isOurs = specifier === name || specifier.startsWith(`${name}/`)
    if (!isOurs || entry?.default === undefined) return next(specifier, context)
    const source = entry.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
    return { url: new URL(source, root).href, shortCircuit: true }
  },
})
