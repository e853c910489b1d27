/**
 * `onceward/drills`: faults that are brought about on purpose, and what must hold under them.
 *
 * `faultProxy` cuts, stalls and slows connections in tests of your own; `runDrills` is what `onceward drill` runs;
 * `runStoreCrashes` kills processes that work on a store of your own.
 */
export {
  type Address,
  type ArmedCut,
  type Cut,
  faultProxy,
  type FaultProxy,
  type FaultProxyOptions,
  type HttpRequest,
  type Impairment,
  isCommit,
  type PostgresRequest,
  type ProxiedRequest,
  type RawRequest,
  type RequestMatch,
} from './proxy/index.ts'
export type { CheckId, DrillSize, Residual } from './checks.ts'
export { runStoreCrashes, type CrashPlace, type StoreUnderCrashes } from './run-store-crashes.ts'
export type { DrillReport, DrillResult, DrillVerdict, SkippedDrill } from './report.ts'
export { listTargetDrills, runTargetDrills, type TargetOptions } from './target/run-target-drills.ts'
export type {
  DrillTarget,
  ServiceCommand,
  TargetAnswer,
  TargetContext,
  TargetDrillInfo,
  TargetInstance,
  TargetIntent,
} from './target/target.ts'
export { type DrillInfo, type DrillOptions, type DrillProgress, listDrills, runDrills } from './run-drills.ts'
