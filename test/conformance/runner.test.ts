import { describe, expect, it } from 'vitest'
import {
  breakSubject,
  type ContractBroken,
  isContractBroken,
  runStoreContract,
  type StoreUnderTest,
  storeContract,
} from '../../src/testing/index.ts'
import { memoryUnderTest } from './subjects.ts'

type Body = (...args: unknown[]) => Promise<void>

/** What the suite registers with a test runner. */
function registered(subject: StoreUnderTest): {
  readonly suite: string
  readonly tests: ReadonlyMap<string, Body>
} {
  const tests = new Map<string, Body>()
  let suite = ''
  const runner = {
    describe: (title: string, body: () => void) => {
      suite = title
      body()
    },
    it: (title: string, body: () => Promise<void>) => void tests.set(title, body),
  }
  runStoreContract(runner, subject)
  return { suite, tests }
}

const transactional = "a transaction commits the caller's rows and the entry's outcome together"
const inserted = 'an absent entry is inserted by its first claim and by no later one'

describe('runStoreContract', () => {
  it('registers every sentence once, under the name of the store', () => {
    const { suite, tests } = registered(memoryUnderTest)
    expect(suite).toBe('store contract: memory')
    expect([...tests.keys()]).toEqual(storeContract.map(({ title }) => title))
  })

  it('registers bodies that no runner takes for ones with a callback', () => {
    for (const body of registered(memoryUnderTest).tests.values()) expect(body.length).toBe(0)
  })

  it('skips what a store cannot do, by the context that the runner gives, and says why', async () => {
    const body = registered(memoryUnderTest).tests.get(transactional)
    const notes: string[] = []
    const skip = (note: string): void => void notes.push(note)
    const asFunction = Object.assign(() => undefined, { skip })
    await body?.({ skip })
    await body?.(asFunction)
    await body?.call({ skip })
    expect(notes).toEqual(Array.from({ length: 3 }, () => 'this store has no transactions with the caller'))
  })

  it('rejects with the broken promise, what was expected and what came', async () => {
    const body = registered(breakSubject(memoryUnderTest, 'attempts-from-zero')).tests.get(
      'a claim is kept as it was asked for, and begins attempt 1 of round 0',
    )
    const failure = await body?.().catch((error: unknown) => error)
    expect(isContractBroken(failure)).toBe(true)
    const { message, actual, expected } = failure as ContractBroken
    expect(message).toContain('the new row')
    expect(actual).toMatchObject({ attempt: 0 })
    expect(expected).toMatchObject({ attempt: 1 })
  })

  it('closes every handle and removes every place, also when a case fails', async () => {
    const open = { handles: 0, places: 0 }
    const counted: StoreUnderTest = {
      ...memoryUnderTest,
      create: async () => {
        const place = await breakSubject(memoryUnderTest, 'upsert').create()
        open.places += 1
        return {
          connect: async () => {
            const store = await place.connect()
            open.handles += 1
            return {
              ...store,
              close: () => {
                open.handles -= 1
                return store.close()
              },
            }
          },
          destroy: () => {
            open.places -= 1
          },
        }
      },
    }
    await expect(registered(counted).tests.get(inserted)?.()).rejects.toThrow(
      'a second claim of the same entry',
    )
    expect(open).toEqual({ handles: 0, places: 0 })
  })
})
