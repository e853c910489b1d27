import { memoryData, memoryStore } from '../../src/stores/memory/index.ts'
import type { StoreUnderTest } from '../../src/testing/index.ts'

/** The reference: handles share their rows, as several processes share a database. */
export const memoryUnderTest: StoreUnderTest = {
  name: 'memory',
  traits: ['shared', 'durable'],
  create: () => {
    const share = memoryData()
    return { connect: () => memoryStore({ share }) }
  },
}
