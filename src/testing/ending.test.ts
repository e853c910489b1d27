import { expect, test } from 'vitest'
import { describeEnding, EndedEarly, exitCodeOfEnding, watchForEnd } from './ending.ts'

const never = new Promise<never>(() => {})

test('a run that takes too long ends with exit code 1 and says so', async () => {
  const watch = watchForEnd(20)
  const error = await watch.guard(never).catch((thrown: unknown) => thrown)
  watch.close()
  expect(error).toBeInstanceOf(EndedEarly)
  const { ending } = error as EndedEarly
  expect(exitCodeOfEnding(ending)).toBe(1)
  expect(describeEnding(ending)).toContain('did not end within')
})

test('what is waited for next sees an end that came before', async () => {
  const watch = watchForEnd(60_000)
  watch.end({ kind: 'crash', error: new Error('provider gone') })
  await expect(watch.guard(never)).rejects.toMatchObject({ ending: { kind: 'crash' } })
  watch.close()
})

test('signals count from 128, and are handled only while a run is on', () => {
  const before = process.listenerCount('SIGINT')
  const watch = watchForEnd(60_000)
  expect(process.listenerCount('SIGINT')).toBe(before + 1)
  watch.close()
  expect(process.listenerCount('SIGINT')).toBe(before)
  const codes = (['SIGHUP', 'SIGINT', 'SIGTERM'] as const).map((signal) =>
    exitCodeOfEnding({ kind: 'signal', signal }),
  )
  expect(codes).toEqual([129, 130, 143])
})
