import { expect, it } from 'vitest'
import {
  differences,
  reconcile,
  type ReconcileOptions,
  type ReconcileReport,
} from '../../src/reconcile/index.ts'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { put } from './support/places.ts'

function csv(text: string): string {
  const path = join(temporaryDirectory(), 'rows.csv')
  writeFileSync(path, text)
  return path
}

function ask(left: string, right: string, more: Partial<ReconcileOptions> = {}): Promise<ReconcileReport> {
  return reconcile({ left: csv(left), right: csv(right), on: 'id', ...more })
}

const good = 'id,at\na,2026-01-01T10:00:00Z\n'

it.each<[string, Partial<ReconcileOptions>, string]>([
  ['both sides from standard input', { left: '-', right: '-' }, 'cannot both be standard input'],
  ['a file that is not there', { right: 'gone.csv' }, 'there is no file'],
  ['a compared column that is not there', { compare: 'amont' }, '--compare must be a column'],
  ['a time column that is not there', { leftAt: 'att' }, 'Did you mean "at"'],
  ['a grace without times', { graceMs: 1 }, '--grace needs --left-at or --right-at'],
  ['a tolerance that is none', { compare: 'at~much' }, '--compare ~ must be a number'],
  ['two tolerances', { compare: 'at~1~2' }, 'one ~ for each column'],
  ['an empty key', { on: 'id,' }, '--on must be COLUMN or LEFT=RIGHT'],
  ['a condition that is none', { leftWhere: 'id >' }, '--left-where must be a condition'],
  ['a condition on what is not there', { rightWhere: 'ide = 1' }, 'Did you mean "id"'],
  ['a moment that is none', { asOf: 'yesterday' }, '--as-of must be a time'],
  ['an engine that is none', { engine: 'spark' as 'node' }, '--engine must be one of'],
])('refuses %s', async (_, options, message) => {
  await expect(ask(good, good, options)).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining(message) as unknown,
  })
})

it('refuses times without a zone for a grace, unless they are said to be UTC', async () => {
  const bare = 'id,at\na,2026-01-01 10:00:00\n'
  const options = { leftAt: 'at', graceMs: 60_000 }
  await expect(ask(bare, 'id\nb\n', options)).rejects.toThrow(/has no time zone \(--assume-utc/)
  expect(await ask(bare, 'id\nb\n', { ...options, assumeUtc: true })).toMatchObject({ pending: 1, extra: 1 })
})

it('is not clean where rows could not be read, or have no key, and says so', async () => {
  const report = await ask('id,x\na,1\nb\n,3\n', 'id,x\na,1\n')
  expect(report).toMatchObject({
    clean: false,
    missing: 0,
    left: { rejectedRows: 1, withoutKey: 1, rejected: [{ line: 3 }] },
  })
  expect(report.notes.join()).toContain('1 rows of')
})

it('takes a file with a header alone for an empty side, and refuses one that holds nothing', async () => {
  expect(await ask('id\na\n', 'id\n')).toMatchObject({ missing: 1, right: { rows: 0 } })
  await expect(ask('id\na\n', '')).rejects.toMatchObject({ code: 'SOURCE_INVALID' })
})

it('names tables that are not there, and says of a server only that it cannot be reached', async () => {
  const right = await put('sqlite', { columns: ['ref'], rows: [] })
  const refused = async (name: string): Promise<unknown> =>
    reconcile({ left: csv(good), right: name, on: 'id' }).catch((error: unknown) => error)
  expect(await refused(right.replace('effects', 'efects'))).toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining('Did you mean "effects"') as unknown,
  })
  expect(await refused('sqlite:/nowhere/x.db?table=a')).toMatchObject({ code: 'OPTION_INVALID' })
  const gone = await refused('postgres://me:hunter2@127.0.0.1:1/db?table=a')
  expect(gone).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  expect(String(gone)).not.toContain('hunter2')
})

it.each(['node', 'duckdb'] as const)('reads conditions as SQL means them (%s)', async (engine) => {
  const rows = 'id,state,amount\n1,paid,10\n2,paid,9.5\n3,open,100\n4,,7\n5,PAID,x\n6,paid % off,1\n'
  const kept = async (where: string): Promise<string[]> => {
    const found: string[] = []
    const all = differences({ left: csv(rows), right: csv('id\n0\n'), on: 'id', leftWhere: where, engine })
    for await (const { kind, key } of all) if (kind === 'missing') found.push(String(key))
    return found.toSorted()
  }
  expect(await kept(`state = 'paid'`)).toEqual(['1', '2'])
  expect(await kept(`state <> 'paid'`)).toEqual(['3', '5', '6'])
  expect(await kept(`NOT state = 'paid' AND amount >= 1`)).toEqual(['3', '6'])
  expect(await kept(`amount > 9.5 OR state IS NULL`)).toEqual(['1', '3', '4'])
  expect(await kept(`state IS NOT NULL AND (amount BETWEEN 1 AND 10)`)).toEqual(['1', '2', '6'])
  expect(await kept(`state LIKE 'paid%'`)).toEqual(['1', '2', '6'])
  expect(await kept(`"state" NOT IN ('paid', 'open')`)).toEqual(['5', '6'])
})
