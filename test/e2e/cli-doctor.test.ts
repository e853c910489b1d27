import { describe, expect, test } from 'vitest'
import { judgePostgres, type PostgresFacts } from '../../src/cli/doctor/postgres.ts'
import { isOlder } from '../../src/cli/doctor/report.ts'

const url = 'postgres://ann:secret@db.example/shop'
const sound: PostgresFacts = {
  serverVersion: '17.2',
  inRecovery: false,
  fsync: 'on',
  fullPageWrites: 'on',
  synchronousCommit: 'on',
  synchronousStandbyNames: 'FIRST 1 (standby1)',
  maxConnections: 100,
  standbysSeen: 1,
  synchronousStandbysSeen: 1,
  timeline: 1,
  schemaVersion: 1,
  unloggedTables: [],
  lineage: { epoch: 1, nonce: 'n' },
}

/** What is said about a server that differs from a sound one in `change`. */
function judge(change: Partial<PostgresFacts>): {
  holds: (boolean | null)[]
  problems: string
  notes: string
} {
  const { claims, findings } = judgePostgres(url, { ...sound, ...change })
  const texts = (level: string): string =>
    findings
      .filter((finding) => finding.level === level)
      .map((finding) => finding.text)
      .join('\n')
  return { holds: claims.map((claim) => claim.holds), problems: texts('problem'), notes: texts('note') }
}

describe('what doctor says about a PostgreSQL server', () => {
  test('a sound one with a synchronous standby keeps every claim', () => {
    expect(judge({})).toEqual({ holds: [true, true, true], problems: '', notes: '' })
  })

  test.each<[Partial<PostgresFacts>, (boolean | null)[], string]>([
    [{ fsync: 'off' }, [true, false, true], 'fsync is off'],
    [{ fullPageWrites: 'off' }, [true, false, true], 'full_page_writes is off'],
    [{ synchronousCommit: 'off' }, [false, false, false], 'synchronous_commit is off'],
    [{ synchronousCommit: 'local' }, [true, true, false], ''],
    [{ unloggedTables: ['onceward_entries'] }, [false, false, false], 'onceward_entries'],
    [{ inRecovery: true }, [true, true, true], 'recovery'],
    [{ synchronousStandbyNames: '', synchronousStandbysSeen: 0 }, [true, true, false], ''],
    [{ synchronousStandbysSeen: 0 }, [true, true, null], 'commits hang'],
    [{ synchronousStandbysSeen: null }, [true, true, null], ''],
    [{ serverVersion: '12.20' }, [true, true, true], 'older than 13'],
  ])('%j', (change, holds, named) => {
    const verdict = judge(change)
    expect(verdict.holds).toEqual(holds)
    expect(verdict.problems !== '').toBe(named !== '')
    expect(verdict.problems).toContain(named)
  })

  test('without a standby it says what a failover may cost', () => {
    expect(judge({ synchronousStandbyNames: '', standbysSeen: 0 }).notes).toContain('failover')
  })

  test('the password is left out', () => {
    expect(JSON.stringify(judgePostgres(url, sound))).not.toContain('secret')
  })
})

test('versions are compared by number', () => {
  expect(isOlder('3.9.0', '3.51.3')).toBe(true)
  expect(isOlder('3.51.3', '3.51.3')).toBe(false)
  expect(isOlder('22.13.0', '22.13')).toBe(false)
  expect(isOlder('9', '13.0')).toBe(true)
})
