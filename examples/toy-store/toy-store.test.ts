import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
// In a package of yours: from 'onceward/testing'.
import { runStoreContract, runStoreMutants, type StoreUnderTest } from '../../src/testing/index.ts'
import { toyStore } from './toy-store.ts'

const toyUnderTest: StoreUnderTest = {
  name: 'toy',
  traits: ['shared', 'durable'],
  create: () => {
    const folder = mkdtempSync(join(tmpdir(), 'onceward-toy-'))
    return { connect: () => toyStore(folder), destroy: () => rmSync(folder, { recursive: true }) }
  },
}

runStoreContract({ describe, it }, toyUnderTest)
runStoreMutants({ describe, it }, toyUnderTest)
