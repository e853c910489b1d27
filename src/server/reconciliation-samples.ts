import type { Sample } from '../telemetry/index.ts'
import type { RecordedResults } from './recorded.ts'

const looked = 50
const parts = ['missing', 'extra', 'duplicated', 'mismatched'] as const

export interface Reconciled {
  readonly id: string
  readonly at: string
  /** The `name` of the recorded document, else its scope. */
  readonly name: string
  /** Keys that were not clean. */
  readonly differences: number
}

/** The newest reconciliation of each name, among the last 50 of a scope. */
export async function newestReconciliations(
  recorded: RecordedResults,
  scope: string,
): Promise<readonly Reconciled[]> {
  const { found } = await recorded.list('reconciliations', scope, { limit: looked })
  const newest = new Map<string, Reconciled>()
  for (const { id, at, document } of found) {
    const given = document as Readonly<Record<string, unknown>>
    const name = typeof given['name'] === 'string' ? given['name'] : scope
    if (newest.has(name)) continue
    const differences = parts.reduce((sum, part) => sum + (Number(given[part]) || 0), 0)
    newest.set(name, { id, at, name, differences })
  }
  return [...newest.values()]
}

/** What alert rules ask for. */
export async function reconciliationSamples(
  recorded: RecordedResults,
  scopes: readonly string[],
): Promise<readonly Sample[]> {
  const found = await Promise.all(scopes.map((scope) => newestReconciliations(recorded, scope)))
  return found.flat().map(({ name, differences }) => ({
    metric: 'onceward_reconcile_differences',
    labels: { name },
    value: differences,
  }))
}
