import { statSync } from 'node:fs'
import type { Client } from 'pg'
import { sqlitePathOf } from '../../stores/open.ts'
import { aftermath } from '../aftermath.ts'
import type { CheckId } from '../checks.ts'
import type { Drill, DrillContext, Findings } from '../drill.ts'
import { observerName } from '../effect-rows.ts'
import { rowAt } from '../history.ts'
import { canLimitFiles, familyOf, limitFiles } from '../file-limit.ts'
import type { Place } from '../places/place.ts'
import { lockSqlite } from '../sqlite-lock.ts'
import type { Stage } from '../stage.ts'
import { answersOf, effectCounts, go, readyWorker } from '../workers.ts'
import type { WorkloadId } from '../workloads.ts'

const workload: WorkloadId = 'blind'
/** What fits on the last page is still taken on PostgreSQL: more than that must come. */
const keysBySize = { small: 60, whole: 80, full: 200 } as const
const storeTimeoutMs = 800
/** More than a segment of the write-ahead log, which must still be written. */
const ballastRows = 6_000

export const diskFull: Drill = {
  id: 'disk-full',
  fault: 'the files of the store cannot grow any more, or are locked (SQLITE_BUSY)',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'L1'],
  skips,
  run,
}

function skips({ kind, isUsersOwn }: Place): string | undefined {
  if (isUsersOwn) return 'the disk of a store of your own is not filled'
  if (kind === 'postgres' && !canLimitFiles)
    return 'needs Linux with prlimit (util-linux) to keep files from growing'
  return undefined
}

/** One way in which nothing can be written. Gives how it ends. */
interface Outage {
  readonly name: string
  /** `worker` is the process that is to be hindered. */
  begin(worker: number): Promise<() => Promise<void>>
}

async function run(context: DrillContext): Promise<Findings> {
  const stage = await context.stage({ leaseMs: 2_000, storeTimeoutMs })
  const outages = context.place.kind === 'sqlite' ? sqliteOutages(stage) : await postgresOutages(context)
  const count = keysBySize[context.size]
  context.plan({ outages: outages.map(({ name }) => name), keys: count, storeTimeoutMs })
  const histories = []
  const broken = []
  let faults = 0
  for (const outage of outages) {
    context.say(`${count} calls while ${outage.name}`)
    const keys = Array.from({ length: count }, (_, index) => `${outage.name.replaceAll(' ', '-')}-${index}`)
    const worker = await readyWorker(stage, {
      name: `worker-${histories.length}`,
      workload,
      keys,
      waitMs: 5_000,
    })
    const end = await outage.begin(worker.pid)
    context.onEnd(end)
    go(worker)
    const answers = await answersOf(worker, count)
    const happened = await effectCounts(stage)
    faults += answers.filter(({ thrown }) => thrown?.code === 'STORE_UNAVAILABLE').length
    await end()
    await worker.kill()
    const affair = { workload, keys, fault: outage.name, mayDoubt: 'where-open', answers } as const
    const found = await aftermath(stage, affair)
    const unfounded = found.filter((one) => happened.has(one.key) && rowAt(one, 'after-fault') === undefined)
    for (const { key } of unfounded)
      broken.push({ check: 'I5' as CheckId, key, what: 'it happened, and no start of it was on record' })
    histories.push(...found)
  }
  return { stage, histories, faults, broken }
}

function sqliteOutages(stage: Stage): readonly Outage[] {
  const locked: Outage = {
    name: 'the file is locked',
    begin: () => {
      const lock = lockSqlite(stage.storeUrl)
      return Promise.resolve(() => Promise.resolve(lock.release()))
    },
  }
  const full: Outage = {
    name: 'the file cannot grow',
    begin: async (worker) => {
      await limitFiles({ pids: [worker] }, sizeNow(`${sqlitePathOf(stage.storeUrl)}-wal`))
      return () => limitFiles({ pids: [worker] }, undefined)
    },
  }
  return canLimitFiles ? [locked, full] : [locked]
}

/** The log only grows at its end. Without one, a rollback journal cannot even begin. */
function sizeNow(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size || 1
}

async function postgresOutages(context: DrillContext): Promise<readonly Outage[]> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: context.place.url, application_name: observerName })
  client.on('error', () => undefined)
  await client.connect()
  context.onEnd(() => client.end())
  await loadBallast(client)
  const { server } = context.place
  if (server === undefined) throw new Error('a throw-away PostgreSQL has a server of its own')
  const limit = (bytes: number | undefined): Promise<void> =>
    limitFiles({ pids: familyOf(server.pid), runAs: server.binaries.runAs }, bytes)
  return [
    {
      name: 'the tables cannot grow',
      begin: async () => {
        const { rows } = await client.query<{ bytes: string }>(
          "SELECT pg_relation_size('onceward_entries') AS bytes",
        )
        await limit(Number(rows[0]?.bytes))
        return () => limit(undefined)
      },
    },
  ]
}

/** Rows of another scope, so that the table is larger than any other file that is still to be written. */
async function loadBallast(client: Client): Promise<void> {
  await client.query(
    `INSERT INTO onceward_entries (claimed_at_ms, lease_until_ms, lease_ms, retain_ms, epoch, attempt, round, rev,
       owner_write, state, safety, earlier_unknown, value_kept, ref, scope, operation, key, fingerprint, owner)
     SELECT 0, 0, 0, 9e15, 1, 1, 0, 1, 0, 3, 0, false, true, 'ballast-' || n, 'ballast', 'none', n::text, repeat('x', 80), ''
     FROM generate_series(1, ${ballastRows}) AS n`,
  )
}
