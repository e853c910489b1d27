import { OncewardError } from '../../kernel/errors.ts'
import type { CheckRule } from './report.ts'

/** Of a ledger: `null` or `undefined` where there is none yet. */
type Found = number | null | undefined

/** The check of both kinds of store: `known` is the newest version of its schema that this Onceward knows. */
export function schemaVersionCheck(known: number): CheckRule<{ readonly schemaVersion: Found }> {
  return {
    id: 'schemaVersion',
    setting: 'version of the ledger',
    needs: 'one that this version of Onceward knows',
    is: (facts) => String(facts.schemaVersion ?? 'none yet'),
    holds: (facts) => (facts.schemaVersion ?? 0) <= known,
    means: 'A newer Onceward has written it.',
    change: 'a newer Onceward',
  }
}

/** The error of a ledger that is newer than that. */
export function incompatible(found: Found, known: number): { error?: OncewardError } {
  if ((found ?? 0) <= known) return {}
  const text = `The ledger has schema ${found}; this version of Onceward knows up to ${known}.`
  return { error: new OncewardError('STORE_INCOMPATIBLE', text) }
}
