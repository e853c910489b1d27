import type { AuditReport, DuplicateGroup } from '../../reconcile/index.ts'
import { formatAmount } from '../../reconcile/values/amount.ts'
import { countText, durationText, shareText } from '../../reconcile/values/format.ts'
import { printable, textTable } from '../table.ts'

const shownGroups = 20
const barWidth = 40

/** An audit for people. */
export function auditText(report: AuditReport): string {
  return [
    head(report),
    verdict(report),
    patterns(report),
    gaps(report),
    groups(report),
    unclear(report),
    rejected(report),
    report.notes.map((note) => `Note: ${printable(note)}`).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function head({ source, reading, rows, window, columns, guessed }: AuditReport): string {
  const span = window === null ? '' : `, ${window.from} to ${window.to}`
  const guesses = new Set(guessed.map(({ column }) => column))
  const cells = columns.map(({ name, type, role, isIgnored }) => [
    printable(name),
    type,
    isIgnored === true ? 'not compared' : (role ?? 'compared'),
    guesses.has(name) ? 'guessed' : '',
  ])
  return `${printable(source)}: ${reading}, ${countText(rows)} rows${span}\n\n${textTable(['COLUMN', 'TYPE', 'AS', ''], cells)}`
}

function verdict(report: AuditReport): string {
  const { refs, duplicateRefs, extraRows, extraAmount, minorDigits, certainty, baseline, rows } = report
  const lines: string[] = []
  if (duplicateRefs === 0)
    lines.push(`No reference of ${countText(refs)} has more than one effect of one wish.`)
  else {
    const money = extraAmount === undefined ? '' : `, ${formatAmount(extraAmount, minorDigits)} in all`
    lines.push(
      `${countText(duplicateRefs)} of ${countText(refs)} references were done more than once: ${counted(extraRows, 'effect')} too many${money}.`,
      `How sure: ${countText(certainty.sure)} sure, ${countText(certainty.likely)} likely, ${countText(certainty.possible)} possible.`,
    )
  }
  if (baseline !== undefined && baseline.changeShare !== null) {
    const sign = baseline.changeShare >= 0 ? '+' : ''
    lines.push(
      `${printable(baseline.source)} has ${countText(baseline.rows)} rows, this one ${countText(rows)}: ${sign}${shareText(baseline.changeShare)}.`,
    )
  }
  return lines.join('\n')
}

function patterns(report: AuditReport): string {
  if (report.patterns.length === 0) return ''
  const rows = report.patterns.map(({ kind, share, detail }) => [kind, shareText(share), printable(detail)])
  return textTable(['PATTERN', 'SHARE', 'WHAT'], rows)
}

function gaps({ gaps: bounds }: AuditReport): string {
  const most = Math.max(...bounds.map(({ refs }) => refs))
  if (bounds.length === 0 || most === 0) return ''
  const first = bounds.findIndex(({ refs }) => refs > 0)
  const last = bounds.findLastIndex(({ refs }) => refs > 0)
  const rows = bounds
    .slice(first, last + 1)
    .map(({ belowMs, refs }) => [
      belowMs === null ? 'longer' : `below ${durationText(belowMs)}`,
      countText(refs),
      '#'.repeat(refs === 0 ? 0 : Math.max(1, Math.round((refs / most) * barWidth))),
    ])
  return textTable(['GAP', 'REFERENCES', ''], rows)
}

function groups({ groups: all, duplicateRefs, unclear: { refs: unclearRefs } }: AuditReport): string {
  if (all.length === 0) return ''
  const shown = all.slice(0, shownGroups)
  const table = textTable(['REFERENCE', 'EFFECTS', 'FIRST', 'SURE', 'WHY'], shown.map(groupRow))
  const more = duplicateRefs + unclearRefs - shown.length
  return more > 0
    ? `${table}\n… and ${countText(more)} more (--csv FILE writes those that --limit allows)`
    : table
}

function groupRow(group: DuplicateGroup): string[] {
  return [
    refText(group.ref),
    String(group.count),
    group.firstAt ?? '',
    group.certainty,
    printable(group.reason),
  ]
}

export function refText(ref: DuplicateGroup['ref']): string {
  return printable(typeof ref === 'string' ? ref : JSON.stringify(ref))
}

function unclear({ unclear: { refs, reasons }, repeatedRows }: AuditReport): string {
  const lines = []
  if (refs > 0) {
    lines.push(
      `Not counted: ${countText(refs)} references with more than one effect that look like several wishes:`,
    )
    for (const { why, refs: count } of reasons) lines.push(`  ${countText(count)}: ${printable(why)}`)
  }
  if (repeatedRows > 0)
    lines.push(
      `${countText(repeatedRows)} rows list an effect again that another row lists; each effect is counted once.`,
    )
  return lines.join('\n')
}

function rejected({ rejectedRows, rejected: listed }: AuditReport): string {
  if (rejectedRows === 0) return ''
  const shown = listed
    .slice(0, 5)
    .map(
      ({ line, why, file }) =>
        `  ${file === undefined ? '' : `${printable(file)}, `}line ${line}: ${printable(why)}`,
    )
  const more = rejectedRows > shown.length ? [`  … and ${countText(rejectedRows - shown.length)} more`] : []
  return [`${countText(rejectedRows)} rows could not be read:`, ...shown, ...more].join('\n')
}

function counted(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 ? '' : 's'}`
}
