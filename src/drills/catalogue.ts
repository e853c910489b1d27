import type { Drill } from './drill.ts'
import { asyncFailover } from './scenarios/async-failover.ts'
import { cancelledCommit } from './scenarios/cancelled-commit.ts'
import { clockJump } from './scenarios/clock-jump.ts'
import { commitReplyCut } from './scenarios/commit-reply-cut.ts'
import { diskFull } from './scenarios/disk-full.ts'
import { poisonResult } from './scenarios/poison-result.ts'
import { crashEachAwaitDrill } from './scenarios/crash-each-await.ts'
import { fortyMillisecondRace } from './scenarios/forty-millisecond-race.ts'
import { payloadSwap } from './scenarios/payload-swap.ts'
import { peerForgets } from './scenarios/peer-forgets.ts'
import { replyCut, requestCut } from './scenarios/peer-cuts.ts'
import { slowEffect } from './scenarios/slow-effect.ts'
import { splitBrain } from './scenarios/split-brain.ts'
import { stampede } from './scenarios/stampede.ts'
import { syncFailover } from './scenarios/sync-failover.ts'
import { zombieWorker } from './scenarios/zombie-worker.ts'

/** Every drill, in the order in which they are held. */
export const drills: readonly Drill[] = [
  crashEachAwaitDrill,
  replyCut,
  requestCut,
  commitReplyCut,
  stampede,
  fortyMillisecondRace,
  zombieWorker,
  slowEffect,
  payloadSwap,
  clockJump,
  peerForgets,
  diskFull,
  poisonResult,
  syncFailover,
  asyncFailover,
  splitBrain,
  cancelledCommit,
]
