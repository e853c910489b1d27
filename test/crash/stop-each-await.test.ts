import { describe, expect, it } from 'vitest'
import { stopEachAwait, type StopReport } from '../../src/drills/stop-each-await.ts'
import { type WorkloadId, workloadIds, workloadOf } from '../../src/drills/workloads.ts'
import { isWhole, needsStops, shareOf, type StoreName, tell, totalOf, useStage } from './stages.ts'

const minutes = 60_000
/** All stopped workers are in memory at once: this many await points lie between two of them, at least. */
const every = isWhole ? 3 : 8

function chosenFor(store: StoreName): readonly WorkloadId[] {
  if (isWhole) return workloadIds
  return store === 'sqlite'
    ? ['transactional', 'keyed', 'blind', 'steps-mixed']
    : ['transactional', 'steps-mixed']
}

/** The drill `zombie-worker`: SIGSTOP past the lease, SIGCONT. */
describe.each<StoreName>(['sqlite', 'postgres'])(
  'a worker that stands still at any await of an operation on %s, and goes on when others have taken over',
  (store) => {
    const stage = useStage(store)
    const chosen = chosenFor(store)
    const reports: StopReport[] = []

    it.for(chosen)('breaks no invariant: %s', { timeout: 5 * minutes }, async (workload, context) => {
      needsStops(context)
      const step = workloadOf(workload).hasSteps || store === 'postgres' ? every * 2 : every
      const { offset } = shareOf(step)
      const report = await stopEachAwait({ stage: stage(), workload, every: step, offset: offset ?? 1 })
      tell(store, report)
      reports.push(report)
      expect(report.violations).toEqual([])
      expect(report.stops).toBeGreaterThan(0)
    })

    it('and there were takeovers, replays, doubts and late outcomes', (context) => {
      needsStops(context)
      expect(reports).toHaveLength(chosen.length)
      const { takeovers, replays, inDoubt, lateOutcomes } = totalOf(reports)
      expect(Math.min(takeovers, replays, inDoubt, lateOutcomes)).toBeGreaterThan(0)
    })

    // Rule 8: behind an await, the check would be worth nothing here, for the target cannot tell the two apart.
    it('sends nothing behind a lease that it had looked at before', {
      timeout: 5 * minutes,
    }, async (context) => {
      needsStops(context)
      context.skip(!isWhole && store === 'postgres', 'the short run takes SQLite for it')
      // The way to the send takes twice as many awaits there.
      const range = store === 'sqlite' ? { until: 24 } : { every: 2, until: 48 }
      const report = await stopEachAwait({ stage: stage(), workload: 'verifiable', ...range })
      tell(store, report)
      expect(report.violations).toEqual([])
      expect(report.stops).toBe(24)
    })
  },
)
