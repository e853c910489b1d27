import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { Runtime } from '../../kernel/runtime.ts'
import { systemRuntime } from '../../system.ts'
import { Database } from './database.ts'
import { parsePostgresOptions } from './options.ts'
import type { ClientLike, PoolAnswer, PoolLike, PoolQuery } from './pool.ts'

/** A client that answers as it is told, and notes what became of it. */
class FakeClient extends EventEmitter implements ClientLike {
  readonly queries: PoolQuery[] = []
  readonly releases: unknown[] = []
  answer: (query: PoolQuery) => Promise<PoolAnswer>

  constructor(answer: (client: FakeClient, query: PoolQuery) => Promise<PoolAnswer> | PoolAnswer) {
    super()
    this.answer = async (query) => answer(this, query)
  }

  query(query: PoolQuery): Promise<PoolAnswer> {
    this.queries.push(query)
    return this.answer(query)
  }

  release(error?: Error | boolean): void {
    this.releases.push(error)
  }

  get heard(): number {
    return this.listenerCount('notice') + this.listenerCount('error')
  }
}

function databaseOn(client: FakeClient, runtime: Runtime = systemRuntime): Database {
  const pool: PoolLike & { end(): void } = {
    connect: () => Promise.resolve(client),
    end: () => {
      throw new Error("a user's pool was ended")
    },
  }
  return new Database(parsePostgresOptions({ pool, runtime, answerTimeoutMs: 100 }))
}

const select = { name: 'one', text: 'SELECT 1' }
const done: PoolAnswer = { rows: [['1']], command: 'SELECT' }

function serverError(code: string): Error {
  return Object.assign(new Error(code), { code, severity: 'ERROR' })
}

describe('a statement', () => {
  test('gives its rows as texts, and the client back as it was', async () => {
    const client = new FakeClient(() => done)
    expect(await databaseOn(client).run(select, [7])).toEqual([['1']])
    expect(client.queries).toMatchObject([{ name: 'one', text: 'SELECT 1', values: [7], rowMode: 'array' }])
    expect(client.queries[0]?.types.getTypeParser()('2026-01-01')).toBe('2026-01-01')
    expect(client.releases).toEqual([false])
    expect(client.heard).toBe(0)
  })

  test.each(['01000', '57P01'])(
    'that is committed with warning %s is lost, not acknowledged',
    async (code) => {
      const client = new FakeClient((self) => {
        self.emit('notice', { code, severity: 'WARNING' })
        return done
      })
      await expect(databaseOn(client).run(select, [])).rejects.toMatchObject({ kind: 'lost' })
    },
  )

  test('that is answered with any other notice is acknowledged', async () => {
    const client = new FakeClient((self) => {
      self.emit('notice', { code: '00000', severity: 'NOTICE' })
      return done
    })
    expect(await databaseOn(client).run(select, [])).toEqual([['1']])
  })

  test('a warning does not stick to the next one', async () => {
    const client = new FakeClient((self) => {
      if (self.queries.length === 1) self.emit('notice', { code: '01000' })
      return done
    })
    const database = databaseOn(client)
    await expect(database.run(select, [])).rejects.toMatchObject({ kind: 'lost' })
    expect(await database.run(select, [])).toEqual([['1']])
  })

  test('on a connection that breaks is lost, and the client is thrown away', async () => {
    const client = new FakeClient((self) => {
      const error = new Error('Connection terminated unexpectedly')
      // As pg does: an event, which would end the process if nobody listened, and the statement's rejection.
      self.emit('error', error)
      throw error
    })
    await expect(databaseOn(client).run(select, [])).rejects.toMatchObject({ kind: 'lost' })
    expect(client.releases).toEqual([true])
  })

  test('that conflicts leaves the client in the pool', async () => {
    const client = new FakeClient(() => {
      throw serverError('40001')
    })
    await expect(databaseOn(client).run(select, [])).rejects.toMatchObject({ kind: 'conflict' })
    expect(client.releases).toEqual([false])
  })

  test('that nobody answers is given up after a time, and lost', async () => {
    const client = new FakeClient(() => done)
    const given = Promise.withResolvers<PoolAnswer>()
    client.answer = () => given.promise
    client.release = (error) => {
      client.releases.push(error)
      // As pg-pool does: the connection is destroyed, which rejects what waits on it.
      given.reject(new Error('Connection terminated'))
    }
    await expect(databaseOn(client).run(select, [])).rejects.toMatchObject({ kind: 'lost' })
    expect(client.releases).toEqual([true])
  })

  test('whose name a pooler has lost conflicts once, and goes without a name from then on', async () => {
    const client = new FakeClient((_, query) => {
      if (query.name !== undefined) throw serverError('26000')
      return done
    })
    const database = databaseOn(client)
    await expect(database.run(select, [])).rejects.toMatchObject({ kind: 'conflict' })
    expect(await database.run(select, [])).toEqual([['1']])
  })
})

describe('a connection', () => {
  test('that cannot be had makes the store unavailable', async () => {
    const pool: PoolLike = {
      connect: () => Promise.reject(new Error('timeout exceeded when trying to connect')),
    }
    const database = new Database(parsePostgresOptions({ pool }))
    await expect(database.run(select, [])).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test("of a user's pool is not asked for after close, and the pool is not ended", async () => {
    const database = databaseOn(new FakeClient(() => done))
    await database.run(select, [])
    await database.close()
    await expect(database.run(select, [])).rejects.toMatchObject({ kind: 'unavailable' })
  })
})

describe('a transaction', () => {
  const texts = (client: FakeClient): string[] => client.queries.map(({ text }) => text)

  test('is rolled back when its work fails, and throws what the work threw', async () => {
    const client = new FakeClient(() => done)
    const failure = new Error('no')
    const attempt = databaseOn(client).session((session) =>
      session.transaction(() => Promise.reject(failure)),
    )
    await expect(attempt).rejects.toBe(failure)
    expect(texts(client)).toEqual(['BEGIN', 'ROLLBACK'])
  })

  test('that the server quietly rolls back at COMMIT is rejected', async () => {
    const client = new FakeClient((_, { text }) => ({
      rows: [],
      command: text === 'COMMIT' ? 'ROLLBACK' : text,
    }))
    const attempt = databaseOn(client).session((session) => session.transaction(() => Promise.resolve()))
    await expect(attempt).rejects.toMatchObject({ kind: 'rejected' })
  })

  test("hears warnings at COMMIT only: the caller's own statements may raise some", async () => {
    const client = new FakeClient((self, { text }) => {
      if (text === 'SELECT 1') self.emit('notice', { code: '01000' })
      return { rows: [], command: text }
    })
    const attempt = databaseOn(client).session((session) =>
      session.transaction(() => session.run(select, [], 'inside')),
    )
    await expect(attempt).resolves.toEqual([])
  })

  test('whose COMMIT is not answered is lost, and no ROLLBACK is sent on the broken connection', async () => {
    const client = new FakeClient((_, { text }) => {
      if (text === 'COMMIT') throw new Error('Connection terminated unexpectedly')
      return { rows: [], command: text }
    })
    const attempt = databaseOn(client).session((session) => session.transaction(() => Promise.resolve()))
    await expect(attempt).rejects.toMatchObject({ kind: 'lost' })
    expect(texts(client)).toEqual(['BEGIN', 'COMMIT'])
    expect(client.releases).toEqual([true])
  })
})
