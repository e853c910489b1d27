import { expect, test } from 'vitest'
import { makePace } from './pace.ts'

/** How many can be under way at the same time. */
async function room(pace: ReturnType<typeof makePace>): Promise<number> {
  let taken = 0
  for (let more = 0; more < 100; more++) void pace.take().then(() => taken++)
  await new Promise((resolve) => setImmediate(resolve))
  return taken
}

test('it lets a few dozen orders in, and another one for each that ends', async () => {
  const pace = makePace()
  const first = await room(pace)
  expect(first).toBeGreaterThanOrEqual(16)
  expect(first).toBeLessThanOrEqual(40)
})

test('answers that come too late narrow it, but never close it', async () => {
  const pace = makePace()
  for (let times = 0; times < 100; times++) {
    await pace.take()
    pace.release(true)
  }
  expect(await room(pace)).toBe(6)
})

test('answers in time widen it up to a bound', async () => {
  const pace = makePace()
  for (let times = 0; times < 5_000; times++) {
    await pace.take()
    pace.release(false)
  }
  expect(await room(pace)).toBe(40)
})
