import { afterEach, expect, test, vi } from 'vitest'
import { isOncewardError } from '../../kernel/errors.ts'
import { postgresStore } from './index.ts'

afterEach(() => {
  vi.doUnmock('pg')
})

test('a missing driver is named in one line, with what to install, each time it is missed', async () => {
  vi.doMock('pg', () => {
    throw Object.assign(new Error(`Cannot find package 'pg'`), { code: 'ERR_MODULE_NOT_FOUND' })
  })
  const store = postgresStore({ url: 'postgres://nobody@127.0.0.1:1/nowhere' })
  for (const _ of [1, 2]) {
    const error = await store.open().catch((thrown: unknown) => thrown)
    expect(isOncewardError(error, 'DEPENDENCY_MISSING')).toBe(true)
    expect(String(error)).toMatch(/npm install pg$/)
  }
  await store.close()
})
