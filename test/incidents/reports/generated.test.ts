import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bundles, generate, textAt } from '../../../examples/incidents/generate.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { folder } from './read.ts'

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .toSorted()
}

it('what is committed is what the generator writes, unpacked', () => {
  const fresh = temporaryDirectory()
  generate(fresh)
  for (const bundle of Object.keys(bundles)) {
    const made = filesIn(join(fresh, bundle))
    const there = filesIn(join(folder, bundle)).filter(
      (name) => !/^(incident\.yaml|hypotheses\.md)$/.test(name),
    )
    expect(there, bundle).toEqual(made)
    for (const name of made)
      expect(
        textAt(join(folder, bundle, name)) === textAt(join(fresh, bundle, name)),
        `${bundle}/${name}`,
      ).toBe(true)
  }
})

it('what is the same already is not written again', () => {
  const fresh = temporaryDirectory()
  generate(fresh)
  const writtenAt = (): readonly bigint[] =>
    filesIn(fresh).map((name) => statSync(join(fresh, name), { bigint: true }).mtimeNs)
  const before = writtenAt()
  generate(fresh)
  expect(writtenAt()).toEqual(before)
})

it('is small enough to be cloned', () => {
  const bytes = filesIn(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  expect(bytes).toBeLessThan(2 << 20)
})
