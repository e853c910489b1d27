import { formatAmount } from '../values/amount.ts'
import { countText, durationText, shareText } from '../values/format.ts'
import type { AuditReport, DuplicateGroup } from './report.ts'

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; overflow-wrap: anywhere }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } .bar { background: #b3402a; height: .8rem; min-width: 1px }
.unclear td { color: #666 } .lead { font-size: 1.1rem } code { overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #181818 } td, th { border-color: #444 } .unclear td { color: #aaa } }
@media print { body { margin: 0 } }`

/** The report as one page: no scripts, nothing from elsewhere, every text of the data escaped. */
export function auditHtml(report: AuditReport): string {
  const body = [
    lead(report),
    patterns(report),
    gaps(report),
    groups(report),
    columns(report),
    rejected(report),
    notes(report),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Audit of ${escaped(report.source)}</title>
<style>${style}
</style>
</head>
<body>
<h1>Audit of <code>${escaped(report.source)}</code></h1>
${body.filter((part) => part !== '').join('\n')}
</body>
</html>
`
}

export function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => names[character] ?? character)
}

function lead(report: AuditReport): string {
  const {
    rows,
    refs,
    duplicateRefs,
    extraRows,
    extraAmount,
    minorDigits,
    certainty,
    window,
    unclear,
    repeatedRows,
  } = report
  const money = extraAmount === undefined ? '' : `, ${formatAmount(extraAmount, minorDigits)} in all`
  const lines = [
    `<p class="lead"><b>${countText(duplicateRefs)}</b> of ${countText(refs)} references were done more than once: ${countText(extraRows)} effects too many${money}.</p>`,
    `<p>${countText(certainty.sure)} sure, ${countText(certainty.likely)} likely, ${countText(certainty.possible)} possible. ${countText(rows)} rows read (${escaped(report.reading)})${window === null ? '' : `, ${window.from} to ${window.to}`}.</p>`,
  ]
  if (report.baseline !== undefined && report.baseline.changeShare !== null)
    lines.push(
      `<p>${escaped(report.baseline.source)} has ${countText(report.baseline.rows)} rows: a change of ${shareText(report.baseline.changeShare)}.</p>`,
    )
  if (unclear.refs > 0) {
    const reasons = unclear.reasons.map(
      ({ why, refs: count }) => `<li>${countText(count)}: ${escaped(why)}</li>`,
    )
    lines.push(
      `<p>Not counted: ${countText(unclear.refs)} references that look like several wishes.</p><ul>${reasons.join('')}</ul>`,
    )
  }
  if (repeatedRows > 0)
    lines.push(`<p>${countText(repeatedRows)} rows list an effect again that another row lists.</p>`)
  return lines.join('\n')
}

function patterns({ patterns: all }: AuditReport): string {
  return section(
    'Patterns',
    ['Pattern', 'Share', 'What'],
    all.map(({ kind, share, detail }) => [escaped(kind), shareText(share), escaped(detail)]),
  )
}

function gaps({ gaps: bounds }: AuditReport): string {
  const most = Math.max(1, ...bounds.map(({ refs }) => refs))
  const rows = bounds.map(({ belowMs, refs }) => [
    belowMs === null ? 'longer' : `below ${durationText(belowMs)}`,
    countText(refs),
    `<div class="bar" style="width:${Math.round((refs / most) * 300)}px"></div>`,
  ])
  return section('Gaps', ['Gap', 'References', ''], rows)
}

function groups({ groups: all, minorDigits }: AuditReport): string {
  if (all.length === 0) return ''
  const head = ['Reference', 'Effects', 'First', 'Last', 'Amount', 'Sure', 'Why']
    .map((name) => `<th>${name}</th>`)
    .join('')
  return `<h2>Groups</h2>\n<table><thead><tr>${head}</tr></thead><tbody>\n${all.map((group) => groupRow(group, minorDigits)).join('\n')}\n</tbody></table>`
}

function groupRow(group: DuplicateGroup, minorDigits: number): string {
  const ref = typeof group.ref === 'string' ? group.ref : JSON.stringify(group.ref)
  const amount = group.extraAmount === undefined ? '' : formatAmount(group.extraAmount, minorDigits)
  const cells = [
    ref,
    String(group.count),
    group.firstAt ?? '',
    group.lastAt ?? '',
    amount,
    group.certainty,
    group.reason,
  ]
  const kind = group.certainty === 'unclear' ? ' class="unclear"' : ''
  return `<tr${kind}>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`
}

function columns({ columns: all }: AuditReport): string {
  const rows = all.map(({ name, type, role, isIgnored }) => [
    escaped(name),
    type,
    isIgnored === true ? 'not compared' : (role ?? 'compared'),
  ])
  return section('Columns', ['Column', 'Type', 'As'], rows)
}

function rejected({ rejected: all, rejectedRows }: AuditReport): string {
  const rows = all.map(({ line, why, file }) => [escaped(file ?? ''), String(line), escaped(why)])
  return section(`Rows that could not be read: ${countText(rejectedRows)}`, ['File', 'Line', 'Why'], rows)
}

function notes({ notes: all }: AuditReport): string {
  return all.length === 0
    ? ''
    : `<h2>Notes</h2>\n<ul>${all.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>`
}

/** Cells are HTML already. */
function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const names = head.map((name) => `<th>${name}</th>`).join('')
  const lines = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
  return `<h2>${title}</h2>\n<table><thead><tr>${names}</tr></thead><tbody>\n${lines.join('\n')}\n</tbody></table>`
}
