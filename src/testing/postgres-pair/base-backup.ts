import { appendFile, chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { type EmbeddedPostgres, giveTo, type RunAs } from '../embedded-postgres.ts'
import { onPostgres } from '../postgres-query.ts'

/** How a standby reaches its primary, and what it is called there. */
export interface StandbySource {
  readonly primary: EmbeddedPostgres
  /** Where the standby connects to: the primary's port, or that of a link to it. */
  readonly port: number
  /** Names the standby in pg_stat_replication and its replication slot. */
  readonly name: string
}

/**
 * Copies the data of a running primary into an empty directory and makes a standby of it: what pg_basebackup does,
 * which the `embedded-postgres` package does not bring.
 */
export function copyAsStandby(source: StandbySource, dataDir: string, runAs: RunAs): Promise<void> {
  return onPostgres(source.primary.url, async (client) => {
    // The slot first: from here on the primary keeps every write-ahead segment that the copy will ask for.
    await client.query('SELECT pg_create_physical_replication_slot($1, true)', [source.name])
    const backup = await backupFunctions(client)
    await client.query(backup.start)
    const copier = new Copier(source.primary.dataDir, dataDir, runAs)
    await copier.copyFolder('')
    const { rows } = await client.query<{ labelfile: string }>(backup.stop)
    await copier.write('backup_label', rows[0]?.labelfile ?? '')
    await copier.makeFolder('pg_wal/archive_status')
    await copier.makeFolder('pg_wal/summaries')
    await copier.write('standby.signal', '')
    await appendFile(join(dataDir, 'postgresql.auto.conf'), standbySettings(source))
    await chmod(dataDir, 0o700)
  })
}

/** They were renamed with PostgreSQL 15. */
async function backupFunctions(client: Client): Promise<{ start: string; stop: string }> {
  const { rows } = await client.query<{ number: string }>(
    "SELECT current_setting('server_version_num') AS number",
  )
  if (Number(rows[0]?.number) >= 150_000)
    return { start: "SELECT pg_backup_start('standby', true)", stop: 'SELECT * FROM pg_backup_stop(false)' }
  return {
    start: "SELECT pg_start_backup('standby', true, false)",
    stop: 'SELECT * FROM pg_stop_backup(false, false)',
  }
}

/** The last word on a setting counts, so that nothing of the primary's own replication is inherited. */
function standbySettings({ primary, port, name }: StandbySource): string {
  const connection = `host=${primary.host} port=${port} user=${primary.user} password=${primary.password} application_name=${name}`
  return `\nprimary_conninfo = '${connection}'\nprimary_slot_name = '${name}'\nsynchronous_standby_names = ''\n`
}

/** Made anew by the server that starts on the copy, or not true of it. */
const emptied = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
])
const leftOut = new Set(['postmaster.pid', 'postmaster.opts', 'standby.signal', 'backup_label'])

class Copier {
  readonly #from: string
  readonly #to: string
  readonly #runAs: RunAs

  constructor(from: string, to: string, runAs: RunAs) {
    this.#from = from
    this.#to = to
    this.#runAs = runAs
  }

  /** `path` is relative to the data directory; '' is all of it. */
  async copyFolder(path: string): Promise<void> {
    for (const found of await readdir(join(this.#from, path), { withFileTypes: true })) {
      const inner = join(path, found.name)
      if (found.isDirectory()) {
        await this.makeFolder(inner)
        if (!emptied.has(inner)) await this.copyFolder(inner)
      } else if (!leftOut.has(inner)) await this.#copyFile(inner)
    }
  }

  async makeFolder(path: string): Promise<void> {
    await mkdir(join(this.#to, path), { recursive: true, mode: 0o700 })
    giveTo(join(this.#to, path), this.#runAs)
  }

  async write(path: string, text: string): Promise<void> {
    await writeFile(join(this.#to, path), text, { mode: 0o600 })
    giveTo(join(this.#to, path), this.#runAs)
  }

  async #copyFile(path: string): Promise<void> {
    try {
      await copyFile(join(this.#from, path), join(this.#to, path))
    } catch (error) {
      // The primary works on: what it has removed since, the write-ahead log removes from the copy too.
      if (isAbsent(error)) return
      throw error
    }
    giveTo(join(this.#to, path), this.#runAs)
  }
}

function isAbsent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}
