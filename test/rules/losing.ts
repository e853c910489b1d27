import type { Intent } from '../../src/ledger/intent.ts'
import { failOver } from '../../src/stores/memory/history.ts'
import type { Lab } from '../support/lab.ts'
import type { Peer } from '../support/peer.ts'

/*
 * What the tests of rule 13 begin with: two blind intents whose callers are patient, and a failover that loses all.
 */

const waitMs = 600_000
export const mail: Intent = { operation: 'mail', key: 'order-1', waitMs }
export const other: Intent = { operation: 'mail', key: 'order-2', waitMs }

/** A failover to a standby that has the first lineage and nothing else. */
export function loseAll(lab: Lab): void {
  failOver(lab.rows, { keep: 1 })
}

export function send(peer: Peer): () => string {
  return () => peer.do('mail')
}
