import type { CleanupPlan } from './plan.ts'

/** What a partner is sent who has acted twice: for each row to take back, the one that stays. One CSV. */
export function recallCsv({ keys, question, idColumns, id }: CleanupPlan): string {
  const keyNames = question.on.split(',').map((pair) => pair.split('=').at(-1)?.trim() ?? '')
  const head = [
    ...keyNames,
    ...idColumns.map((name) => `recall_${name}`),
    ...idColumns.map((name) => `keep_${name}`),
    'reason',
    'plan',
  ]
  const lines = keys.flatMap(({ key, remove }) =>
    remove.map((row) => [...key, ...row.id, ...row.twin, `repeats ${row.twin.join(' ')}`, id]),
  )
  return [head, ...lines].map((line) => `${line.map(cellOf).join(',')}\r\n`).join('')
}

/** A spreadsheet runs a cell that begins like a formula: an apostrophe keeps it text (OWASP, CSV injection). */
function cellOf(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
