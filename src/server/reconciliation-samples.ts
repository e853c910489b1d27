import type { Sample } from '../telemetry/index.ts'
import type { RecordedResults } from './recorded.ts'

const looked = 50
const parts = ['missing', 'extra', 'duplicated', 'mismatched'] as const

/**
 * How many keys were not clean in the newest reconciliation of each name (the `name` of the recorded document, else its
 * scope), among the last 50 of each scope: what alerts ask for.
 */
export async function reconciliationSamples(
  recorded: RecordedResults,
  scopes: readonly string[],
): Promise<readonly Sample[]> {
  const newest = new Map<string, number>()
  for (const scope of scopes) {
    const { found } = await recorded.list('reconciliations', scope, { limit: looked })
    for (const { document } of found) {
      const given = document as Readonly<Record<string, unknown>>
      const name = typeof given['name'] === 'string' ? given['name'] : scope
      if (newest.has(name)) continue
      const differences = parts.reduce((sum, part) => sum + (Number(given[part]) || 0), 0)
      newest.set(name, differences)
    }
  }
  return [...newest].map(([name, value]) => ({
    metric: 'onceward_reconcile_differences',
    labels: { name },
    value,
  }))
}
