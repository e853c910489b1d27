import type { AuditReport } from '../../../src/reconcile/index.ts'
import type { Truth } from './effects.ts'

/** A report, in the words of the truth. */
export function truthOf(report: AuditReport): Truth {
  return {
    rows: report.rows,
    refs: report.refs,
    duplicateRefs: report.duplicateRefs,
    extraRows: report.extraRows,
    extraAmount: report.extraAmount ?? 0,
    unclearRefs: report.unclear.refs,
    repeatedRows: report.repeatedRows,
    patterns: new Set(report.patterns.map(({ kind }) => kind)),
  }
}
