import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { examinePostgres } from '../../src/cli/doctor/postgres-connect.ts'
import { withPools } from '../../src/cli/doctor/pools.ts'
import type { Examination } from '../../src/cli/doctor/report.ts'
import { createOnceward } from '../../src/index.ts'
import { postgresStore } from '../../src/stores/postgres/index.ts'
import {
  type EmbeddedPostgres,
  memoryParent,
  startEmbeddedPostgres,
} from '../../src/testing/embedded-postgres.ts'
import { PostgresPair } from '../../src/testing/postgres-pair/index.ts'
import { askPostgres, untilAnswer } from '../../src/testing/postgres-query.ts'
import { type Difference, difference } from '../support/doctor-difference.ts'
import { startPooler } from '../support/pooler.ts'

async function makeLedger(url: string): Promise<void> {
  const once = createOnceward({ store: postgresStore({ url }), sweep: false })
  await once.run({ operation: 'work', key: 'k' }, () => 'done')
  await once.close()
}

async function serverWith(settings: Record<string, string | number>): Promise<EmbeddedPostgres> {
  const parentDir = memoryParent(2 ** 30)
  const server = await startEmbeddedPostgres({
    ...(parentDir === undefined ? {} : { parentDir }),
    walSegmentMegabytes: 1,
    settings,
  })
  await makeLedger(server.url)
  return server
}

async function started(settings: Record<string, string | number>): Promise<EmbeddedPostgres> {
  const server = await serverWith(settings)
  onTestFinished(() => server.stop())
  return server
}

let server: EmbeddedPostgres
let sound: Examination
beforeAll(async () => {
  server = await serverWith({})
  sound = await examinePostgres(server.url)
})
afterAll(() => server.stop())

/** A database or role of its own, so that the tests do not meet. */
function elsewhere(change: { username?: string; pathname?: string }, at: string = server.url): string {
  return Object.assign(new URL(at), change).href
}

async function database(name: string, options = ''): Promise<string> {
  await askPostgres(server.url, `CREATE DATABASE ${name} ${options}`)
  return elsewhere({ pathname: `/${name}` })
}

describe('doctor on a server whose settings are changed', () => {
  test('a sound one without a standby keeps every promise, and of a failover nothing can be said', () => {
    expect(sound.claims.filter((claim) => claim.holds !== true).map(({ id }) => id)).toEqual([
      'survives-failover',
    ])
    expect(sound.findings).toEqual([])
    expect(sound.store.settings).toMatchObject({ poolMode: 'none', timeline: 1, encoding: 'UTF8' })
  })

  test.each<[Record<string, string | number>, Difference]>([
    [{ fsync: 'off' }, { checks: { fsync: false }, promises: { 'survives-power-loss': false } }],
    [
      { full_page_writes: 'off' },
      { checks: { fullPageWrites: false }, promises: { 'survives-power-loss': false } },
    ],
    [{ max_connections: 12 }, { checks: { connections: false }, promises: {} }],
  ])('%j', async (settings, expected) => {
    const changedServer = await started(settings)
    expect(difference(sound, await examinePostgres(changedServer.url))).toEqual(expected)
  })

  test('what workers and their pools may open, less what is reserved', async () => {
    const usable = Number(sound.store.settings['usableConnections'])
    const shown = await askPostgres(
      server.url,
      "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS n",
    )
    expect(usable).toBe(Number(shown[0]?.['n']))
    const holds = (workers: number) => withPools(sound, { workers, pool: 1 }).checks.at(-1)?.holds
    expect([holds(usable), holds(usable + 1)]).toEqual([true, false])
  })

  test('synchronous_commit, of this database alone', async () => {
    const url = await database('careless')
    await askPostgres(url, 'ALTER DATABASE careless SET synchronous_commit = off')
    await makeLedger(url)
    expect(difference(sound, await examinePostgres(url))).toEqual({
      checks: { commitsToDisk: false },
      promises: { 'survives-crash': false, 'survives-power-loss': false },
    })
  })

  test('an unlogged table', async () => {
    const url = await database('unlogged')
    await makeLedger(url)
    await askPostgres(url, 'ALTER TABLE onceward_entries SET UNLOGGED')
    expect(difference(sound, await examinePostgres(url))).toEqual({
      checks: { unlogged: false },
      promises: { 'survives-crash': false, 'survives-power-loss': false, 'survives-failover': false },
    })
  })

  test('an encoding that lacks characters, which the store then refuses', async () => {
    const url = await database('narrow', "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    await makeLedger(url)
    expect(difference(sound, await examinePostgres(url))).toEqual({
      checks: { encoding: false },
      promises: { usable: false },
    })
    const once = createOnceward({ store: postgresStore({ url }), sweep: false })
    onTestFinished(() => once.close())
    await expect(once.run({ operation: 'work', key: '\u{1f4e6}' }, () => 1)).rejects.toMatchObject({
      code: 'STORE_REJECTED',
    })
  })

  test('a database that takes no writes', async () => {
    const url = await database('still')
    await makeLedger(url)
    await askPostgres(url, 'ALTER DATABASE still SET default_transaction_read_only = on')
    expect(difference(sound, await examinePostgres(url))).toEqual({
      checks: { readOnly: false },
      promises: { usable: false },
    })
  })

  test('a ledger of a newer version', async () => {
    const url = await database('newer')
    await makeLedger(url)
    await askPostgres(url, "UPDATE onceward_meta SET value = '99'")
    const found = await examinePostgres(url)
    expect(difference(sound, found)).toEqual({
      checks: { schemaVersion: false },
      promises: { usable: false },
    })
    expect(found.error).toMatchObject({ code: 'STORE_INCOMPATIBLE' })
  })

  test('a role that may not change entries', async () => {
    await askPostgres(server.url, `CREATE ROLE reader LOGIN PASSWORD '${server.password}'`)
    const tables = 'onceward_entries, onceward_records, onceward_lineage, onceward_meta'
    await askPostgres(server.url, `GRANT SELECT, INSERT ON ${tables} TO reader`)
    const found = await examinePostgres(elsewhere({ username: 'reader' }))
    expect(difference(sound, found)).toEqual({ checks: { privileges: false }, promises: { usable: false } })
    expect(found.store.settings['missingPrivileges']).toContain('UPDATE on onceward_entries')
    await askPostgres(server.url, `GRANT UPDATE, DELETE ON ${tables} TO reader`)
    expect(difference(sound, await examinePostgres(elsewhere({ username: 'reader' })))).toEqual({
      checks: {},
      promises: {},
    })
  })

  test('a role that may not make tables, where there are none', async () => {
    await askPostgres(server.url, `CREATE ROLE guest LOGIN PASSWORD '${server.password}'`)
    const url = elsewhere({ username: 'guest' }, await database('empty'))
    const found = await examinePostgres(url)
    expect(difference(sound, found)).toEqual({ checks: { privileges: false }, promises: { usable: false } })
    expect(found.store.settings['missingPrivileges']).toBe('CREATE on the schema')
  })

  test.each([
    [3_600_000, false],
    [-3_600_000, false],
    [0, true],
  ])('a clock that differs by %d ms', async (differenceMs, holds) => {
    const found = await examinePostgres(server.url, () => Date.now() - differenceMs)
    expect(difference(sound, found)).toEqual({ checks: holds ? {} : { clock: false }, promises: {} })
    const measured = Number(found.store.settings['clockDifferenceMs'])
    expect(Math.abs(measured - differenceMs)).toBeLessThan(60_000)
  })
})

describe('doctor through a pooler', () => {
  test.each<['session' | 'transaction' | 'statement', Difference]>([
    ['session', { checks: {}, promises: {} }],
    ['transaction', { checks: { preparedStatements: false }, promises: {} }],
    ['statement', { checks: { poolMode: false }, promises: { usable: false, transactional: false } }],
  ])('of %ss', async (pooling, expected) => {
    const pooler = await startPooler(server.url, pooling)
    onTestFinished(() => pooler.close())
    const found = await examinePostgres(pooler.url)
    expect(found.store.settings['poolMode']).toBe(pooling)
    expect(difference(sound, found)).toEqual(expected)
  })

  test('a ledger works through one of transactions', async () => {
    const pooler = await startPooler(server.url, 'transaction')
    onTestFinished(() => pooler.close())
    const once = createOnceward({ store: postgresStore({ url: pooler.url }), sweep: false })
    onTestFinished(() => once.close())
    const keys = Array.from({ length: 20 }, (_, at) => `pooled-${at}`)
    const run = (key: string): Promise<string> => once.run({ operation: 'pooled', key }, () => key)
    expect(await Promise.all(keys.map(run))).toEqual(keys)
    expect(await Promise.all(keys.map(run))).toEqual(keys)
  })
})

describe('doctor on a pair of servers', () => {
  let pair: PostgresPair
  beforeAll(async () => {
    pair = await PostgresPair.start({ fsync: true })
    await makeLedger(pair.primary.url)
    await pair.caughtUp()
  })
  afterAll(() => pair.stop())

  test('asynchronous: a failover may lose what was acknowledged; synchronous: it does not', async () => {
    const asynchronous = await examinePostgres(pair.primary.url)
    expect(difference(sound, asynchronous)).toEqual({
      checks: { standbys: false },
      promises: { 'survives-failover': false },
    })
    expect(asynchronous.claims.find(({ id }) => id === 'survives-failover')?.change).toContain(
      'synchronous_standby_names',
    )
    await pair.setReplication('synchronous')
    const synchronous = await examinePostgres(pair.primary.url)
    expect(difference(asynchronous, synchronous)).toEqual({
      checks: { standbys: true, commitsToStandby: true },
      promises: { 'survives-failover': true },
    })
    const local = await examinePostgres(withOption(pair.primary.url, 'synchronous_commit=local'))
    expect(difference(synchronous, local)).toEqual({
      checks: { commitsToStandby: false },
      promises: { 'survives-failover': false },
    })
  })

  test('the standby takes no writes', async () => {
    const found = await examinePostgres(pair.standby?.url ?? '')
    expect(found.checks.find(({ id }) => id === 'inRecovery')?.holds).toBe(false)
    expect(found.claims.find(({ id }) => id === 'usable')?.holds).toBe(false)
  })

  test('a synchronous standby that is gone', async () => {
    const before = await examinePostgres(pair.primary.url)
    await pair.standby?.kill()
    const text = 'SELECT count(*) = 0 FROM pg_stat_replication'
    await untilAnswer(pair.primary.url, { text, what: 'The end of the stream' })
    expect(difference(before, await examinePostgres(pair.primary.url))).toEqual({
      checks: { standbyStreams: false },
      promises: { usable: false },
    })
  })
})

test('doctor reads the timeline, which a promotion changes, until the ledger is written again', async () => {
  const pair = await PostgresPair.start({ fsync: true })
  onTestFinished(() => pair.stop())
  await makeLedger(pair.primary.url)
  await pair.caughtUp()
  const promoted = await examinePostgres((await pair.promote()).url)
  expect(promoted.store.settings['timeline']).toBe(2)
  expect(difference(sound, promoted)).toEqual({ checks: { timeline: false }, promises: {} })
  const once = createOnceward({ store: postgresStore({ url: pair.primary.url }), sweep: false })
  await once.run({ operation: 'work', key: 'after', safety: 'keyed' }, () => 'done')
  await once.close()
  expect(difference(sound, await examinePostgres(pair.primary.url))).toEqual({ checks: {}, promises: {} })
})

function withOption(url: string, option: string): string {
  const changedUrl = new URL(url)
  changedUrl.searchParams.set('options', `-c ${option}`)
  return changedUrl.href
}
