import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runStoreCrashes } from '../../src/drills/index.ts'
import { runStoreContract, runStoreMutants } from '../../src/testing/index.ts'
import { openStore } from './write-behind-store.ts'

type Body = () => Promise<void>

/** What is registered with a test runner, by its title. */
function registered(register: (runner: RunnerLike) => void): ReadonlyMap<string, Body> {
  const tests = new Map<string, Body>()
  register({ describe: (_, body) => body(), it: (title, body) => void tests.set(title, body) })
  return tests
}

interface RunnerLike {
  describe(title: string, body: () => void): unknown
  it(title: string, body: Body): unknown
}

function emptyFolder(): { readonly place: string; readonly destroy: () => void } {
  const place = mkdtempSync(join(tmpdir(), 'onceward-crashes-'))
  return { place, destroy: () => rmSync(place, { recursive: true }) }
}

describe('a store that acknowledges before it writes', () => {
  const module = new URL('write-behind-store.ts', import.meta.url)

  it('is found by the crash tests', { timeout: 240_000 }, async () => {
    const subject = { name: 'write-behind', module, create: emptyFolder, every: 9 }
    const crashes = registered((runner) => runStoreCrashes(runner, subject))
    const blind = crashes.get('a process killed at any await of a blind operation breaks no invariant')
    await expect(blind?.()).rejects.toThrow(/is broken for blind-/)
  })

  it('is not found by the contract, as long as it is one handle in one process', async () => {
    const create = () => {
      const { place, destroy } = emptyFolder()
      return { connect: () => openStore(place), destroy }
    }
    const subject = { name: 'write-behind', traits: [], create }
    const contract = registered((runner) => runStoreContract(runner, subject))
    const claim = contract.get('an absent entry is inserted by its first claim and by no later one')
    await claim?.()
    expect(registered((runner) => runStoreMutants(runner, subject)).size).toBeGreaterThan(100)
  })
})

it('a file that exports no openStore is refused', async () => {
  const module = new URL('violations.ts', import.meta.url)
  const tests = registered((runner) => runStoreCrashes(runner, { name: 'none', module, create: emptyFolder }))
  const [first] = tests.values()
  await expect(first?.()).rejects.toMatchObject({ code: 'OPTION_INVALID' })
})
