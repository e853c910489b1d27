import { describe, expect, it } from 'vitest'
import { isPresent, readText, root } from '../support/repo.ts'
import { run } from '../support/run.ts'

describe.each(['.', 'bench'])('the lock file in %s', (directory) => {
  const path = `${directory}/package-lock.json`

  it('names no download addresses', (context) => {
    if (!isPresent(path)) return context.skip(`${path} is not there`)
    const lock = readText(path)
    expect(lock).not.toMatch(/"resolved": "https?:/)
    expect(lock).not.toMatch(/https?:\/\/[^"]*\.tgz/)
  })

  it('has an entry for every platform package (else: node scripts/complete-lock.mjs)', async (context) => {
    if (!isPresent(path)) return context.skip(`${path} is not there`)
    const done = await run(process.execPath, ['scripts/complete-lock.mjs', '--check', directory], {
      cwd: root,
    })
    expect(done.stderr).toBe('')
    expect(done.code).toBe(0)
  })
})

it('the benchmark measures with the undici that users get', (context) => {
  if (!isPresent('bench/package-lock.json')) return context.skip('bench is not there')
  const [product, bench] = ['package-lock.json', 'bench/package-lock.json'].map(
    (path) =>
      (JSON.parse(readText(path)) as { packages: Record<string, { readonly version?: string }> }).packages[
        'node_modules/undici'
      ]?.version,
  )
  expect(product).toMatch(/^\d/)
  expect(bench).toBe(product)
})
