import { expect, test } from 'vitest'
import { systemRuntime } from './system.ts'

test('random bytes are given away once, and are not zeros', () => {
  const drawn = Array.from({ length: 5_000 }, () =>
    Buffer.from(systemRuntime.randomBytes(16)).toString('hex'),
  )
  expect(new Set(drawn).size).toBe(5_000)
  expect(drawn).not.toContain('0'.repeat(32))
})

test('bytes given away do not change when more are drawn', () => {
  const first = systemRuntime.randomBytes(16)
  const copy = Buffer.from(first).toString('hex')
  for (let more = 0; more < 1_000; more += 1) systemRuntime.randomBytes(16)
  expect(Buffer.from(first).toString('hex')).toBe(copy)
})
