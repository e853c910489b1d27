import { PgBoss } from 'pg-boss'
import { measureLoad, type Work } from '../load.ts'
import type { Contender, Setting } from './contender.ts'
import { charged } from './operations.ts'
import { PostgresProbe } from './postgres-probe.ts'

const queue = 'charges'

/** A queue, not a ledger: a job that is sent, fetched and completed is the nearest thing to a guarded effect. */
export async function pgBossContender(setting: Setting): Promise<Contender> {
  if (setting.postgresUrl === undefined) throw new Error('pg-boss needs a server')
  const probe = await PostgresProbe.connect(setting.postgresUrl)
  const boss = new PgBoss({ connectionString: probe.url, max: 16, supervise: false, schedule: false })
  boss.on('error', (error) => console.error('pg-boss:', error.message))
  await boss.start()
  await boss.createQueue(queue)
  const run = async (n: number): Promise<void> => {
    await boss.send(queue, { order: n, amount: 4_200, currency: 'EUR' })
    const [job] = await boss.fetch(queue)
    // Another loop may have fetched the job of this one, which then fetches that one's: none is left over.
    if (job !== undefined) await boss.complete(queue, job.id, charged(job.id))
  }
  return {
    measure: async (cell, window) => {
      await boss.deleteAllJobs(queue)
      await probe.checkpoint()
      const work: Work = { run, logBytes: () => probe.logBytes() }
      return measureLoad(work, cell.concurrency, window)
    },
    close: async () => {
      await boss.stop({ graceful: false })
      await probe.query('DROP SCHEMA pgboss CASCADE')
      await probe.close()
    },
  }
}
