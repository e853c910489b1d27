import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readFileSystem } from '../../src/cli/doctor/file-system.ts'
import { examineSqlite } from '../../src/cli/doctor/sqlite.ts'
import { createOnceward } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { difference } from '../support/doctor-difference.ts'
import type { Examination } from '../../src/cli/doctor/report.ts'

/** A ledger with one entry. */
async function ledgerIn(parent: string): Promise<string> {
  const folder = mkdtempSync(join(parent, 'onceward-doctor-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'ledger.db')
  const once = createOnceward({ store: sqliteStore({ path }), sweep: false })
  await once.run({ operation: 'work', key: 'k' }, () => 'done')
  await once.close()
  return path
}

function execute(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}

let isInMemory = false
beforeAll(async () => {
  isInMemory = (await readFileSystem(tmpdir())).kind === 'memory'
})

async function soundOf(path: string): Promise<Examination> {
  const sound = await examineSqlite(`sqlite:${path}`)
  expect(sound.checks.filter(({ id, holds }) => holds === false && id !== 'onDisk')).toEqual([])
  return sound
}

describe('doctor on a file whose settings are changed', () => {
  test('a sound one keeps every promise that applies, on a disk', async (context) => {
    if (isInMemory)
      return context.skip('temporary files lie in memory here, which doctor rightly complains of')
    const { claims, findings, store } = await soundOf(await ledgerIn(tmpdir()))
    expect(claims.filter(({ applies, holds }) => applies && holds === false)).toEqual([])
    expect(findings).toEqual([])
    expect(store.settings).toMatchObject({ synchronous: 'full', writable: true })
  })

  test('another journal mode is a note: the store sets it back', async () => {
    const path = await ledgerIn(tmpdir())
    const sound = await soundOf(path)
    const isWal = sound.store.settings['journalMode'] === 'wal'
    execute(path, `PRAGMA journal_mode = ${isWal ? 'DELETE' : 'WAL'}`)
    const found = await examineSqlite(`sqlite:${path}`)
    expect(difference(sound, found)).toEqual({ checks: { journalModeSet: false }, promises: {} })
    expect(found.findings.map(({ level }) => level)).toContain('note')
  })

  test('a ledger of a newer version', async () => {
    const path = await ledgerIn(tmpdir())
    const sound = await soundOf(path)
    execute(path, "UPDATE onceward_meta SET value = '99' WHERE name = 'schema_version'")
    const found = await examineSqlite(`sqlite:${path}`)
    expect(difference(sound, found)).toEqual({
      checks: { schemaVersion: false },
      promises: { usable: false },
    })
    expect(found.error).toMatchObject({ code: 'STORE_INCOMPATIBLE' })
  })

  test('a file that may not be written', async (context) => {
    if (process.getuid?.() === 0) return context.skip('root may write everything')
    const path = await ledgerIn(tmpdir())
    const sound = await soundOf(path)
    chmodSync(path, 0o444)
    expect(difference(sound, await examineSqlite(`sqlite:${path}`))).toEqual({
      checks: { writable: false },
      promises: { usable: false },
    })
  })

  test('a file in memory is gone with the power', async (context) => {
    if (isInMemory)
      return context.skip('temporary files lie in memory here: there is nothing to compare with')
    if (!existsSync('/dev/shm')) return context.skip('there is no /dev/shm on this machine')
    const sound = await soundOf(await ledgerIn(tmpdir()))
    const found = await examineSqlite(`sqlite:${await ledgerIn('/dev/shm')}`)
    expect(difference(sound, found)).toMatchObject({
      checks: { onDisk: false },
      promises: { 'survives-power-loss': false },
    })
  })
})
