import { expect, onTestFinished } from 'vitest'
import { createOnceward, isOncewardError, type Onceward, type OncewardOptions } from '../../src/index.ts'
import { type MemoryData, memoryData, memoryStore } from '../../src/stores/memory/index.ts'

/** An instance as users make it, on rows that the test can look at. */
export interface Instance {
  readonly once: Onceward
  readonly rows: MemoryData['rows']
}

export function instance(options: Partial<OncewardOptions> = {}): Instance {
  const share = memoryData()
  const once = createOnceward({ store: memoryStore({ share }), sweep: false, ...options })
  onTestFinished(() => once.close({ graceMs: 0 }))
  return { once, rows: share.rows }
}

/** What a refusal must be: an error with this code, whose message holds each of these texts. */
export interface Refusal {
  readonly code: string
  readonly says?: readonly (string | RegExp)[]
}

/** `call` must refuse with its code, name what it refused, and neither run `effect` nor write anything. */
export async function expectRefusal(call: () => unknown, { code, says = [] }: Refusal): Promise<void> {
  const error = await Promise.resolve()
    .then(call)
    .then(
      (value) => ({ code: `no refusal but ${String(value)}`, message: '' }),
      (thrown: unknown) => thrown,
    )
  expect(error).toHaveProperty('code', code)
  expect(isOncewardError(error)).toBe(true)
  for (const text of says) expect((error as Error).message).toMatch(text)
}
