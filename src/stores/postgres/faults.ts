import { messageOf } from '../../kernel/errors.ts'
import { StoreFault, type StoreFaultKind } from '../../ledger/store.ts'

/**
 * Where an error struck, which says what can have been written:
 * - `connect`: nothing was sent.
 * - `inside`: a statement of an explicit transaction; COMMIT was not sent, so nothing will have been written.
 * - `commit`: COMMIT, or a statement that commits by itself.
 */
export type Phase = 'connect' | 'inside' | 'commit'

/** By SQLSTATE, the whole code first, then its class. Errors of the server say what became of the statement. */
const kinds: Readonly<Record<string, StoreFaultKind>> = {
  '25006': 'unavailable', // read-only: a demoted primary, or a standby
  '40003': 'lost', // statement completion unknown (CockroachDB)
  '53': 'unavailable', // disk full, out of memory, too many connections
  '58': 'unavailable', // input or output error
  '28': 'unavailable', // wrong password
  '3D000': 'unavailable', // no such database
  '42501': 'unavailable', // no privilege
  '55P03': 'conflict', // lock not available
  '72': 'conflict', // snapshot too old
  '40': 'conflict', // serialization failure, deadlock
  XX000: 'conflict', // internal, such as "tuple concurrently updated"
  XX: 'unavailable', // corrupted
  '26000': 'conflict', // the named statement is not there: a pooler changed servers
  '42P05': 'conflict', // … or is there already
  '0A000': 'conflict', // cached plan must not change result type: the schema was migrated meanwhile
  '42P01': 'incompatible', // no such table
  '42703': 'incompatible', // no such column
  '3F000': 'incompatible', // no such schema
  '08': 'lost',
  '57014': 'lost', // cancelled, perhaps while waiting for the standby
  '57': 'lost', // the server goes down
}

/** What an error of the driver or the server means to the ledger. `place` names host and database, no secret. */
export function faultOf(error: unknown, phase: Phase, place: string): StoreFault {
  const kind = phase === 'connect' ? connectKind(error) : statementKind(error, phase)
  return new StoreFault(kind, `${place}: ${textOf(error)}`, { cause: error })
}

/** PostgreSQL's own code of an error, `undefined` for errors of the network or the driver. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string')
    return undefined
  return /^[0-9A-Z]{5}$/.test(error.code) && 'severity' in error ? error.code : undefined
}

/** True when the connection's state is unknown, or the fault of it: the next statement needs another one. */
export function breaksConnection(error: unknown): boolean {
  const code = sqlState(error)
  if (code === undefined) return true
  return (
    ['0A000', '26000', '42P05', '25006'].includes(code) ||
    ['08', '57', 'XX', '53', '58'].includes(code.slice(0, 2))
  )
}

function connectKind(error: unknown): StoreFaultKind {
  const code = sqlState(error)
  return code !== undefined && lookUp(code) === 'incompatible' ? 'incompatible' : 'unavailable'
}

function statementKind(error: unknown, phase: Phase): StoreFaultKind {
  const code = sqlState(error)
  const kind = code === undefined ? 'lost' : (lookUp(code) ?? 'rejected')
  // Without a COMMIT the server rolls back what a lost connection began.
  return kind === 'lost' && phase === 'inside' ? 'unavailable' : kind
}

function lookUp(code: string): StoreFaultKind | undefined {
  return kinds[code] ?? kinds[code.slice(0, 2)]
}

/** Of a connection tried on several addresses Node gives an AggregateError without a message. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return messageOf(error)
}
