import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { doctorGuide, guidePath } from '../../scripts/doctor-reference.ts'
import { fileSystemOf } from '../../src/cli/doctor/file-system.ts'
import { examineModule } from '../../src/cli/doctor/module.ts'
import { judgePostgres } from '../../src/cli/doctor/postgres.ts'
import { postgresRules } from '../../src/cli/doctor/postgres-checks.ts'
import type { PostgresFacts } from '../../src/cli/doctor/postgres-facts.ts'
import { ledgerTables } from '../../src/cli/doctor/postgres-tables.ts'
import { examineMemory } from '../../src/cli/doctor/memory.ts'
import { parsePoolPlan, poolsCheck, withPools } from '../../src/cli/doctor/pools.ts'
import { storePromises } from '../../src/cli/doctor/promises.ts'
import { type Examination, isOlder } from '../../src/cli/doctor/report.ts'
import { judgeSqlite } from '../../src/cli/doctor/sqlite.ts'
import { type SqliteFacts, sqliteRules } from '../../src/cli/doctor/sqlite-checks.ts'
import { readText } from '../support/repo.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const url = 'postgres://ann:secret@db.example/shop'
const soundPostgres: PostgresFacts = {
  serverVersion: '17.2',
  encoding: 'UTF8',
  inRecovery: false,
  readOnly: 'off',
  fsync: 'on',
  fullPageWrites: 'on',
  synchronousCommit: 'on',
  synchronousStandbyNames: 'FIRST 1 (standby1)',
  maxConnections: 100,
  usableConnections: 97,
  freeConnections: 90,
  standbysSeen: 1,
  synchronousStandbysSeen: 1,
  physicalSlots: 1,
  timeline: 1,
  lineageTimeline: 1,
  schemaVersion: 1,
  unloggedTables: [],
  missingPrivileges: [],
  poolMode: 'none',
  clockDifferenceMs: 3,
  clockUncertaintyMs: 1,
  lineage: { epoch: 1, nonce: 'n' },
}

const soundSqlite: SqliteFacts = {
  sqliteVersion: '3.53.0',
  journalMode: 'wal',
  synchronous: 'full',
  isWritable: true,
  fileSystem: { name: 'ext4', kind: 'local' },
  schemaVersion: 1,
  lineage: { epoch: 1, nonce: 'n' },
}

interface Answers {
  /** Checks and promises that do not hold (false) or are not known (null); those that do not apply are left out. */
  readonly checks: Record<string, boolean | null>
  readonly promises: Record<string, boolean | null>
}

function answersOf({ checks, claims }: Examination): Answers {
  const notTrue = (list: readonly { readonly id: string; readonly holds: boolean | null }[]) =>
    Object.fromEntries(list.filter(({ holds }) => holds !== true).map(({ id, holds }) => [id, holds]))
  return { checks: notTrue(checks), promises: notTrue(claims.filter(({ applies }) => applies)) }
}

const postgresCases: readonly [Partial<PostgresFacts>, Answers][] = [
  [{ fsync: 'off' }, { checks: { fsync: false }, promises: { 'survives-power-loss': false } }],
  [
    { fullPageWrites: 'off' },
    { checks: { fullPageWrites: false }, promises: { 'survives-power-loss': false } },
  ],
  [
    { synchronousCommit: 'off' },
    {
      checks: { commitsToDisk: false, commitsToStandby: false },
      promises: { 'survives-crash': false, 'survives-power-loss': false, 'survives-failover': false },
    },
  ],
  [
    { synchronousCommit: 'local' },
    { checks: { commitsToStandby: false }, promises: { 'survives-failover': false } },
  ],
  [{ synchronousCommit: 'remote_write' }, { checks: {}, promises: {} }],
  [{ synchronousCommit: 'remote_apply' }, { checks: {}, promises: {} }],
  [
    { unloggedTables: ['onceward_entries'] },
    {
      checks: { unlogged: false },
      promises: { 'survives-crash': false, 'survives-power-loss': false, 'survives-failover': false },
    },
  ],
  [
    { synchronousStandbyNames: '', synchronousStandbysSeen: 0 },
    { checks: { standbys: false, commitsToStandby: null }, promises: { 'survives-failover': false } },
  ],
  [
    { synchronousStandbyNames: '', synchronousStandbysSeen: 0, standbysSeen: 0 },
    { checks: { standbys: false, commitsToStandby: null }, promises: { 'survives-failover': false } },
  ],
  [
    { synchronousStandbyNames: '', synchronousStandbysSeen: 0, standbysSeen: 0, physicalSlots: 0 },
    { checks: { standbys: null, commitsToStandby: null }, promises: { 'survives-failover': null } },
  ],
  [{ synchronousStandbysSeen: 0 }, { checks: { standbyStreams: false }, promises: { usable: false } }],
  [{ synchronousStandbysSeen: null }, { checks: { standbyStreams: null }, promises: { usable: null } }],
  [
    { synchronousStandbyNames: 'ANY 2 (a, b, c)' },
    { checks: { standbyStreams: false }, promises: { usable: false } },
  ],
  [{ synchronousStandbyNames: 'a, b' }, { checks: {}, promises: {} }],
  [{ serverVersion: '12.20' }, { checks: { serverVersion: false }, promises: { usable: false } }],
  [{ encoding: 'LATIN1' }, { checks: { encoding: false }, promises: { usable: false } }],
  [{ inRecovery: true }, { checks: { inRecovery: false }, promises: { usable: false } }],
  [{ readOnly: 'on' }, { checks: { readOnly: false }, promises: { usable: false } }],
  [{ missingPrivileges: ['UPDATE on t'] }, { checks: { privileges: false }, promises: { usable: false } }],
  [{ schemaVersion: 99 }, { checks: { schemaVersion: false }, promises: { usable: false } }],
  [
    { poolMode: 'statement' },
    { checks: { poolMode: false }, promises: { usable: false, transactional: false } },
  ],
  [{ poolMode: 'transaction' }, { checks: { preparedStatements: false }, promises: {} }],
  [{ timeline: 2 }, { checks: { timeline: false }, promises: {} }],
  [{ freeConnections: 9 }, { checks: { connections: false }, promises: {} }],
  [{ clockDifferenceMs: -1002 }, { checks: { clock: false }, promises: {} }],
  [
    { clockDifferenceMs: 5000, clockUncertaintyMs: 4500 },
    { checks: {}, promises: {} },
  ],
]

const sqliteCases: readonly [Partial<SqliteFacts>, Answers][] = [
  [{ isWritable: false }, { checks: { writable: false }, promises: { usable: false } }],
  [{ schemaVersion: 99 }, { checks: { schemaVersion: false }, promises: { usable: false } }],
  [
    { journalMode: 'memory' },
    {
      checks: { journalMode: false, journalModeSet: false },
      promises: { 'survives-crash': false, 'survives-power-loss': false },
    },
  ],
  [{ journalMode: 'delete' }, { checks: { journalModeSet: false }, promises: {} }],
  [
    { journalMode: 'delete', sqliteVersion: '3.51.2' },
    { checks: { sqliteVersion: false }, promises: {} },
  ],
  [{ synchronous: 'normal' }, { checks: { synchronous: false }, promises: { 'survives-power-loss': false } }],
  [
    { fileSystem: { name: 'nfs', kind: 'network' } },
    {
      checks: { fileLocks: false, onDisk: null },
      promises: { 'one-runs': false, 'late-worker': false, 'survives-power-loss': null },
    },
  ],
  [
    { fileSystem: { name: 'tmpfs', kind: 'memory' } },
    { checks: { onDisk: false }, promises: { 'survives-power-loss': false } },
  ],
  [
    { fileSystem: { name: 'fuse', kind: 'unknown' } },
    {
      checks: { fileLocks: null, onDisk: null },
      promises: { 'one-runs': null, 'late-worker': null, 'survives-power-loss': null },
    },
  ],
]

describe('what doctor says about a PostgreSQL server', () => {
  test('a sound one with a synchronous standby keeps every promise', () => {
    const { findings, ...examination } = judgePostgres(url, soundPostgres)
    expect(answersOf({ ...examination, findings })).toEqual({ checks: {}, promises: {} })
    expect(findings).toEqual([])
  })

  test.each(postgresCases)('%j', (change, expected) => {
    expect(answersOf(judgePostgres(url, { ...soundPostgres, ...change }))).toEqual(expected)
  })

  test('the password is left out', () => {
    expect(JSON.stringify(judgePostgres(url, soundPostgres))).not.toContain('secret')
  })
})

describe('what doctor says about a SQLite file', () => {
  test('a sound one keeps every promise', () => {
    const { findings, ...examination } = judgeSqlite('file.db', soundSqlite)
    expect(answersOf({ ...examination, findings })).toEqual({ checks: {}, promises: {} })
    expect(findings).toEqual([])
  })

  test.each(sqliteCases)('%j', (change, expected) => {
    expect(answersOf(judgeSqlite('file.db', { ...soundSqlite, ...change }))).toEqual(expected)
  })

  test('file systems are known on Linux, also where the number is read as negative', () => {
    expect(fileSystemOf(0x6969, 'linux').kind).toBe('network')
    expect(fileSystemOf(0xff534d42 | 0, 'linux').kind).toBe('network')
    expect(fileSystemOf(0xef53, 'linux').kind).toBe('local')
    expect(fileSystemOf(0x1234, 'linux').kind).toBe('unknown')
    expect(fileSystemOf(0xef53, 'darwin').kind).toBe('unknown')
  })
})

describe("what doctor says about a store of the user's own", () => {
  test('that it opens, and that nothing is known of what it rests on', async () => {
    const { claims, store } = await examineModule(
      `module:examples/toy-store/toy-store.ts#${encodeURIComponent(temporaryDirectory())}`,
    )
    expect(store).toMatchObject({ kind: 'module', reachable: true, lineage: { epoch: 1 } })
    expect(new Set(claims.map(({ holds }) => holds))).toEqual(new Set([null]))
  })

  test('what is wrong with its file', async () => {
    for (const wrong of ['module:no-such-file.ts', 'module:src/index.ts'])
      await expect(examineModule(wrong)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })
})

describe('the tables that doctor goes by', () => {
  const rules = { postgres: postgresRules, sqlite: sqliteRules }

  test.each(['postgres', 'sqlite'] as const)('%s: each check can fail', (kind) => {
    const cases: readonly [unknown, Answers][] = kind === 'postgres' ? postgresCases : sqliteCases
    const failing = cases.flatMap(([, { checks }]) =>
      Object.keys(checks).filter((id) => checks[id] === false),
    )
    expect(new Set(failing)).toEqual(new Set(rules[kind].map(({ id }) => id)))
  })

  test.each(['postgres', 'sqlite'] as const)('%s: promises rest on all checks that are no advice', (kind) => {
    const rested = storePromises.flatMap(({ rests }) => {
      const on = rests[kind]
      return 'checks' in on ? on.checks : []
    })
    const promised = rules[kind].filter(({ isAdvice }) => isAdvice !== true)
    expect(new Set(rested)).toEqual(new Set(promised.map(({ id }) => id)))
  })

  test('the README makes each promise', () => {
    const readme = readText('README.md')
    const missing = storePromises.filter((promise) => !readme.includes(promise.readme))
    expect(missing.map(({ id }) => id)).toEqual([])
  })

  test('docs/guide/doctor.md lists promises and checks (node scripts/doctor-reference.ts writes the tables)', () => {
    const guide = readFileSync(guidePath, 'utf8')
    expect(guide).toBe(doctorGuide(guide))
  })

  test('the tables that are looked at are those that the store makes', () => {
    const schema = readText('docs/reference/schema.sql')
    const named = (pattern: RegExp): string[] => [...schema.matchAll(pattern)].map(([, name]) => name ?? '')
    const gone = named(/DROP TABLE IF EXISTS (onceward_\w+)/g)
    const made = named(/CREATE TABLE IF NOT EXISTS (onceward_\w+)/g).filter((name) => !gone.includes(name))
    expect(new Set(made)).toEqual(new Set(Object.keys(ledgerTables.privileges)))
  })
})

describe('doctor with --workers and --pool', () => {
  test('compares workers times pool with what the server allows', () => {
    expect(poolsCheck({ workers: 9, pool: 10 }, 97)).toMatchObject({ is: '9 × 10 = 90', holds: true })
    expect(poolsCheck({ workers: 97, pool: 1 }, 97)).toMatchObject({ holds: true })
    expect(poolsCheck({ workers: 98, pool: 1 }, 97)).toMatchObject({ holds: false })
    expect(poolsCheck({ workers: 1, pool: 1 }, null)).toMatchObject({ holds: null })
  })

  test('adds a problem where it is too little, and only there', () => {
    const sound = judgePostgres(url, soundPostgres)
    expect(withPools(sound, { workers: 9, pool: 10 }).findings).toEqual(sound.findings)
    const found = withPools(sound, { workers: 10, pool: 10 }).findings.at(-1)
    expect(found).toMatchObject({
      level: 'problem',
      text: expect.stringContaining('10 × 10 = 100') as string,
    })
    const memory = examineMemory()
    expect(() => withPools(memory, { workers: 1, pool: 1 })).toThrow(/--workers is for a PostgreSQL store/)
  })

  test('reads its options, and names what is wrong with them', () => {
    expect(parsePoolPlan({})).toBeUndefined()
    expect(parsePoolPlan({ workers: '4' })).toEqual({ workers: 4, pool: 10 })
    for (const wrong of [{ pool: '4' }, { workers: 'four' }, { workers: '0' }, { workers: '4', pool: '-1' }])
      expect(() => parsePoolPlan(wrong)).toThrow(/--workers|--pool/)
  })
})

test('versions are compared by number', () => {
  expect(isOlder('3.9.0', '3.51.3')).toBe(true)
  expect(isOlder('3.51.3', '3.51.3')).toBe(false)
  expect(isOlder('22.13.0', '22.13')).toBe(false)
  expect(isOlder('9', '13.0')).toBe(true)
})
