import { schemaVersion } from '../../stores/postgres/tables.ts'
import type { PostgresFacts } from './postgres-facts.ts'
import type { CheckRule } from './report.ts'
import { schemaVersionCheck } from './schema-version.ts'

type Rule = CheckRule<PostgresFacts>

const oldestVersion = 13
/** What one instance's own pool may open (`connections` of the store). */
const connectionsOfOne = 10
/** Clocks that are kept by NTP differ by less. */
const clockToleranceMs = 1000

/** `ALTER SYSTEM`, for settings that need no restart. */
function alterSystem(name: string, value: string): string {
  return `${name} = ${value} (ALTER SYSTEM SET ${name} = ${value}; SELECT pg_reload_conf())`
}

/** A setting of the server that is `on` or `off`. */
function mustBeOn(id: 'fsync' | 'fullPageWrites', setting: string, means: string): Rule {
  return {
    id,
    setting,
    needs: 'on',
    is: (facts) => facts[id] ?? 'unknown',
    holds: (facts) => (facts[id] === null ? null : facts[id] === 'on'),
    means,
    change: alterSystem(setting, 'on'),
  }
}

const durability: readonly Rule[] = [
  mustBeOn('fsync', 'fsync', 'A loss of power can lose or corrupt the ledger.'),
  mustBeOn('fullPageWrites', 'full_page_writes', 'A loss of power can corrupt the ledger.'),
  {
    id: 'commitsToDisk',
    setting: 'synchronous_commit',
    needs: 'anything but off',
    is: (facts) => facts.synchronousCommit ?? 'unknown',
    holds: ({ synchronousCommit }) => (synchronousCommit === null ? null : synchronousCommit !== 'off'),
    means: 'Acknowledged entries can be lost in a crash, and their effects repeated.',
    change: alterSystem('synchronous_commit', 'on'),
  },
  {
    id: 'unlogged',
    setting: 'unlogged tables of the ledger',
    needs: 'none',
    is: ({ unloggedTables }) => (unloggedTables.length === 0 ? 'none' : unloggedTables.join(', ')),
    holds: ({ unloggedTables }) => unloggedTables.length === 0,
    means: 'Such a table is emptied after a crash, and empty on a standby that takes over.',
    change: 'ALTER TABLE … SET LOGGED, for each of them',
  },
]

const standbys: readonly Rule[] = [
  {
    id: 'standbys',
    setting: 'synchronous_standby_names',
    needs: 'the name of a standby, where there is one',
    is: standbysText,
    holds: (facts) => {
      if (facts.synchronousStandbyNames === null) return null
      if (facts.synchronousStandbyNames !== '') return true
      return hasStandby(facts) ? false : null
    },
    means:
      'A failover may lose acknowledged entries. Workers that live on recall what they were acknowledged within recallMs, and blind work waits recallWaitMs for them; a worker lost together with the primary, and one that reaches only the old primary, recall nothing: effects of blind operations may then repeat, and of verifiable ones that are called when that wait is over.',
    change:
      "synchronous_standby_names = 'FIRST 1 (name of the standby)' (its application_name), and pg_reload_conf()",
  },
  {
    id: 'commitsToStandby',
    setting: 'synchronous_commit',
    needs: 'on, remote_apply or remote_write, where a standby is synchronous',
    is: (facts) => facts.synchronousCommit ?? 'unknown',
    holds: ({ synchronousStandbyNames, synchronousCommit }) => {
      if (synchronousStandbyNames === null || synchronousStandbyNames === '') return null
      return synchronousCommit === null ? null : waitsForStandby.includes(synchronousCommit)
    },
    means: 'Commits do not wait for the standby, and a failover may lose what was acknowledged.',
    change: alterSystem('synchronous_commit', 'on'),
  },
  {
    id: 'standbyStreams',
    setting: 'synchronous standbys that stream',
    needs: 'as many as synchronous_standby_names asks for',
    is: ({ synchronousStandbysSeen }) => String(synchronousStandbysSeen ?? 'hidden from this role'),
    holds: (facts) => {
      const { synchronousStandbyNames: names, synchronousStandbysSeen: seen } = facts
      if (names === null || names === '') return true
      return seen === null ? null : seen >= standbysAskedFor(names)
    },
    means: 'Commits hang until enough of them stream.',
    change: 'start the standby, or take it out of synchronous_standby_names (to see them: GRANT pg_monitor)',
  },
]

const waitsForStandby: readonly string[] = ['on', 'remote_apply', 'remote_write']

function hasStandby(facts: PostgresFacts): boolean {
  return facts.standbysSeen !== 0 || (facts.physicalSlots ?? 0) > 0
}

function standbysText(facts: PostgresFacts): string {
  const { synchronousStandbyNames: names } = facts
  if (names === null) return 'unknown'
  if (names !== '') return names
  return hasStandby(facts) ? 'empty, and there is a standby' : 'empty, and no standby is seen'
}

/** `FIRST 2 (a, b)`, `ANY 2 (a, b)`, `2 (a, b)`, or only names. */
function standbysAskedFor(names: string): number {
  return Number(/^\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(/i.exec(names)?.[1] ?? 1)
}

const access: readonly Rule[] = [
  {
    id: 'serverVersion',
    setting: 'server_version',
    needs: `${oldestVersion} or newer`,
    is: (facts) => facts.serverVersion,
    holds: ({ serverVersion }) => {
      const major = Number.parseInt(serverVersion, 10)
      return Number.isNaN(major) ? null : major >= oldestVersion
    },
    means: `It is older than ${oldestVersion}, the oldest that is supported.`,
    change: 'a newer PostgreSQL',
  },
  {
    id: 'encoding',
    setting: 'server_encoding',
    needs: 'UTF8',
    is: (facts) => facts.encoding ?? 'unknown',
    holds: ({ encoding }) => (encoding === null ? null : encoding === 'UTF8'),
    means: 'Keys and errors with characters that it lacks are refused.',
    change: 'a database made with CREATE DATABASE … ENCODING UTF8 TEMPLATE template0',
  },
  {
    id: 'inRecovery',
    setting: 'pg_is_in_recovery()',
    needs: 'false',
    is: (facts) => String(facts.inRecovery),
    holds: ({ inRecovery }) => !inRecovery,
    means: 'The server is in recovery: it is a standby and takes no writes.',
    change: 'the URL of the primary',
  },
  {
    id: 'readOnly',
    setting: 'default_transaction_read_only',
    needs: 'off',
    is: (facts) => facts.readOnly ?? 'unknown',
    holds: ({ readOnly }) => (readOnly === null ? null : readOnly === 'off'),
    means: 'Nothing can be written.',
    change: 'default_transaction_read_only = off, for this role, database or server',
  },
  {
    id: 'privileges',
    setting: 'privileges that this role lacks',
    needs: 'none',
    is: ({ missingPrivileges: missing }) =>
      missing === null ? 'unknown' : missing.length === 0 ? 'none' : missing.join(', '),
    holds: ({ missingPrivileges: missing }) => (missing === null ? null : missing.length === 0),
    means: 'Calls will fail.',
    change: 'GRANT them to this role, or use the role that made the tables',
  },
  schemaVersionCheck(schemaVersion),
  {
    id: 'poolMode',
    setting: 'pooling between here and the server',
    needs: 'none, of sessions, or of transactions',
    is: (facts) => facts.poolMode ?? 'unknown',
    holds: ({ poolMode }) => (poolMode === null ? null : poolMode !== 'statement'),
    means: 'A transaction cannot be begun, so no ledger can be made and attempt.transaction fails.',
    change: 'pool_mode = transaction or session in the pooler',
  },
]

const advice: readonly Rule[] = [
  {
    id: 'connections',
    setting: 'connections that are free',
    needs: `${connectionsOfOne}, for one instance`,
    is: ({ freeConnections, maxConnections }) =>
      `${freeConnections ?? 'unknown'} of max_connections ${maxConnections ?? 'unknown'}`,
    holds: ({ freeConnections }) => (freeConnections === null ? null : freeConnections >= connectionsOfOne),
    means: 'Calls may end in STORE_UNAVAILABLE, and their effects do not run.',
    change: 'max_connections (and a restart), or `connections` of the store, or a pooler',
    isAdvice: true,
  },
  {
    id: 'clock',
    setting: "the server's clock, less this machine's",
    needs: `within ${clockToleranceMs} ms`,
    is: ({ clockDifferenceMs }) => (clockDifferenceMs === null ? 'unknown' : `${clockDifferenceMs} ms`),
    holds: ({ clockDifferenceMs, clockUncertaintyMs }) =>
      clockDifferenceMs === null
        ? null
        : Math.abs(clockDifferenceMs) <= clockToleranceMs + clockUncertaintyMs,
    means:
      "Leases and lifetimes go by the server's clock and are unharmed; times in receipts are the server's.",
    change: 'NTP on both machines',
    isAdvice: true,
  },
  {
    id: 'timeline',
    setting: 'the timeline of the server',
    needs: 'the one that the ledger was last written on',
    is: (facts) => `${facts.timeline ?? 'unknown'}, the ledger's ${facts.lineageTimeline ?? 'unknown'}`,
    holds: ({ timeline, lineageTimeline, lineage }) => {
      if (lineage === null) return true
      return timeline === null || lineageTimeline === null ? null : timeline === lineageTimeline
    },
    means:
      'The server was promoted or restored since. The next write begins a new epoch: workers recall what they were acknowledged, and blind work waits for them.',
    change: 'the next write',
    isAdvice: true,
  },
  {
    id: 'preparedStatements',
    setting: 'pooling of transactions',
    needs: 'none, or a pooler that knows prepared statements',
    is: ({ poolMode }) => (poolMode === 'transaction' ? 'on' : 'off'),
    holds: ({ poolMode }) => (poolMode === null ? null : poolMode !== 'transaction'),
    means:
      'Where the pooler does not know prepared statements, the store finds out by a failed statement and goes on without names. It must lead to one primary.',
    change: 'namedStatements: false of the store, or max_prepared_statements of PgBouncer 1.21',
    isAdvice: true,
  },
]

/** Every check of a PostgreSQL store. */
export const postgresRules: readonly Rule[] = [...durability, ...standbys, ...access, ...advice]
