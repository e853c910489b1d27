import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('the lock file names no download addresses', () => {
  const lock = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')
  expect(lock).not.toMatch(/"resolved": "https?:/)
  expect(lock).not.toMatch(/https?:\/\/[^"]*\.tgz/)
})
