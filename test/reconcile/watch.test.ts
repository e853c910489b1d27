import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type WatchEvent, type WatchOptions, watchDuplicates } from '../../src/reconcile/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const header = 'order_ref,charge_id,at,amount,instalment\n'

function row(ref: string, id: number, second: number): string {
  return `${ref},ch_${id},2026-01-01T10:00:${String(second).padStart(2, '0')}.000Z,10.00,1\n`
}

/** A file, and what is told of it. */
function watched(
  text: string,
  options: WatchOptions = {},
): { path: string; next: () => Promise<WatchEvent | undefined>; end: () => Promise<boolean> } {
  const path = join(temporaryDirectory(), 'effects.csv')
  writeFileSync(path, text)
  const controller = new AbortController()
  const events = watchDuplicates(path, { everyMs: 10, signal: controller.signal, ...options })
  return {
    path,
    next: async () => {
      const { value } = await events.next()
      return value === undefined ? undefined : value
    },
    end: async () => {
      controller.abort()
      return (await events.next()).done === true
    },
  }
}

it('tells of each duplicate as it is written, and of nothing else', async () => {
  const { path, next, end } = watched(header + row('A', 1, 0) + row('B', 2, 1) + row('B', 3, 2))
  expect(await next()).toMatchObject({ kind: 'ready', duplicateRefs: 1 })
  // An order, an effect that is listed again, an instalment, half a line: none is a duplicate.
  appendFileSync(
    path,
    row('C', 4, 3) + row('C', 4, 3) + row('A', 5, 4).replace(/1\n$/, '2\n') + row('C', 6, 5).slice(0, 20),
  )
  appendFileSync(path, row('C', 6, 5).slice(20))
  expect(await next()).toMatchObject({
    kind: 'alert',
    group: { ref: 'C', count: 2, gapMs: 2000, certainty: 'likely' },
  })
  appendFileSync(path, row('C', 7, 7))
  expect(await next()).toMatchObject({ kind: 'alert', group: { ref: 'C', count: 3 } })
  expect(await end()).toBe(true)
})

it('begins with a file that has only its header', async () => {
  const { path, next, end } = watched(header)
  expect(await next()).toMatchObject({ kind: 'ready', duplicateRefs: 0 })
  appendFileSync(path, row('A', 1, 0) + row('A', 2, 2))
  expect(await next()).toMatchObject({ kind: 'alert', group: { ref: 'A' } })
  expect(await end()).toBe(true)
})

it('goes on with the file that takes its place, and still knows what it has seen', async () => {
  const { path, next, end } = watched(header + row('A', 1, 0))
  expect(await next()).toMatchObject({ kind: 'ready' })
  writeFileSync(`${path}.new`, header + row('B', 2, 1))
  renameSync(`${path}.new`, path)
  expect(await next()).toMatchObject({ kind: 'note', text: expect.stringContaining('replaced') })
  appendFileSync(path, row('A', 3, 2))
  expect(await next()).toMatchObject({ kind: 'alert', group: { ref: 'A', count: 2 } })
  expect(await end()).toBe(true)
})

it('remembers only so many references', async () => {
  const { path, next, end } = watched(header + row('A', 1, 0) + row('B', 2, 1) + row('C', 3, 1), {
    maxRefs: 2,
  })
  expect(await next()).toMatchObject({ kind: 'ready' })
  appendFileSync(path, row('A', 4, 2) + row('C', 5, 3))
  expect(await next()).toMatchObject({ kind: 'alert', group: { ref: 'C' } })
  expect(await end()).toBe(true)
})
