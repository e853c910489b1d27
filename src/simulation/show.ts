/** One word for each result of an answer, and its row's state and fence where it has one. */
export function showAnswer(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return 'ok'
  if ('epoch' in answer && 'nonce' in answer) return `epoch ${String(answer.epoch)}`
  if (!('results' in answer)) return 'ok'
  return (answer.results as readonly unknown[]).map(showResult).join(', ')
}

function showResult(result: unknown): string {
  if (typeof result !== 'object' || result === null) return 'none'
  const { kind, entry } = result as { readonly kind?: string; readonly entry?: unknown }
  const row = kind === undefined ? result : entry
  const text = typeof row === 'object' && row !== null && 'state' in row ? showRow(row as ShownRow) : ''
  return [kind, text].filter((part) => part !== undefined && part !== '').join(' ')
}

interface ShownRow {
  readonly state: string
  readonly epoch: number
  readonly attempt: number
  readonly rev: number
}

/** `started (1, 2) rev 5`: the state, the fence, the revision. */
export function showRow({ state, epoch, attempt, rev }: ShownRow): string {
  return `${state} (${epoch}, ${attempt}) rev ${rev}`
}
