import { describe, expect, it } from 'vitest'
import { crashEachAwait, type CrashReport } from '../../src/drills/crash-each-await.ts'
import { type WorkloadId, workloadIds, workloadOf } from '../../src/drills/workloads.ts'
import { isWhole, shareOf, type StoreName, tell, totalOf, useStage } from './stages.ts'

const minutes = 60_000

/**
 * Issue section 3, "Real crashes": a process of its own for each await of a guarded operation, killed there; the
 * invariants are checked at the peer's journal, for each safety and for stepped operations.
 */
export function describeCrashes(
  store: StoreName,
  every: { readonly plain: number; readonly stepped: number },
): void {
  describe(`a worker killed at any await of an operation on ${store}`, () => {
    const stage = useStage(store)
    const reports: CrashReport[] = []

    it.each(workloadIds)('breaks no invariant: %s', { timeout: 15 * minutes }, async (workload) => {
      const { hasSteps } = workloadOf(workload)
      const share = {
        ...shareOf(hasSteps ? every.stepped : every.plain),
        everyInEffect: hasSteps && !isWhole ? 2 : 1,
      }
      const report = await crashEachAwait({ stage: stage(), workload, ...share })
      tell(store, report)
      reports.push(report)
      expect(report.violations).toEqual([])
      expect(report.verdicts).toMatchObject(mustReach(workload))
      expect(report.crashes).toBeGreaterThanOrEqual(Math.floor(report.points / (share.every ?? 1) / 2))
    })

    it('and there were takeovers, replays and doubts', () => {
      expect(reports).toHaveLength(workloadIds.length)
      const { takeovers, replays, inDoubt } = totalOf(reports)
      expect(Math.min(takeovers, replays, inDoubt)).toBeGreaterThan(0)
    })
  })
}

/** What a run proves nothing without. Doubts are for targets that know nothing. */
function mustReach(workload: WorkloadId): Record<string, string> {
  const isBlind = workloadOf(workload).parts.some(({ safety }) => safety === 'blind')
  const doubts = isBlind ? 'held' : 'not-reached'
  return {
    I1: 'held',
    I2: 'held',
    I3: 'held',
    I4: 'held',
    I5: doubts,
    I6: 'held',
    I7: 'held',
    I8: doubts,
    L1: 'held',
  }
}
