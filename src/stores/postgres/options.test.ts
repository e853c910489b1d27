import { describe, expect, test } from 'vitest'
import { isOncewardError } from '../../kernel/errors.ts'
import { postgresStore, type PostgresStoreOptions } from './index.ts'

const secret = 'hunter2'

function refusal(options: unknown): { code: string; message: string } {
  try {
    postgresStore(options as PostgresStoreOptions)
  } catch (error) {
    if (isOncewardError(error)) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('it was taken')
}

describe('options are checked at the door, and the value is named', () => {
  test.each<[unknown, string]>([
    [undefined, 'neither'],
    [{}, 'neither'],
    [{ url: 'postgres://a/b', pool: { connect: () => undefined } }, 'both'],
    [{ pool: {} }, 'pool'],
    [{ pool: null }, 'pool'],
    [{ url: 7 }, '7'],
    [{ url: 'localhost:5432' }, 'localhost:5432'],
    [{ url: 'mysql://a/b' }, 'mysql://a/b'],
    [{ url: 'postgres://a,b/shop' }, 'a,b'],
    [{ url: 'postgres://a/b', schema: 'a"b' }, 'a\\"b'],
    [{ url: 'postgres://a/b', schema: '' }, 'schema'],
    [{ url: 'postgres://a/b', connections: 0 }, 'connections'],
    [{ url: 'postgres://a/b', connectTimeoutMs: -1 }, 'connectTimeoutMs'],
    [{ url: 'postgres://a/b', answerTimeoutMs: '10s' }, '10s'],
    [{ url: 'postgres://a/b', namedStatements: 1 }, 'namedStatements'],
    [{ url: 'postgres://a/b', canLose: 'no' }, 'canLose'],
  ])('%j', (options, named) => {
    expect(refusal(options)).toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining(named),
    })
  })

  test.each([
    `postgres://me:${secret}@a,b/shop`,
    `mysql://me:${secret}@a/b`,
    `postgres//me:${secret}@a/b`,
    `mysql://a/b?password=${secret}`,
  ])('a password stays out of the message about %s', (url) => {
    expect(refusal({ url }).message).not.toContain(secret)
  })
})

describe('the location names the server and no secret', () => {
  test.each<[PostgresStoreOptions, string]>([
    [
      { url: `postgres://me:${secret}@db.example:5433/shop?sslmode=disable` },
      'postgres://db.example:5433/shop',
    ],
    [{ url: 'postgresql://db.example' }, 'postgres://db.example'],
    [{ pool: poolWith({ connectionString: `postgres://me:${secret}@db/shop` }) }, 'postgres://db/shop'],
    [
      { pool: poolWith({ host: 'db', port: 5433, database: 'shop', password: secret }) },
      'postgres://db:5433/shop',
    ],
    [{ pool: poolWith(undefined) }, 'postgres:'],
  ])('%#', (options, location) => {
    expect(postgresStore(options).location).toBe(location)
  })
})

function poolWith(options: unknown): NonNullable<PostgresStoreOptions['pool']> {
  const pool = { connect: () => Promise.reject(new Error('not in this test')), options }
  return pool
}
