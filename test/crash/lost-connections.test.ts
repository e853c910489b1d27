import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { observerName } from '../../src/drills/effect-rows.ts'
import type { WorkloadId } from '../../src/drills/workloads.ts'
import { violationsAfter } from './violations.ts'
import { isWhole, useStage } from './stages.ts'
import { answersOf, effectCounts, go, readyWorker } from '../../src/drills/workers.ts'

const minute = 60_000
const workloads: readonly WorkloadId[] = ['transactional', 'keyed', 'blind']
const terminateSql = `SELECT count(pg_terminate_backend(pid))::int AS ended FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> '${observerName}'`

/** Connections that the server cuts while statements and transactions are on their way. */
describe('workers whose connections are cut under load', () => {
  const stage = useStage('postgres', { leaseMs: 6_000 })

  it.each(workloads)('repeat nothing and lose nothing: %s', { timeout: 2 * minute }, async (workload) => {
    const keys = Array.from({ length: isWhole ? 200 : 60 }, (_, index) => `cut-${workload}-${index}`)
    const workers = await Promise.all(
      [0, 1].map((part) => {
        const own = keys.filter((_, index) => index % 2 === part)
        return readyWorker(stage(), { name: `${workload}-${part}`, workload, keys: own })
      }),
    )
    // The effects end one after the other, so that outcomes are written all the time.
    const { client } = stage().peer
    await Promise.all(
      keys.map((key, index) => client.ask<'plan'>({ op: 'plan', key, plan: { delayMs: 10 * (index % 60) } })),
    )
    const cutter = new Client({ connectionString: stage().storeUrl, application_name: observerName })
    await cutter.connect()
    const over = new AbortController()
    const cutting = cutUntil(over.signal, cutter)
    for (const worker of workers) go(worker)
    const answers = (await Promise.all(workers.map((worker) => answersOf(worker, keys.length / 2)))).flat()
    over.abort()
    const cuts = await cutting
    await cutter.end()
    await Promise.all(workers.map((worker) => worker.kill()))
    console.log(`${workload}: ${answers.length} answers, ${cuts} connections cut`)
    expect(cuts).toBeGreaterThan(0)
    expect(await violationsAfter(stage(), workload, answers)).toEqual([])
    const counts = await effectCounts(stage())
    expect(keys.filter((key) => counts.get(key) !== 1)).toEqual([])
  })
})

/** Cuts all connections but the drill's own, again and again. Gives how many. */
async function cutUntil(over: AbortSignal, cutter: Client): Promise<number> {
  let cuts = 0
  while (!over.aborted && cuts < 100) {
    const { rows } = await cutter.query<{ ended: number }>(terminateSql)
    cuts += rows[0]?.ended ?? 0
    await new Promise((resolve) => void setTimeout(resolve, 40))
  }
  return cuts
}
