import type { Drill, DrillContext, Findings } from '../drill.ts'
import { conflictingHistories } from '../failover/conflicting.ts'
import { residualsOf } from '../failover/residual.ts'
import { silentPrimary } from '../failover/silent-primary.ts'
import { pairSkips } from '../failover/skips.ts'

/**
 * The standby takes over while the old primary lives, and some workers reach only the one, others only the other. Under
 * synchronous replication the old one can acknowledge nothing. Under asynchronous replication what was done under it is
 * recalled once its workers reach the new one, and where both acted, nobody is believed.
 */
export const splitBrain: Drill = {
  id: 'split-brain',
  fault: 'the standby is promoted while the old primary lives, and workers are on both sides',
  stores: ['postgres'],
  mustReach: ['I1', 'I2', 'I7', 'L1', 'S2', 'S4', 'S8'],
  skips: pairSkips,
  run,
}

async function run(context: DrillContext): Promise<Findings> {
  const promoteAtShare = 0.2 + context.random() * 0.3
  context.plan({ promoteAtShare })
  const [silent, conflicting] = await Promise.all([
    silentPrimary(context, promoteAtShare),
    conflictingHistories(context, promoteAtShare),
  ])
  return {
    stage: conflicting.stage,
    histories: [...conflicting.histories, ...silent.histories],
    alongside: [silent.stage],
    faults: silent.refused > 0 && conflicting.conflicts > 0 ? 2 : 0,
    occurred: { S4: conflicting.recalled, S8: conflicting.conflicts },
    broken: [...silent.broken, ...conflicting.broken],
    residuals: residualsOf('partition-longer-than-the-wait', [conflicting.residual]),
    measured: {
      refusedByTheSilentPrimary: silent.refused,
      recalled: conflicting.recalled,
      conflicts: conflicting.conflicts,
    },
  }
}
