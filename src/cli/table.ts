import Table from 'cli-table3'
import type { DoubtReceipt, Receipt } from '../index.ts'

/** Keys and messages are other people's text: control characters become visible, so that none drives the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    const code = character.charCodeAt(0)
    return code === 10 ? '\\n' : code === 9 ? '\\t' : `\\x${code.toString(16).padStart(2, '0')}`
  })
}

/** A key as one would type it: the string, or the JSON array of its parts. */
export function keyText(key: string | readonly string[]): string {
  return printable(typeof key === 'string' ? key : JSON.stringify(key))
}

/** Lines in columns, without colours, so that it reads the same in a file. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' }
  const table = new Table({
    head: [...head],
    chars: {
      ...none,
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  table.push(...rows.map((row) => [...row]))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

export function entriesTable(entries: readonly Receipt[]): string {
  const rows = entries.map((entry) => [
    entry.ref,
    entry.state,
    printable(entry.operation),
    keyText(entry.key),
    printable(entry.subject ?? ''),
    String(entry.attempts),
    entry.claimedAt,
  ])
  return textTable(['REF', 'STATE', 'OPERATION', 'KEY', 'SUBJECT', 'ATTEMPTS', 'CLAIMED'], rows)
}

export function doubtsTable(doubts: readonly DoubtReceipt[]): string {
  const rows = doubts.map((doubt) => [
    doubt.ref,
    printable(doubt.operation),
    keyText(doubt.key),
    printable(doubt.subject ?? ''),
    doubt.since,
    printable(doubt.why),
  ])
  return textTable(['REF', 'OPERATION', 'KEY', 'SUBJECT', 'SINCE', 'WHY'], rows)
}

/** One receipt, a line per fact. */
export function receiptLines(receipt: Receipt | DoubtReceipt): string {
  const facts: (readonly [string, string | undefined])[] = [
    ['ref', receipt.ref],
    ['scope', printable(receipt.scope)],
    ['operation', printable(receipt.operation)],
    ['key', keyText(receipt.key)],
    ['subject', receipt.subject === undefined ? undefined : printable(receipt.subject)],
    ['state', receipt.state],
    ['since', 'since' in receipt ? receipt.since : undefined],
    ['why', 'why' in receipt ? printable(receipt.why) : undefined],
    ['attempts', String(receipt.attempts)],
    ['fence', `epoch ${receipt.fence.epoch}, attempt ${receipt.fence.attempt}`],
    ['claimed', receipt.claimedAt],
    ['finished', receipt.finishedAt],
    [
      'error',
      receipt.error === undefined ? undefined : `${receipt.error.code}: ${printable(receipt.error.message)}`,
    ],
    ['value', receipt.value === undefined ? undefined : JSON.stringify(receipt.value)],
    ...(receipt.steps ?? []).map(
      (step) => ['step', `${printable(step.name)}: ${step.state}, attempts ${step.attempts}`] as const,
    ),
  ]
  return facts
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `${name.padEnd(10)} ${text ?? ''}`)
    .join('\n')
}
