import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createOnceward, isOncewardError, type Onceward, type OncewardOptions } from '../../src/index.ts'
import { loadSqlite } from '../../src/stores/sqlite/driver.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const charge = { operation: 'charge', key: 'order-1' }
const nobody = 65_534

function onFile(path: string, options: Partial<OncewardOptions> = {}): Onceward {
  const store = sqliteStore({ path, busyTimeoutMs: 200 })
  const once = createOnceward({ store, sweep: false, storeTimeoutMs: 300, ...options })
  onTestFinished(() => once.close({ graceMs: 0 }))
  return once
}

interface Ending {
  readonly code: string
  readonly message: string
  readonly ran: number
}

/** How one guarded call on this file ends. */
async function tryCharge(once: Onceward, key = 'order-1'): Promise<Ending> {
  let ran = 0
  const effect = (): string => {
    ran += 1
    return 'paid'
  }
  try {
    await once.run({ operation: 'charge', key }, effect)
    return { code: 'ok', message: '', ran }
  } catch (error) {
    if (!isOncewardError(error)) throw error
    return { code: error.code, message: error.message, ran }
  }
}

async function makeLedger(path: string): Promise<void> {
  const once = onFile(path)
  await once.run(charge, () => 'paid')
  await once.close()
}

function sql(path: string, text: string): void {
  const { DatabaseSync: Sqlite } = loadSqlite()
  const db = new Sqlite(path)
  db.exec(text)
  db.close()
}

describe('a store file', () => {
  it('that is no database is STORE_INCOMPATIBLE, named, and stays as it is', async () => {
    const path = join(temporaryDirectory(), 'notes.txt')
    const text = 'Dear diary, this is not a database at all.\n'.repeat(100)
    writeFileSync(path, text)
    const ending = await tryCharge(onFile(path))
    expect(ending).toEqual({
      code: 'STORE_INCOMPATIBLE',
      message: `${path} is not a SQLite database`,
      ran: 0,
    })
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('that is damaged is STORE_INCOMPATIBLE', async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    await makeLedger(path)
    const bytes = readFileSync(path)
    bytes.fill(0x55, 100, bytes.length)
    writeFileSync(path, bytes)
    const ending = await tryCharge(onFile(path))
    expect(ending).toMatchObject({ code: 'STORE_INCOMPATIBLE', ran: 0 })
    expect(ending.message).toContain(path)
  })

  it('that is of a newer schema is STORE_INCOMPATIBLE, and says which versions; it stays as it is', async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    await makeLedger(path)
    sql(path, "UPDATE onceward_meta SET value = '99' WHERE name = 'schema_version'")
    const before = readFileSync(path)
    const ending = await tryCharge(onFile(path), 'order-2')
    expect(ending).toMatchObject({ code: 'STORE_INCOMPATIBLE', ran: 0 })
    expect(ending.message).toMatch(/schema 99.*knows up to \d+/)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('that is a folder is STORE_UNAVAILABLE', async () => {
    const path = join(temporaryDirectory(), 'folder.db')
    mkdirSync(path)
    const ending = await tryCharge(onFile(path))
    expect(ending).toMatchObject({ code: 'STORE_UNAVAILABLE', ran: 0 })
    expect(ending.message).toContain(path)
  })

  it('in a folder that is not there is STORE_UNAVAILABLE, and makes no folder', async () => {
    const path = join(temporaryDirectory(), 'missing', 'ledger.db')
    const ending = await tryCharge(onFile(path))
    expect(ending).toMatchObject({ code: 'STORE_UNAVAILABLE', ran: 0 })
    expect(ending.message).toMatch(/is its folder there/)
    expect(() => statSync(join(path, '..'))).toThrow('ENOENT')
  })

  it('that is empty becomes a ledger', async () => {
    const path = join(temporaryDirectory(), 'empty.db')
    writeFileSync(path, '')
    expect(await tryCharge(onFile(path))).toMatchObject({ code: 'ok', ran: 1 })
  })

  it("that holds another application's tables becomes a ledger beside them", async () => {
    const path = join(temporaryDirectory(), 'app.db')
    sql(path, 'CREATE TABLE sales (id INTEGER); INSERT INTO sales VALUES (1)')
    expect(await tryCharge(onFile(path))).toMatchObject({ code: 'ok', ran: 1 })
  })

  it('opened read-only is STORE_UNAVAILABLE, and what is there can still be looked up by others', async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    await makeLedger(path)
    const ending = await tryCharge(onFile(`file:${path}?mode=ro`), 'order-2')
    expect(ending).toMatchObject({ code: 'STORE_UNAVAILABLE', ran: 0 })
    expect(ending.message).toContain('read-only')
    expect(await onFile(path).lookup(charge)).toMatchObject({ state: 'succeeded', value: 'paid' })
    expect(await onFile(path).lookup({ ...charge, key: 'order-2' })).toBeUndefined()
  })

  it('without permission to write is STORE_UNAVAILABLE', async () => {
    const folder = temporaryDirectory()
    const path = join(folder, 'ledger.db')
    await makeLedger(path)
    chmodSync(path, 0o444)
    chmodSync(folder, 0o555)
    onTestFinished(() => chmodSync(folder, 0o755))
    const ending = await asOrdinaryUser(() => tryCharge(onFile(path), 'order-2'))
    expect(ending).toMatchObject({ code: 'STORE_UNAVAILABLE', ran: 0 })
    expect(ending.message).toMatch(/read-only|may it be written/)
    expect(await onFile(path).lookup({ ...charge, key: 'order-2' })).toBeUndefined()
  })

  it('without permission to read is STORE_UNAVAILABLE', async () => {
    const folder = temporaryDirectory()
    const path = join(folder, 'ledger.db')
    await makeLedger(path)
    chmodSync(folder, 0o755)
    chmodSync(path, 0o000)
    const ending = await asOrdinaryUser(() => tryCharge(onFile(path)))
    expect(ending).toMatchObject({ code: 'STORE_UNAVAILABLE', ran: 0 })
  })

  it('locked by another process for too long is STORE_UNAVAILABLE, and works again afterwards', async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    await makeLedger(path)
    const { DatabaseSync: Sqlite } = loadSqlite()
    const other = new Sqlite(path)
    onTestFinished(() => other.close())
    const once = onFile(path)
    await once.open()
    other.exec('BEGIN IMMEDIATE')
    expect(await tryCharge(once, 'order-2')).toMatchObject({ code: 'STORE_UNAVAILABLE', ran: 0 })
    other.exec('ROLLBACK')
    expect(await tryCharge(once, 'order-2')).toMatchObject({ code: 'ok', ran: 1 })
  })

  it('whose ledger was exchanged under us is noticed', async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    const once = onFile(path)
    expect(await tryCharge(once)).toMatchObject({ code: 'ok' })
    sql(path, "UPDATE onceward_lineage SET nonce = 'another', epoch = epoch + 1")
    expect(await tryCharge(once, 'order-2')).toMatchObject({ code: 'ok', ran: 1 })
    expect(await once.lookup({ ...charge, key: 'order-2' })).toMatchObject({ fence: { epoch: 2 } })
  })
})

describe('a full disk', () => {
  const large = 'x'.repeat(100_000)

  /** Lets the file grow no further, by the limit that SQLite itself keeps. */
  async function fill(once: Onceward): Promise<void> {
    await once.run({ operation: 'fill', key: 'a', safety: 'transactional' }, (attempt) =>
      attempt.transaction((client: DatabaseSync) => client.exec('PRAGMA max_page_count = 1')),
    )
  }

  it('costs no effect: the claim is refused, and nothing has run', async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    const once = onFile(path)
    await fill(once)
    const endings: Ending[] = []
    for (let index = 0; index < 60; index += 1) {
      endings.push(await tryCharge(once, `order-${index}`))
      if (endings.at(-1)?.code === 'STORE_UNAVAILABLE') break
    }
    expect(endings.at(-1)).toMatchObject({ code: 'STORE_UNAVAILABLE', ran: 0 })
    expect(endings.at(-1)?.message).toContain('the disk is full')
    // Whoever had still claimed did run, whether its outcome found room or not.
    expect(endings.slice(0, -1).every((ending) => ending.ran === 1)).toBe(true)
  })

  it('after the effect: in doubt, the value is not lost, and nothing runs again', async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    const once = onFile(path)
    await fill(once)
    let ran = 0
    const effect = (): string => {
      ran += 1
      return large
    }
    const error: unknown = await once.run(charge, effect).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'IN_DOUBT', value: large })
    expect(
      isOncewardError(await once.run({ ...charge, waitMs: 0 }, effect).catch((thrown: unknown) => thrown)),
    ).toBe(true)
    expect(ran).toBe(1)
  })

  it('that has room again works again', async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    const once = onFile(path)
    await fill(once)
    await once.run(charge, () => large).catch(() => undefined)
    const roomy = onFile(path)
    expect(await tryCharge(roomy, 'order-2')).toMatchObject({ code: 'ok', ran: 1 })
  })

  it('a real one, of 300 KiB', async (test) => {
    const folder = temporaryDirectory()
    const mounted = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', folder])
    if (mounted.status !== 0) return test.skip('this user may not mount a file system')
    const store = sqliteStore({ path: join(folder, 'ledger.db'), busyTimeoutMs: 200 })
    const once = createOnceward({ store, sweep: false, storeTimeoutMs: 300 })
    try {
      writeFileSync(join(folder, 'ballast'), '')
      await once.open()
      expect(() => writeFileSync(join(folder, 'ballast'), Buffer.alloc(1_000_000))).toThrow('ENOSPC')
      const ending = await tryCharge(once)
      expect(ending).toMatchObject({ code: 'STORE_UNAVAILABLE', ran: 0 })
      expect(ending.message).toMatch(/the disk is full|writing .* failed/)
      writeFileSync(join(folder, 'ballast'), '')
      expect(await tryCharge(once)).toMatchObject({ code: 'ok', ran: 1 })
    } finally {
      await once.close()
      spawnSync('/bin/umount', ['-l', folder])
    }
  })
})

/** Root may write whatever the permissions say, so the work is done as an ordinary user. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(nobody)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}
