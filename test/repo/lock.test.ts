import { expect, it } from 'vitest'
import { readText, root } from '../support/repo.ts'
import { run } from '../support/run.ts'

it('the lock file names no download addresses', () => {
  const lock = readText('package-lock.json')
  expect(lock).not.toMatch(/"resolved": "https?:/)
  expect(lock).not.toMatch(/https?:\/\/[^"]*\.tgz/)
})

it('the lock file has an entry for every platform package (else: node scripts/complete-lock.mjs)', async () => {
  const done = await run(process.execPath, ['scripts/complete-lock.mjs', '--check'], { cwd: root })
  expect(done.stderr).toBe('')
  expect(done.code).toBe(0)
})
