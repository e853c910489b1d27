export { audit, auditGroups } from './audit/audit.ts'
export { auditCsv } from './audit/csv.ts'
export { auditHtml } from './audit/html.ts'
export type { AuditOptions } from './audit/options.ts'
export { auditSql, type SqlOptions } from './audit/print-sql.ts'
export type {
  AuditColumn,
  AuditReport,
  Certainty,
  DuplicateGroup,
  KeyRelation,
  Pattern,
  PatternKind,
  PayloadRelation,
  Role,
  UnclearGroups,
} from './audit/report.ts'
export { type ApplyOptions, applyPlan, type CleanupResult, type Evidence, undoPlan } from './cleanup/apply.ts'
export type { CallCounts } from './cleanup/call.ts'
export { type FixOptions, planCleanup, type Planned } from './cleanup/make-plan.ts'
export {
  type CleanupAction,
  type CleanupPlan,
  type KeepRule,
  type LeftOut,
  type NamedRow,
  parsePlan,
  type PlannedKey,
  type PlannedQuestion,
  type RemovedRow,
} from './cleanup/plan.ts'
export { recallCsv } from './cleanup/recall.ts'
export { reconcileSql } from './compare/print-sql.ts'
export { differences, reconcile } from './compare/reconcile.ts'
export type { Cardinality, Verdict } from './compare/decisions.ts'
export type { ReconcileOptions } from './compare/options.ts'
export type { Difference, ReconcileReport, SideReport } from './compare/report.ts'
export { type FollowOptions, followReconcile, type FollowRound } from './follow/follow.ts'
export { reconcileHistory, type RoundRecord } from './follow/state.ts'
export type { ListOptions, NextPage } from './lists/options.ts'
export { openSource } from './sources/open.ts'
export type {
  Batch,
  Cell,
  Column,
  ColumnType,
  Progress,
  Rejected,
  Rejections,
  Row,
  Source,
  SourceOptions,
  SqlSide,
} from './sources/source.ts'
export type { WatchEvent } from './watch/events.ts'
export { watchDuplicates, type WatchOptions } from './watch/watch.ts'
