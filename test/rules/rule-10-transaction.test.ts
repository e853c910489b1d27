import type { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import type { Entry } from '../../src/ledger/entry.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt } from '../../src/ledger/onceward.ts'
import { type Store, StoreFault } from '../../src/ledger/store.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { gate } from '../support/gate.ts'
import type { Lab, LabWorker, WorkerOptions } from '../support/lab.ts'
import { type SqlitePlace, sqlitePlace } from '../support/sqlite-place.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(10)
const leaseMs = 1000
const sell: Intent = { operation: 'sell', key: 'order-1', leaseMs, safety: 'transactional' }

function worker(lab: Lab, place: SqlitePlace, options: WorkerOptions = {}): LabWorker {
  return lab.worker({ ...options, store: sqliteStore({ path: place.path, runtime: lab.time.worker() }) })
}

/** An effect that inserts one row in the transaction of its entry. */
function selling(place: SqlitePlace, text: string, value: unknown = text) {
  return (attempt: Attempt): Promise<unknown> =>
    attempt.transaction((client: DatabaseSync) => {
      place.insert(client, text)
      return value
    })
}

rule("the caller's rows and the entry's outcome commit together", async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  expect(await lab.until(once.run(sell, selling(place, 'sold')))).toBe('sold')
  expect(place.rows()).toEqual(['sold'])
  expect(await lab.until(once.lookup(sell))).toMatchObject({ state: 'succeeded', value: 'sold' })
  expect(await lab.until(once.run(sell, selling(place, 'sold twice')))).toBe('sold')
  expect(place.rows()).toEqual(['sold'])
})

rule('where the work throws, nothing is written, and the entry is free for the next attempt', async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  const cause = new Error('out of stock')
  const failing = once.run(sell, (attempt) =>
    attempt.transaction((client: DatabaseSync) => {
      place.insert(client, 'sold')
      throw cause
    }),
  )
  expect(await lab.error(failing)).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause })
  expect(place.rows()).toEqual([])
  expect(await lab.until(once.lookup(sell))).toMatchObject({ state: 'released' })
  expect(await lab.until(once.run(sell, selling(place, 'sold')))).toBe('sold')
})

rule("an error of the caller's own SQL reaches the effect as it is", async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  await lab.until(once.run({ ...sell, key: 'order-0' }, selling(place, 'taken')))
  let seen: unknown
  const run = once.run(sell, (attempt) =>
    attempt
      .transaction((client: DatabaseSync) => place.insert(client, 'taken'))
      .catch((error: unknown) => {
        seen = error
        throw error
      }),
  )
  expect(await lab.code(run)).toBe('OUTCOME_UNKNOWN')
  expect(seen).toMatchObject({ code: 'ERR_SQLITE_ERROR', errcode: 2067 })
})

rule('a crash before the commit leaves nothing behind, and the next worker does all of it', async (lab) => {
  const place = sqlitePlace()
  const [first, second] = [worker(lab, place), worker(lab, place)]
  void first.once.run(sell, () => never())
  await lab.time.quiet()
  first.kill()
  expect(await lab.until(second.once.run(sell, selling(place, 'sold')))).toBe('sold')
  expect(place.rows()).toEqual(['sold'])
})

rule(
  'a worker whose entry was taken over has its rows rolled back',
  async (lab) => {
    const place = sqlitePlace()
    const [zombie, heir] = [worker(lab, place), worker(lab, place)]
    const door = gate()
    const run = zombie.once.run(sell, async (attempt) => {
      await door.pass()
      return selling(place, 'by the zombie')(attempt)
    })
    await door.arrived
    zombie.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 2)
    await lab.until(heir.once.run(sell, selling(place, 'by the heir')))
    // Both of its clocks have stood still, so it believes in its lease: the commit is what stops it.
    zombie.runtime.monotonicLagMs = leaseMs * 2
    zombie.runtime.wallOffsetMs = -leaseMs * 2
    door.open()
    expect(await run.catch((error: unknown) => error)).toMatchObject({ code: 'LEASE_LOST' })
    expect(place.rows()).toEqual(['by the heir'])
  },
  [],
)

rule(
  'a takeover that is still at work has not lost its entry to the zombie',
  async (lab) => {
    const place = sqlitePlace()
    const [zombie, heir] = [worker(lab, place), worker(lab, place)]
    const [first, second] = [gate(), gate()]
    const late = zombie.once.run(sell, async (attempt) => {
      await first.pass()
      return selling(place, 'by the zombie')(attempt)
    })
    await first.arrived
    zombie.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 2)
    const run = heir.once.run(sell, async (attempt) => {
      await second.pass()
      return selling(place, 'by the heir')(attempt)
    })
    await lab.time.quiet()
    zombie.runtime.monotonicLagMs = leaseMs * 2
    zombie.runtime.wallOffsetMs = -leaseMs * 2
    first.open()
    await late.catch((error: unknown) => error)
    second.open()
    await lab.until(run.catch((error: unknown) => error))
    expect(place.rows()).toEqual(['by the heir'])
  },
  ['stale-entry-commits'],
)

rule(
  'asynchronous work is refused on SQLite with OPTION_INVALID, and nothing is written',
  async (lab) => {
    const place = sqlitePlace()
    const { once } = worker(lab, place)
    const run = once.run(sell, (attempt) =>
      attempt.transaction(async (client: DatabaseSync) => {
        place.insert(client, 'half')
        await Promise.resolve()
        place.insert(client, 'other half')
      }),
    )
    const error = await run.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    await lab.time.quiet()
    expect(error).toMatchObject({ code: 'OPTION_INVALID', message: expect.stringContaining('synchronous') })
    expect(place.rows()).not.toContain('half')
  },
  ['asynchronous-work-is-taken'],
)

rule(
  'on a store without transactions it is OPTION_INVALID, and the work is not run',
  async (lab) => {
    const { once } = lab.worker()
    const ran: string[] = []
    const run = once.run(sell, (attempt) => attempt.transaction(() => void ran.push('work')))
    expect(await lab.error(run)).toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('memory'),
    })
    expect(ran).toEqual([])
  },
  ['transaction-on-any-store'],
)

rule('what the transaction returns is the value, whatever the effect returns', async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  const run = once.run(sell, async (attempt) => {
    await selling(place, 'sold')(attempt)
    return 'something else'
  })
  expect(await lab.until(run)).toBe('sold')
})

rule('what the effect throws after the commit does not undo it', async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  const run = once.run(sell, async (attempt) => {
    await selling(place, 'sold')(attempt)
    throw new Error('too late')
  })
  expect(await lab.until(run)).toBe('sold')
  expect(await lab.until(once.lookup(sell))).toMatchObject({ state: 'succeeded', value: 'sold' })
})

rule('a second transaction in one attempt is refused, one after the other or at once', async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  const codes: unknown[] = []
  const note = (error: unknown): void => void codes.push((error as { code: unknown }).code)
  const value = await lab.until(
    once.run(sell, async (attempt) => {
      const first = selling(place, 'one')(attempt)
      const second = selling(place, 'two')(attempt).catch(note)
      await Promise.all([first, second])
      await selling(place, 'three')(attempt).catch(note)
    }),
  )
  expect(value).toBe('one')
  expect(codes).toEqual(['OPTION_INVALID', 'OPTION_INVALID'])
  expect(place.rows()).toEqual(['one'])
})

for (const ending of ['COMMIT', 'ROLLBACK']) {
  rule(
    `work that ends the transaction itself with ${ending} is refused, and the entry stays free`,
    async (lab) => {
      const place = sqlitePlace()
      const { once } = worker(lab, place)
      const run = once.run(sell, (attempt) =>
        attempt.transaction((client: DatabaseSync) => client.exec(ending)),
      )
      expect(await lab.code(run)).toBe('OPTION_INVALID')
      expect(await lab.until(once.run(sell, selling(place, 'sold')))).toBe('sold')
    },
  )
}

rule('the attempt does not end before a transaction that nobody waited for', async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  const run = once.run(sell, (attempt) => {
    void selling(place, 'sold')(attempt)
    return 'done'
  })
  expect(await lab.until(run)).toBe('sold')
  expect(place.rows()).toEqual(['sold'])
})

rule('a transaction that failed may be tried again in the same attempt', async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  const run = once.run(sell, async (attempt) => {
    const failing = attempt.transaction(() => {
      throw new Error('first')
    })
    await failing.catch(() => undefined)
    return selling(place, 'sold')(attempt)
  })
  expect(await lab.until(run)).toBe('sold')
  expect(place.rows()).toEqual(['sold'])
})

rule('a stepped operation has no transaction', async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  const stepped: Intent = { operation: 'sell', key: 'order-2', steps: true, safety: 'keyed' }
  expect(await lab.code(once.run(stepped, selling(place, 'sold')))).toBe('OPTION_INVALID')
  expect(place.rows()).toEqual([])
})

rule('a result that cannot be kept does not keep the transaction from committing', async (lab) => {
  const place = sqlitePlace()
  const { once } = worker(lab, place)
  const value = { large: 10n }
  expect(await lab.until(once.run(sell, selling(place, 'sold', value)))).toEqual(value)
  expect(place.rows()).toEqual(['sold'])
  expect(await lab.code(once.run(sell, selling(place, 'again')))).toBe('RESULT_TOO_LARGE')
  expect(place.rows()).toEqual(['sold'])
})

rule('an effect that gave its transaction up and returned has done nothing', async (lab) => {
  const place = sqlitePlace()
  const [zombie, heir] = [worker(lab, place), worker(lab, place)]
  const door = gate()
  const run = zombie.once.run(sell, async (attempt) => {
    await door.pass()
    await selling(place, 'by the zombie')(attempt).catch(() => undefined)
    return 'never mind'
  })
  await door.arrived
  zombie.runtime.isFrozen = true
  await lab.time.advance(leaseMs * 2)
  await lab.until(heir.once.run(sell, selling(place, 'by the heir')))
  zombie.runtime.monotonicLagMs = leaseMs * 2
  zombie.runtime.wallOffsetMs = -leaseMs * 2
  door.open()
  expect(await run.catch((error: unknown) => error)).toMatchObject({ code: 'LEASE_LOST' })
  expect(place.rows()).toEqual(['by the heir'])
})

/** The store lets nobody take the row over: a transaction has it locked. */
function lockRow(lab: Lab, { tap }: LabWorker): () => void {
  tap.hooks.claim = (requests, next) =>
    requests.some((request) => request.expect !== undefined)
      ? Promise.resolve({
          nowMs: lab.row(sell).leaseUntilMs,
          results: [{ kind: 'held', entry: lab.row(sell) }],
        })
      : next(requests)
  return () => delete tap.hooks.claim
}

rule('a row that a transaction has locked is looked at with pauses until it is free', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  void first.once.run(sell, () => never())
  await lab.time.quiet()
  first.kill()
  const unlock = lockRow(lab, second)
  const run = second.once.run({ ...sell, waitMs: 60_000 }, () => 'sold')
  await lab.time.advance(leaseMs + 20_000)
  const tries = second.tap.requests('claim').length
  expect(tries).toBeGreaterThan(10)
  expect(tries).toBeLessThan(1000)
  expect(second.heard('waiting').length).toBeLessThan(3)
  unlock()
  expect(await lab.until(run)).toBe('sold')
})

rule('nobody waits for a locked row beyond his patience', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  void first.once.run(sell, () => never())
  await lab.time.quiet()
  first.kill()
  lockRow(lab, second)
  const run = second.once.run({ ...sell, waitMs: 5_000 }, () => 'sold')
  expect(await lab.code(run)).toBe('IN_PROGRESS')
})

/** A worker whose first COMMIT is, or is not, carried out, and never acknowledged. */
function losingCommit(lab: Lab, place: SqlitePlace, isCommitted: boolean): LabWorker {
  const base = sqliteStore({ path: place.path, runtime: lab.time.worker() })
  let isLost = false
  return lab.worker({
    store: {
      ...base,
      transaction: async (work, prepare) => {
        if (isLost) return (base as Required<Store>).transaction(work, prepare)
        isLost = true
        const lost = new StoreFault('lost', 'the connection broke')
        const commit = (base as Required<Store>).transaction(work, (value) => {
          const request = prepare(value)
          if (!isCommitted) throw lost
          return request
        })
        await commit
        throw lost
      },
    },
  })
}

rule(
  'a COMMIT whose acknowledgement was lost is recognised by a write: nothing is done twice',
  async (lab) => {
    const place = sqlitePlace()
    const { once } = losingCommit(lab, place, true)
    expect(await lab.until(once.run(sell, selling(place, 'sold')))).toBe('sold')
    expect(place.rows()).toEqual(['sold'])
    expect(await lab.until(once.run(sell, selling(place, 'again')))).toBe('sold')
  },
)

rule('a COMMIT that was lost on its way leaves the entry free for the next attempt', async (lab) => {
  const place = sqlitePlace()
  const { once } = losingCommit(lab, place, false)
  expect(await lab.code(once.run(sell, selling(place, 'sold')))).toBe('OUTCOME_UNKNOWN')
  expect(place.rows()).toEqual([])
  expect(await lab.until(once.lookup(sell))).toMatchObject({ state: 'released' })
  expect(await lab.until(once.run(sell, selling(place, 'sold')))).toBe('sold')
  expect(place.rows()).toEqual(['sold'])
})

rule(
  'a COMMIT that could be seen and did not last leaves no success without its rows',
  async (lab) => {
    const place = sqlitePlace()
    const base = sqliteStore({ path: place.path, runtime: lab.time.worker() })
    const seen: Entry[] = []
    const { once } = lab.worker({
      store: {
        ...base,
        // A failover: what was committed, and seen as long as the old primary lived, is not there any more.
        transaction: async (_work, prepare) => {
          const { ref, value } = prepare('sold' as never)
          seen.push({ ...((await base.read([ref])).results[0] as Entry), state: 'succeeded', value })
          throw new StoreFault('lost', 'the connection broke')
        },
        settle: async (requests) => {
          const entry = seen.pop()
          if (entry === undefined) return base.settle(requests)
          return { nowMs: entry.claimedAtMs, results: [{ kind: 'stale', entry }] }
        },
      },
    })
    expect(await lab.code(once.run(sell, selling(place, 'sold')))).toBe('OUTCOME_UNKNOWN')
    expect(await lab.until(once.lookup(sell))).toMatchObject({ state: 'released' })
  },
  ['lost-commit-is-written-again'],
)
