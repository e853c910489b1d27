import { canUseWal } from '../../stores/sqlite/driver.ts'
import { schemaVersion } from '../../stores/sqlite/schema.ts'
import type { FileSystem } from './file-system.ts'
import type { CheckRule } from './report.ts'
import { schemaVersionCheck } from './schema-version.ts'

export interface SqliteFacts {
  readonly sqliteVersion: string
  readonly journalMode: string
  /** Of a connection that is set up as the store sets up its own. */
  readonly synchronous: string
  readonly isWritable: boolean
  readonly fileSystem: FileSystem
  readonly schemaVersion: number | undefined
  readonly lineage: { readonly epoch: number; readonly nonce: string } | undefined
}

type Rule = CheckRule<SqliteFacts>

const safeModes: readonly string[] = ['wal', 'delete', 'truncate', 'persist']

const promised: readonly Rule[] = [
  {
    id: 'writable',
    setting: 'the file and its folder, for this user',
    needs: 'writable',
    is: ({ isWritable }) => (isWritable ? 'writable' : 'not writable'),
    holds: ({ isWritable }) => isWritable,
    means: 'The ledger cannot be written by this user; SQLite also writes beside the file.',
    change: 'permissions of the file and of its folder, or another path',
  },
  schemaVersionCheck(schemaVersion),
  {
    id: 'journalMode',
    setting: 'journal_mode',
    needs: 'wal, or another that is kept on disk',
    is: (facts) => facts.journalMode,
    holds: (facts) => safeModes.includes(facts.journalMode),
    means: 'A crash in the middle of a write can damage the ledger.',
    change: 'the journal_mode that the store sets (PRAGMA journal_mode = WAL)',
  },
  {
    id: 'synchronous',
    setting: 'synchronous',
    needs: 'full',
    is: (facts) => facts.synchronous,
    holds: ({ synchronous }) => synchronous === 'full' || synchronous === 'extra',
    means: 'A loss of power can lose acknowledged entries.',
    change: 'the synchronous that the store sets (PRAGMA synchronous = FULL)',
  },
  {
    id: 'fileLocks',
    setting: 'the file system, and its locks',
    needs: 'local',
    is: ({ fileSystem }) => `${fileSystem.name} (${fileSystem.kind})`,
    holds: ({ fileSystem: { kind } }) => (kind === 'unknown' ? null : kind !== 'network'),
    means: 'A network file system does not keep the locks, and two processes may both run.',
    change: 'a path on a local disk, or PostgreSQL for several machines',
  },
  {
    id: 'onDisk',
    setting: 'the file system, and its syncs',
    needs: 'on a disk',
    is: ({ fileSystem }) => `${fileSystem.name} (${fileSystem.kind})`,
    holds: ({ fileSystem: { kind } }) =>
      kind === 'unknown' || kind === 'network' ? null : kind !== 'memory',
    means: 'It lies in memory, and is gone with the power.',
    change: 'a path on a disk',
  },
]

const advice: readonly Rule[] = [
  {
    id: 'sqliteVersion',
    setting: 'the version of SQLite',
    needs: '3.51.3 or newer',
    is: (facts) => facts.sqliteVersion,
    holds: (facts) => canUseWal(facts.sqliteVersion),
    means:
      'Its write-ahead log can be corrupted by two writers, so the ledger uses journal_mode=DELETE, which is slower.',
    change: 'a newer Node, which brings a newer SQLite',
    isAdvice: true,
  },
  {
    id: 'journalModeSet',
    setting: 'journal_mode',
    needs: 'what the store sets: wal, and delete below SQLite 3.51.3',
    is: (facts) => facts.journalMode,
    holds: (facts) =>
      facts.schemaVersion === undefined ||
      facts.journalMode === (canUseWal(facts.sqliteVersion) ? 'wal' : 'delete'),
    means: 'Somebody else has set it; the next use of the ledger sets it back.',
    change: 'the next use of the ledger',
    isAdvice: true,
  },
]

/** Every check of a SQLite store. */
export const sqliteRules: readonly Rule[] = [...promised, ...advice]
