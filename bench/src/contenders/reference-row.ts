import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { loadRoot, postgresStore, sqliteStore } from '../product.ts'
import type { Setting } from './contender.ts'
import { charged, intentOf, operations } from './operations.ts'
import type { PostgresProbe } from './postgres-probe.ts'

export type Row = Readonly<Record<string, unknown>>

/**
 * What the references write: the very row that one guarded operation leaves behind, after its claim and after its
 * end. So they carry the same columns, with values of the same sizes, whatever the schema becomes.
 */
export interface ReferenceRow {
  readonly columns: readonly string[]
  /** What an INSERT names: the columns that a claim leaves empty cost nobody a parameter. */
  readonly inserted: readonly string[]
  readonly claimed: Row
  /** The columns that the end of an operation changes. */
  readonly changed: readonly string[]
  readonly settled: Row
}

/** Which operation the row was taken from. */
export const templateNumber = 1

/** Takes the row of one operation; `read` reads the only row there is. */
async function capture(
  run: (atEffect: () => Promise<void>) => Promise<void>,
  read: () => Promise<Row>,
): Promise<ReferenceRow> {
  let claimed: Row | undefined
  await run(async () => {
    claimed = await read()
    // So that no time of the end is the time of the claim, which would look like a column that does not change.
    await new Promise((resolve) => setTimeout(resolve, 5))
  })
  const settled = await read()
  if (claimed === undefined) throw new Error('the effect did not run')
  const columns = Object.keys(settled)
  const before = claimed
  const changed = columns.filter((name) => !isSame(before[name], settled[name]))
  const inserted = columns.filter((name) => (before[name] ?? null) !== null)
  return { columns, inserted, claimed, changed, settled }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

export async function sqliteReference(setting: Setting, withSubject: boolean): Promise<ReferenceRow> {
  const directory = mkdtempSync(join(setting.directory, 'row-'))
  const path = join(directory, 'row.db')
  const once = (await loadRoot(setting.form)).createOnceward({
    store: await sqliteStore(setting.form, path),
    scope: 'bench',
    operations,
  })
  await once.open()
  const reader = new DatabaseSync(path)
  const read = (): Promise<Row> =>
    Promise.resolve({ ...reader.prepare('SELECT * FROM onceward_entries').get() })
  const run = async (atEffect: () => Promise<void>): Promise<void> => {
    await once.run(intentOf(templateNumber, withSubject), async (attempt) => {
      await atEffect()
      return charged(attempt.effectKey)
    })
  }
  try {
    return await capture(run, read)
  } finally {
    reader.close()
    await once.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Leaves the tables of the product behind, empty: the references use them as they are, indexes included. */
export async function postgresReference(
  setting: Setting,
  probe: PostgresProbe,
  withSubject: boolean,
): Promise<ReferenceRow> {
  const once = (await loadRoot(setting.form)).createOnceward({
    store: await postgresStore(setting.form, probe.url),
    scope: 'bench',
    operations,
  })
  try {
    await once.open()
    await probe.empty()
    const table = await probe.entriesTable()
    const read = async (): Promise<Row> => (await probe.query(`SELECT * FROM ${table}`)).rows[0] ?? {}
    const run = async (atEffect: () => Promise<void>): Promise<void> => {
      await once.run(intentOf(templateNumber, withSubject), async (attempt) => {
        await atEffect()
        return charged(attempt.effectKey)
      })
    }
    return await capture(run, read)
  } finally {
    await once.close()
  }
}
