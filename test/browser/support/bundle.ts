import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { root } from '../../support/repo.ts'
import type { BrowserMutant } from './mutants.ts'

let whole: Promise<string> | undefined

/** `onceward/browser` as one module for a page, whole or with one thing broken. */
export function browserCode(mutant?: BrowserMutant): Promise<string> {
  if (mutant !== undefined) return bundled(mutant)
  whole ??= bundled()
  return whole
}

async function bundled(mutant?: BrowserMutant): Promise<string> {
  let isBroken = mutant === undefined
  const bundle = await rolldown({
    input: join(root, 'src/browser/index.ts'),
    platform: 'browser',
    plugins: [
      {
        name: 'mutant',
        transform: (code, id) => {
          if (mutant === undefined || !id.endsWith(mutant.file) || !code.includes(mutant.find)) return null
          isBroken = true
          return code.replace(mutant.find, mutant.put)
        },
      },
    ],
  })
  const { output } = await bundle.generate({ format: 'esm' })
  await bundle.close()
  if (!isBroken) throw new Error(`${mutant?.file} has no ${JSON.stringify(mutant?.find)} to break`)
  return output[0].code
}
