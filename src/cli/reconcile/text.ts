import type { CleanupPlan, CleanupResult, Difference, ReconcileReport } from '../../reconcile/index.ts'
import { countText } from '../../reconcile/values/format.ts'
import { printable, textTable } from '../table.ts'

const shownSamples = 10
const kinds = ['missing', 'extra', 'duplicated', 'uneven', 'mismatched', 'pending'] as const

const meanings: Readonly<Record<(typeof kinds)[number] | 'matched', string>> = {
  matched: 'the same on both sides',
  missing: 'left only',
  extra: 'right only',
  duplicated: 'once left, several times right',
  uneven: 'several times left, another number right',
  mismatched: 'on both sides, with other values',
  pending: 'on one side only, but inside the grace',
}

/** A reconciliation for people. */
export function reconcileText(report: ReconcileReport): string {
  const rows = (['matched', ...kinds] as const).map((kind) => [kind, countText(report[kind]), meanings[kind]])
  return [
    sides(report),
    textTable(['KEYS', 'COUNT', 'WHAT'], rows),
    cardinality(report),
    samples(report),
    verdict(report),
    report.notes.map((note) => `Note: ${printable(note)}`).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function sides({ left, right, on, compared, asOf, graceMs }: ReconcileReport): string {
  const line = (name: string, side: ReconcileReport['left']): string =>
    `${name}: ${printable(side.source)}: ${side.reading}, ${countText(side.rows)} rows, ${countText(side.keys)} keys`
  const grace = asOf === null ? '' : `; as of ${asOf} less ${String((graceMs ?? 0) / 1000)} s`
  const values = compared.length === 0 ? '' : `; compared: ${printable(compared.join(', '))}`
  return `${line('Left', left)}\n${line('Right', right)}\nOn ${printable(on.join(', '))}${values}${grace}`
}

function cardinality({ cardinality: counts }: ReconcileReport): string {
  const filled = Object.entries(counts).filter(([, count]) => count > 0)
  return filled.length === 0
    ? ''
    : textTable(
        ['LEFT:RIGHT', 'KEYS'],
        filled.map(([name, count]) => [name, countText(count)]),
      )
}

function samples({ samples: lists }: ReconcileReport): string {
  const shown = kinds.flatMap((kind) => lists[kind].slice(0, shownSamples))
  return shown.length === 0 ? '' : textTable(['KIND', 'KEY', 'LEFT', 'RIGHT', 'WHAT'], shown.map(sampleRow))
}

function sampleRow({ kind, key, left, right, leftAt, rightAt, differs }: Difference): string[] {
  const what = differs?.map(({ column, left: a, right: b }) => `${column}: ${a ?? '–'} ≠ ${b ?? '–'}`)
  return [
    kind,
    printable(typeof key === 'string' ? key : JSON.stringify(key)),
    String(left),
    String(right),
    printable(what?.join(', ') ?? leftAt ?? rightAt ?? ''),
  ]
}

function verdict({ clean, left, right, pending }: ReconcileReport): string {
  const later = pending > 0 ? ` Pending, may still come: ${countText(pending)}.` : ''
  const lines = [clean ? `Clean.${later}` : `Not clean.${later}`]
  for (const side of [left, right]) {
    if (side.rejectedRows === 0) continue
    const [first] = side.rejected
    lines.push(
      `${countText(side.rejectedRows)} rows of ${printable(side.source)} could not be read: line ${first?.line ?? '?'}: ${printable(first?.why ?? '')}`,
    )
  }
  return lines.join('\n')
}

export function planText(plan: CleanupPlan, path: string): string {
  const { expected, leftOut } = plan
  const lines = [
    `Plan ${plan.id}: ${printable(plan.what)}.`,
    `${countText(expected.keys)} keys: ${countText(expected.remove)} rows go, ${countText(expected.keep)} stay. ${plan.rule}`,
    `A row goes only if it equals one that stays in: ${printable(plan.twinColumns.join(', ')) || 'its key (no other column is compared)'}.`,
  ]
  if (leftOut.keys > 0) {
    lines.push(`${countText(leftOut.keys)} keys are left as they are, as nothing proves a repetition:`)
    for (const { key, why } of leftOut.listed.slice(0, shownSamples))
      lines.push(`  ${printable(key.join(', '))}: ${printable(why)}`)
  }
  lines.push(`Nothing was changed. Look at it with: onceward reconcile apply ${printable(path)}`)
  return lines.join('\n')
}

interface Told {
  readonly name: 'apply' | 'undo'
  readonly path: string
  readonly plan: CleanupPlan
}

export function cleanupText(result: CleanupResult, { name, path, plan }: Told): string {
  const { evidence, rows, before, executed, expected, calls, after } = result
  const lines: string[] = []
  if (!executed) {
    lines.push(
      textTable(
        ['KEY', 'GOES', 'REPEATS, AND STAYS'],
        evidence
          .slice(0, 20)
          .map(({ key, remove, twin }) => [key, remove, twin].map((list) => printable(list.join(', ')))),
      ),
      `Dry run of plan ${result.plan}: ${countText(rows)} rows would ${name === 'undo' ? 'come back' : 'go'}, ${countText(before)} are gone already, of ${countText(expected.remove)}. Nothing was changed.`,
      plan.action.kind === 'list'
        ? 'These rows cannot be changed from here: --recall FILE writes the list for whoever can take them back.'
        : `To do it: onceward reconcile ${name} ${printable(path)} --approve NAME --execute`,
    )
    return lines.join('\n\n')
  }
  lines.push(
    `Plan ${result.plan}, approved by ${printable(result.by ?? '')}: ${countText(rows)} rows ${name === 'undo' ? 'brought back' : calls === undefined ? 'removed' : 'called for'}.`,
  )
  if (calls !== undefined)
    lines.push(
      `Calls: ${countText(calls.done)} done (${countText(calls.replayed)} of them before), ${countText(calls.failed)} refused, ${countText(calls.inDoubt)} in doubt.`,
    )
  if (after !== undefined)
    lines.push(
      `Compared again: ${countText(after.duplicated + after.uneven)} keys too often, ${countText(after.missing)} missing, ${countText(after.extra)} extra, ${countText(after.mismatched)} with other values.`,
    )
  return lines.join('\n')
}
