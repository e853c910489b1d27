import { join } from 'node:path'
import { describe, it } from 'vitest'
import { memoryStore } from '../../../src/stores/memory/index.ts'
import { sqliteStore } from '../../../src/stores/sqlite/index.ts'
import { adapterContract, runAdapterCase } from '../../../src/testing/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { fetchAdapter } from '../adapters/fetch.ts'
import { nodeAdapter } from '../adapters/node.ts'

/** The sentences of the adapters' contract that are about streams and bytes, here on both stores. */
const sentences = [
  'a binary answer is replayed byte for byte',
  'text beyond ASCII, with a byte order mark, is replayed byte for byte',
  'a streamed answer is replayed whole',
  'a streamed answer over the bound is passed on whole, and its replay says that it was not kept',
]
const stores = {
  memory: () => memoryStore(),
  sqlite: () => sqliteStore({ path: join(temporaryDirectory(), 'ledger.db') }),
}

describe.each([nodeAdapter, fetchAdapter])(
  'defect 11: streams and binary bodies never replay empty ($name)',
  (adapter) => {
    for (const [name, store] of Object.entries(stores)) {
      it.each(sentences)(`${name}: %s`, async (title) => {
        const one = adapterContract.find((candidate) => candidate.title === title)
        if (one === undefined) throw new TypeError(`There is no sentence "${title}".`)
        await runAdapterCase(one, adapter, store())
      })
    }
  },
)
