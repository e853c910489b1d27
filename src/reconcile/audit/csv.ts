import type { AuditReport, DuplicateGroup } from './report.ts'

const columns = [
  'ref',
  'count',
  'firstAt',
  'lastAt',
  'gapMs',
  'keyRelation',
  'payload',
  'workers',
  'extraAmount',
  'certainty',
  'reason',
] as const

/** The groups of a report, one a line. */
export function auditCsv({ groups }: AuditReport): string {
  const lines = groups.map((group) => columns.map((column) => cellOf(group[column])).join(','))
  return [columns.join(','), ...lines, ''].join('\r\n')
}

function cellOf(value: DuplicateGroup[keyof DuplicateGroup]): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  return quoted(harmless(typeof value === 'string' ? value : JSON.stringify(value)))
}

/** A spreadsheet runs a cell that begins like a formula: an apostrophe keeps it text (OWASP, CSV injection). */
function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
