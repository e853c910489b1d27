import { expect, it } from 'vitest'
import { profiles as tested } from '../../src/contract/profiles.ts'
import { profileNames, profiles } from '../../src/http/profiles.ts'

it.each(profileNames)('%s means the same to the engine and to the tester of live services', (name) => {
  const { header, syntax, retainMs, mismatchStatus, firstSentHeader } = profiles[name]
  const { keyHeader, keyForm, needsFirstSent, mismatch, ...seen } = tested[name]
  expect(keyHeader.toLowerCase()).toBe(header)
  expect(keyForm).toBe(syntax === 'bare' ? 'bare' : 'quoted')
  expect(seen.retainMs).toBe(retainMs)
  expect(needsFirstSent).toBe(firstSentHeader !== undefined)
  // Where a profile names no status for a mismatch, the engine has one all the same.
  expect([undefined, mismatchStatus]).toContain(mismatch)
})
