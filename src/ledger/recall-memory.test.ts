import { describe, expect, it } from 'vitest'
import type { Entry } from './entry.ts'
import { RecallMemory } from './recall-memory.ts'

function memory(): RecallMemory {
  const onForgotten = (): void => undefined
  return new RecallMemory({ recallMs: 60_000, maxEntries: 100, maxBytes: 1_000_000, onForgotten })
}

function row(given: Partial<Entry>): Entry {
  return { ref: 'a', owner: 'one', epoch: 1, attempt: 1, rev: 1, state: 'started', ...given } as Entry
}

describe('what is remembered for recall is the latest of each entry, in whatever order it was acknowledged', () => {
  const released = row({ state: 'released', rev: 2 })
  const next = row({ owner: 'two', attempt: 2, rev: 3 })

  it('a release that is acknowledged behind the next claim does not hide it', () => {
    const remembered = memory()
    remembered.began(next)
    remembered.ended(released, 10)
    expect(remembered.all(0)).toEqual([next])
  })

  it('a claim that is acknowledged behind its own release does not run', () => {
    const remembered = memory()
    remembered.ended(released, 10)
    remembered.began(row({}))
    expect(remembered.all(0)).toEqual([released])
  })

  it('an end that is acknowledged behind a later one does not replace it', () => {
    const remembered = memory()
    const succeeded = row({ owner: 'two', attempt: 2, rev: 4, state: 'succeeded' })
    remembered.ended(succeeded, 10)
    remembered.ended(released, 11)
    expect(remembered.all(0)).toEqual([succeeded])
  })

  it('what was written in a later epoch is later, whatever its revision', () => {
    const remembered = memory()
    const recalled = row({ epoch: 2, rev: 1, state: 'succeeded' })
    remembered.ended(recalled, 10)
    remembered.ended(row({ rev: 9, state: 'failed' }), 11)
    expect(remembered.all(0)).toEqual([recalled])
  })
})
