import { DBOS } from '@dbos-inc/dbos-sdk'
import { measureLoad, type Work } from '../load.ts'
import { type Contender, replayEntries, type Setting } from './contender.ts'
import { charged } from './operations.ts'
import { PostgresProbe } from './postgres-probe.ts'

/** Connections for DBOS: more than its default of 10 made it no faster where this was tried. */
const poolSize = 20
const databaseName = 'dbos_bench'

/** Durable workflows of two steps: the nearest DBOS has to a guarded effect, and it records more (each step). */
export async function dbosContender(setting: Setting): Promise<Contender> {
  if (setting.postgresUrl === undefined) throw new Error('DBOS needs a server')
  const probe = await PostgresProbe.connect(setting.postgresUrl)
  await probe.query(`DROP DATABASE IF EXISTS ${databaseName}`)
  await probe.query(`CREATE DATABASE ${databaseName}`)
  const url = new URL(setting.postgresUrl)
  url.pathname = `/${databaseName}`
  DBOS.setConfig({
    name: 'onceward-bench',
    systemDatabaseUrl: url.href,
    systemDatabasePoolSize: poolSize,
    logLevel: 'error',
  })
  const workflow = DBOS.registerWorkflow(twoSteps, { name: 'charge' })
  await DBOS.launch()
  let series = 0
  const start = (id: string): Promise<unknown> => DBOS.withNextWorkflowID(id, () => workflow(id))
  return {
    measure: async (cell, window) => {
      series += 1
      const name = (n: number): string => `bench-${series}-${n}`
      if (cell.work === 'replay') await startAll(start, name)
      await probe.checkpoint()
      const run = (n: number): Promise<unknown> => start(name(cell.work === 'replay' ? n % replays : n))
      const work: Work = { run, logBytes: () => probe.logBytes() }
      return measureLoad(work, cell.concurrency, window)
    },
    close: async () => {
      await DBOS.shutdown()
      await probe.query(`DROP DATABASE IF EXISTS ${databaseName} WITH (FORCE)`)
      await probe.close()
    },
  }
}

/** Fewer than the others' entries: they take DBOS a few seconds. */
const replays = replayEntries / 10

async function startAll(start: (id: string) => Promise<unknown>, name: (n: number) => string): Promise<void> {
  for (let from = 0; from < replays; from += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => start(name(from + index))))
  }
}

async function twoSteps(order: string): Promise<unknown> {
  const reserved = await DBOS.runStep(() => Promise.resolve(charged(order)), { name: 'reserve' })
  const sent = await DBOS.runStep(() => Promise.resolve(charged(order)), { name: 'send' })
  return { reserved, sent }
}

/** Said in the results. */
export const dbosPoolSize: number = poolSize
