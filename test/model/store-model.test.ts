import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { memoryData, memoryStore } from '../../src/stores/memory/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { breakStore } from '../../src/testing/index.ts'
import { compareWithReference, type ModelSubject, runs } from './store-model.ts'

const sqlite: ModelSubject = {
  name: 'sqlite',
  clock: 'given',
  create: (runtime) => {
    const folder = mkdtempSync(join(tmpdir(), 'onceward-model-'))
    const path = join(folder, 'ledger.db')
    return {
      connect: () => sqliteStore({ path, runtime }),
      lose: (refs) => {
        const db = new DatabaseSync(path)
        for (const ref of refs) db.prepare('DELETE FROM onceward_entries WHERE ref = ?').run(ref)
        db.close()
      },
      destroy: () => rmSync(folder, { recursive: true, force: true }),
    }
  },
}

const timeoutMs = 60_000 + runs() * 500

describe('the same commands', () => {
  it(
    'do the same to SQLite and to the reference, to the millisecond',
    () => compareWithReference(sqlite),
    timeoutMs,
  )
})

describe('the model test can fail', () => {
  const mutants = [
    'takeover-ignores-rev',
    'takeover-moves-first-send',
    'settle-unfenced',
    'late-write-wins',
    'repeat-writes-nothing',
    'renewal-shortens',
    'decides-on-any-rev',
    'claim-answers-backwards',
    'merges-outcomes',
    'tombstones-for-a-while',
    'released-twins',
    'recall-skipped',
    'recall-ignores-owner-writes',
    'release-hides-a-success',
    'fork-keeps-an-owner',
    'transactional-fork',
  ]
  for (const id of mutants) {
    it(
      `finds ${id}`,
      async () => {
        await expect(compareWithReference(brokenMemory(id), 2000)).rejects.toThrow(/seed: /)
      },
      timeoutMs,
    )
  }
})

function brokenMemory(id: string): ModelSubject {
  return {
    name: id,
    clock: 'given',
    create: (runtime) => {
      const share = memoryData()
      const notes = new Map<string, unknown>()
      return {
        connect: () => breakStore(memoryStore({ runtime, share }), id, notes),
        lose: (refs) => {
          for (const ref of refs) share.rows.delete(ref)
        },
      }
    },
  }
}
