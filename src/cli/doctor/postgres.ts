import { messageOf } from '../../kernel/errors.ts'
import { redactUrl } from '../../stores/open.ts'
import { type Claim, type Examination, type Finding, problem, remark, type StoreReport } from './report.ts'

/** What the durability of a PostgreSQL rests on, as far as this role may see it. */
export interface PostgresFacts {
  readonly serverVersion: string
  readonly inRecovery: boolean
  readonly fsync: string | null
  readonly fullPageWrites: string | null
  readonly synchronousCommit: string | null
  readonly synchronousStandbyNames: string | null
  readonly maxConnections: number | null
  /** Standbys that stream; null where the role may not see them. */
  readonly standbysSeen: number | null
  /** Those of them a commit waits for. */
  readonly synchronousStandbysSeen: number | null
  readonly timeline: number | null
  readonly schemaVersion: number | null
  readonly unloggedTables: readonly string[]
  readonly lineage: { readonly epoch: number; readonly nonce: string } | null
}

/** Says what the facts mean. Pure, so that each case has a test without a server that is broken in just that way. */
export function judgePostgres(url: string, facts: PostgresFacts): Examination {
  const { serverVersion, lineage, schemaVersion, ...settings } = facts
  const store: StoreReport = {
    kind: 'postgres',
    location: redactUrl(url),
    reachable: true,
    ...(schemaVersion === null ? {} : { schemaVersion }),
    ...(lineage === null ? {} : { lineage }),
    settings: { serverVersion, ...settings, unloggedTables: facts.unloggedTables.join(', ') },
  }
  return { store, claims: claimsOf(facts), findings: findingsOf(facts) }
}

function claimsOf(facts: PostgresFacts): Claim[] {
  return [survivesProcessCrash(facts), survivesPowerLoss(facts), survivesFailover(facts)]
}

function survivesProcessCrash(facts: PostgresFacts): Claim {
  const claim = 'what was acknowledged survives a crash of the database server'
  if (facts.unloggedTables.length > 0) return { claim, holds: false, why: unloggedText(facts) }
  if (facts.synchronousCommit === 'off') return { claim, holds: false, why: 'synchronous_commit is off' }
  return { claim, holds: true, why: 'commits wait for the write-ahead log' }
}

function survivesPowerLoss(facts: PostgresFacts): Claim {
  const claim = 'what was acknowledged survives a loss of power'
  const missing = [
    facts.fsync === 'off' ? 'fsync is off' : '',
    facts.fullPageWrites === 'off' ? 'full_page_writes is off' : '',
    facts.synchronousCommit === 'off' ? 'synchronous_commit is off' : '',
    facts.unloggedTables.length > 0 ? unloggedText(facts) : '',
  ].filter((text) => text !== '')
  if (missing.length > 0) return { claim, holds: false, why: missing.join('; ') }
  return {
    claim,
    holds: true,
    why: 'fsync and full_page_writes are on, and commits wait for the write-ahead log',
  }
}

const waitsForStandby: readonly (string | null)[] = ['on', 'remote_apply', 'remote_write']

function survivesFailover(facts: PostgresFacts): Claim {
  const claim = 'what was acknowledged survives the loss of the primary'
  if (facts.synchronousStandbyNames === '' || facts.synchronousStandbyNames === null) {
    return {
      claim,
      holds: false,
      why: 'synchronous_standby_names is empty: a standby that takes over may lack the last commits',
    }
  }
  if (!waitsForStandby.includes(facts.synchronousCommit)) {
    return {
      claim,
      holds: false,
      why: `synchronous_commit is ${facts.synchronousCommit}: commits do not wait for a standby`,
    }
  }
  if (facts.unloggedTables.length > 0) return { claim, holds: false, why: unloggedText(facts) }
  if (facts.synchronousStandbysSeen === null) {
    return { claim, holds: null, why: 'this role may not see the standbys (it needs pg_monitor)' }
  }
  if (facts.synchronousStandbysSeen === 0) {
    return { claim, holds: null, why: 'no synchronous standby streams now: commits wait until one does' }
  }
  if (facts.synchronousCommit === 'remote_write') {
    return {
      claim,
      holds: true,
      why: 'commits wait for a standby to have received them; both machines failing at once is not covered',
    }
  }
  return {
    claim,
    holds: true,
    why: `commits wait for a standby (synchronous_commit ${facts.synchronousCommit})`,
  }
}

function unloggedText(facts: PostgresFacts): string {
  return `unlogged, emptied after a crash: ${facts.unloggedTables.join(', ')}`
}

function findingsOf(facts: PostgresFacts): Finding[] {
  const findings: Finding[] = []
  if (isVersionBelow13(facts.serverVersion))
    findings.push(
      problem(`PostgreSQL ${facts.serverVersion} is older than 13, the oldest that is supported.`),
    )
  if (facts.inRecovery)
    findings.push(problem('The server is in recovery: it is a standby and takes no writes.'))
  if (facts.fsync === 'off')
    findings.push(problem('fsync is off: a loss of power can lose or corrupt the ledger.'))
  if (facts.fullPageWrites === 'off')
    findings.push(problem('full_page_writes is off: a loss of power can corrupt the ledger.'))
  if (facts.synchronousCommit === 'off')
    findings.push(
      problem('synchronous_commit is off: acknowledged entries can be lost, and their effects repeated.'),
    )
  if (facts.unloggedTables.length > 0)
    findings.push(problem(`Tables of the ledger are ${unloggedText(facts)}.`))
  if (facts.schemaVersion === null)
    findings.push(remark('There is no ledger in this database yet; the first use makes it.'))
  if (facts.synchronousStandbyNames === '') {
    findings.push(
      remark(
        'No synchronous standby: a failover may lose acknowledged entries, and effects of blind operations may then repeat.',
      ),
    )
  }
  if (facts.synchronousStandbyNames !== '' && facts.synchronousStandbysSeen === 0) {
    findings.push(
      problem('synchronous_standby_names is set and no synchronous standby streams: commits hang.'),
    )
  }
  return findings
}

function isVersionBelow13(serverVersion: string): boolean {
  return Number.parseInt(serverVersion, 10) < 13
}

export function unreachablePostgres(url: string, error: unknown): Examination {
  const location = redactUrl(url)
  const text = `PostgreSQL at ${location} cannot be reached: ${messageOf(error)}`
  return {
    store: { kind: 'postgres', location, reachable: false, settings: {} },
    claims: [],
    findings: [problem(text)],
    error,
  }
}
