import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Onceward } from '../../../src/index.ts'
import type { Cell } from '../cells.ts'
import { measureLoad, type Work } from '../load.ts'
import { loadRoot, memoryStore, postgresStore, sqliteStore } from '../product.ts'
import { type Contender, replayEntries, type Setting } from './contender.ts'
import { charged, intentOf, operations, settleAll } from './operations.ts'
import { PostgresProbe } from './postgres-probe.ts'
import { SqliteLog } from './sqlite-log.ts'

interface Opened {
  readonly once: Onceward
  readonly more: Pick<Work, 'logBytes' | 'pinLog'>
  readonly release: () => Promise<void>
}

/** The product as users have it: one instance, default options, a registered keyed operation. */
export async function oncewardContender(setting: Setting): Promise<Contender> {
  const probe =
    setting.postgresUrl === undefined ? undefined : await PostgresProbe.connect(setting.postgresUrl)
  const { createOnceward } = await loadRoot(setting.form)
  const open = async (cell: Cell): Promise<Opened> => {
    if (cell.group === 'sqlite') return openSqlite(setting, createOnceward)
    if (cell.group === 'postgres' && probe !== undefined) return openPostgres(setting, createOnceward, probe)
    const once = createOnceward({ store: await memoryStore(setting.form), scope: 'bench', operations })
    return { once, more: {}, release: () => once.close() }
  }
  return {
    measure: async (cell, window) => {
      const { once, more, release } = await open(cell)
      try {
        await once.open()
        if (cell.work === 'replay') await settleAll(once, replayEntries)
        await probe?.checkpoint()
        return await measureLoad({ run: runOf(once, cell), ...more }, cell.concurrency, window)
      } finally {
        await release()
      }
    },
    close: async () => {
      await probe?.close()
    },
  }
}

function runOf(once: Onceward, cell: Cell): Work['run'] {
  const { withSubject } = cell
  switch (cell.work) {
    case 'guard':
      return (n, claimed) =>
        once.run(intentOf(n, withSubject), (attempt) => {
          claimed()
          return charged(attempt.effectKey)
        })
    case 'replay':
      return (n) =>
        once.run(intentOf(n % replayEntries, withSubject), () => {
          throw new Error('an effect ran where a replay was measured')
        })
    case 'two-steps':
      return (n) =>
        once.run({ ...intentOf(n, withSubject), steps: true }, async (attempt) => {
          const reserved = await attempt.step('reserve', (step) => charged(step.effectKey))
          const sent = await attempt.step('send', (step) => charged(step.effectKey))
          return { reserved, sent }
        })
    default:
      throw new Error(`${cell.work} is not a work of a ledger that is called directly`)
  }
}

type Create = Awaited<ReturnType<typeof loadRoot>>['createOnceward']

async function openSqlite(setting: Setting, createOnceward: Create): Promise<Opened> {
  const directory = mkdtempSync(join(setting.directory, 'onceward-'))
  const path = join(directory, 'onceward.db')
  const once = createOnceward({ store: await sqliteStore(setting.form, path), scope: 'bench', operations })
  const log = new SqliteLog(path)
  return {
    once,
    more: { pinLog: () => log.pin(), logBytes: () => Promise.resolve(log.bytes()) },
    release: async () => {
      log.close()
      await once.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function openPostgres(setting: Setting, createOnceward: Create, probe: PostgresProbe): Promise<Opened> {
  const store = await postgresStore(setting.form, probe.url)
  const once = createOnceward({ store, scope: 'bench', operations })
  await once.open()
  await probe.empty()
  return { once, more: { logBytes: () => probe.logBytes() }, release: () => once.close() }
}
