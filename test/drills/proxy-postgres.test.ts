import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FaultProxy, faultProxy, isCommit } from '../../src/drills/proxy/index.ts'
import { usePostgres } from '../support/postgres-bench.ts'

const bench = usePostgres()
let proxy: FaultProxy
let client: Client

beforeEach(async () => {
  await bench().database.query('CREATE TABLE done (what text NOT NULL)')
  proxy = await faultProxy({ target: bench().database.url })
  client = await connected()
})
afterEach(async () => {
  await client.end().catch(() => undefined)
  await proxy.close()
  await bench().database.query('DROP TABLE done')
})

async function connected(): Promise<Client> {
  const made = new Client({ connectionString: proxy.through(bench().database.url) })
  made.on('error', () => undefined)
  await made.connect()
  return made
}

const insert = (what: string): Promise<unknown> => client.query('INSERT INTO done VALUES ($1)', [what])
const named = (what: string): Promise<unknown> =>
  client.query({ name: 'insert-named', text: 'INSERT INTO done VALUES ($1) -- named', values: [what] })
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  )

/** What the server has, looked at past the proxy, once it has let go of cut connections. */
async function done(): Promise<unknown[]> {
  await expect
    .poll(async () => {
      const rows = await bench().database.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database()
         AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      )
      return rows[0]?.['n']
    })
    .toBe(proxy.connections)
  return (await bench().database.query('SELECT what FROM done')).map((row) => row['what'])
}

describe('a proxy in front of PostgreSQL', () => {
  it('changes nothing while nothing is wrong', async () => {
    await insert('x'.repeat(200_000))
    const { rows } = await client.query<{ n: number }>('SELECT length(what) AS n FROM done')
    expect(rows).toEqual([{ n: 200_000 }])
  })

  it.each([
    ['request', []],
    ['reply', ['row']],
  ] as const)('cut at COMMIT in the %s, the rows of the transaction are %j', async (at, expected) => {
    await client.query('BEGIN')
    await insert('row')
    const cut = proxy.cut({ at, when: isCommit })
    expect(await codeOf(client.query('COMMIT'))).toMatch(/ECONNRESET|Connection terminated/)
    await cut.done
    expect(await done()).toEqual(expected)
  })

  it('tells a statement that commits by itself from one inside of a transaction', async () => {
    const cut = proxy.cut({
      at: 'reply',
      when: (asked) =>
        asked.protocol === 'postgres' && !asked.inTransaction && asked.sql.startsWith('INSERT'),
    })
    await client.query('BEGIN')
    await insert('inside')
    await client.query('COMMIT')
    expect(await codeOf(insert('alone'))).not.toBe('done')
    await cut.done
    // Row there, acknowledgement gone: not before the server has said that it is ready again is a reply cut.
    expect(await done()).toEqual(['inside', 'alone'])
  })

  it('finds a statement that was prepared before by its text, and any by a parameter', async () => {
    await named('first')
    const byText = proxy.cut({
      at: 'request',
      when: (asked) => asked.protocol === 'postgres' && asked.sql.endsWith('named'),
    })
    expect(await codeOf(named('second'))).not.toBe('done')
    await byText.done
    client = await connected()
    const byParameter = proxy.cut({ at: 'request', when: 'needle' })
    expect(await codeOf(insert('other'))).toBe('done')
    expect(await codeOf(insert('a needle'))).not.toBe('done')
    await byParameter.done
    expect(await done()).toEqual(['first', 'other'])
  })

  it('attributes replies to requests that were sent without waiting', async () => {
    proxy.cut({ at: 'reply', skip: 1 })
    const answers = await Promise.all(['a', 'b'].map((what) => codeOf(insert(what))))
    expect(answers[0]).toBe('done')
    expect(answers[1]).not.toBe('done')
    expect(await done()).toEqual(['a', 'b'])
  })

  it('passes an encrypted connection on unread, and a refusal of encryption too', async () => {
    const wanting = new Client({
      connectionString: proxy.through(bench().database.url),
      ssl: { rejectUnauthorized: false },
    })
    wanting.on('error', () => undefined)
    // The server of the tests has no certificate: it says N, and the driver gives up.
    await expect(wanting.connect()).rejects.toThrow(/SSL/)
  })

  it('carries COPY, notices and errors', async () => {
    await client.query("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
    await expect(client.query('SELECT 1/0')).rejects.toMatchObject({ code: '22012' })
    const cut = proxy.cut({ at: 'reply', when: 'SELECT 2' })
    await expect(client.query('SELECT 2')).rejects.toThrow(/ECONNRESET|terminated/)
    await cut.done
  })
})
