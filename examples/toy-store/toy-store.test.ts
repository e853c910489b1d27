import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, vi } from 'vitest'
// In a package of yours: from 'onceward/drills' and 'onceward/testing'.
import { runStoreCrashes } from '../../src/drills/index.ts'
import { runStoreContract, runStoreMutants, type StoreUnderTest } from '../../src/testing/index.ts'
import { toyStore } from './toy-store.ts'

function emptyFolder(): { readonly place: string; readonly destroy: () => void } {
  const place = mkdtempSync(join(tmpdir(), 'onceward-toy-'))
  return { place, destroy: () => rmSync(place, { recursive: true }) }
}

const toyUnderTest: StoreUnderTest = {
  name: 'toy',
  traits: ['shared', 'durable'],
  create: () => {
    const { place, destroy } = emptyFolder()
    return { connect: () => toyStore(place), destroy }
  },
}

runStoreContract({ describe, it }, toyUnderTest)
runStoreMutants({ describe, it }, toyUnderTest)
// Each crash is a process.
vi.setConfig({ testTimeout: 240_000 })
runStoreCrashes(
  { describe, it },
  {
    name: 'toy',
    module: new URL('toy-store.ts', import.meta.url),
    create: emptyFolder,
    // One await in nine, another one each time: a crash is a process, and there are dozens of awaits.
    every: 9,
  },
)
