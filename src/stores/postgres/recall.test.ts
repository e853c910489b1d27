import { afterEach, describe, expect, test } from 'vitest'
import { usePostgres } from '../../../test/support/postgres-bench.ts'
import { createLedger } from '../../ledger/create.ts'
import type { Intent } from '../../ledger/intent.ts'
import type { OncewardEvent } from '../../ledger/events.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { Runtime } from '../../kernel/runtime.ts'
import { systemRuntime } from '../../system.ts'
import type { PostgresStoreOptions } from './index.ts'

const bench = usePostgres()
const open: Onceward[] = []
afterEach(async () => {
  for (const once of open.splice(0)) await once.close({ graceMs: 0 })
})

const mail: Intent = { operation: 'mail', key: 'order-1' }

/** Pulses twenty times as often. */
const hasty: Runtime = {
  ...systemRuntime,
  setTimer: (delayMs, callback, options) =>
    systemRuntime.setTimer(options?.background === true ? delayMs / 20 : delayMs, callback, options),
}

interface Worker {
  readonly once: Onceward
  readonly events: readonly OncewardEvent[]
  /** Resolves with the first event of a type, also one that has been. */
  readonly heard: (type: OncewardEvent['type']) => Promise<OncewardEvent>
}

function worker(options: PostgresStoreOptions, runtime: Runtime = systemRuntime): Worker {
  const once = createLedger({ store: bench().store({ runtime, ...options }), sweep: false }, runtime)
  open.push(once)
  const events: OncewardEvent[] = []
  once.on('*', (event) => events.push(event))
  const heard = (type: OncewardEvent['type']): Promise<OncewardEvent> => {
    const before = events.find((event) => event.type === type)
    if (before !== undefined) return Promise.resolve(before)
    return new Promise((resolve) => {
      const stop = once.on(type, (event) => {
        stop()
        resolve(event)
      })
    })
  }
  return { once, events, heard }
}

/** What an asynchronous standby that lacks everything shows when it has been promoted. */
function failOver(schema: string): Promise<unknown> {
  return bench().database.query(
    `TRUNCATE ${schema}.onceward_entries, ${schema}.onceward_records; UPDATE ${schema}.onceward_lineage SET timeline = '000000AB'`,
  )
}

/** As a server does that crashes. */
function cutConnections(): Promise<unknown> {
  return bench().database.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  )
}

function at(schema: string): PostgresStoreOptions {
  return { url: bench().database.url, schema }
}

async function rowsOf(schema: string): Promise<readonly Record<string, unknown>[]> {
  return bench().database.query(
    `SELECT state, epoch::int, attempt, claimed_epoch::int FROM ${schema}.onceward_entries ORDER BY key`,
  )
}

describe('after a failover that lost rows', () => {
  test('a sweep of a process that has written nothing yet is made in the new lineage', async () => {
    const { once, events } = worker(at('swept'))
    await once.open()
    await failOver('swept')
    expect(await once.sweep()).toMatchObject({ buried: 0, deleted: 0 })
    expect(events.filter(({ type }) => type === 'new_epoch')).toMatchObject([{ epoch: 2, formerEpoch: 1 }])
  })

  test('a worker asserts what it was acknowledged before it writes anything, and replays it', async () => {
    const { once, events } = worker(at('lost'))
    let mails = 0
    const send = (): string => `mail ${(mails += 1)}`
    await once.run(mail, send)
    await failOver('lost')
    expect(await once.run(mail, send)).toBe('mail 1')
    expect(mails).toBe(1)
    expect(await rowsOf('lost')).toEqual([{ state: 4, epoch: 2, attempt: 1, claimed_epoch: 1 }])
    expect(events.filter(({ type }) => type === 'recalled')).toMatchObject([{ recalled: 1, conflicts: 0 }])
    const lineages = await bench().database.query(
      'SELECT timeline, began_at_ms IS NOT NULL AS began FROM lost.onceward_lineage',
    )
    expect(lineages).toEqual([{ timeline: expect.stringMatching(/^0000000\d$/), began: true }])
  })

  test('an effect that runs meanwhile settles, and its connections may break on the way', async () => {
    const { once } = worker(at('broken'))
    const done = await once.run({ ...mail, key: 'earlier' }, () => 'sent')
    const running = once.run(mail, async () => {
      await cutConnections()
      await failOver('broken')
      return 'sent'
    })
    expect([done, await running]).toEqual(['sent', 'sent'])
    expect(await rowsOf('broken')).toMatchObject([
      { state: 4, epoch: 2, claimed_epoch: 1 },
      { state: 4, epoch: 2, claimed_epoch: 1 },
    ])
  })

  test('an idle worker notices by itself, and another one waits for it', async () => {
    const [first, second] = [worker(at('idle'), hasty), worker(at('idle'))]
    let mails = 0
    const send = (): string => `mail ${(mails += 1)}`
    await second.once.open()
    await first.once.run(mail, send)
    await failOver('idle')
    expect(await second.once.run(mail, send)).toBe('mail 1')
    expect(mails).toBe(1)
  })

  test('of many workers that recall at once each has its own rows afterwards', async () => {
    const workers = Array.from({ length: 4 }, () => worker(at('many'), hasty))
    const runs = workers.map(({ once }, index) =>
      Promise.all(
        Array.from({ length: 60 }, (_, nth) => once.run({ ...mail, key: [`${index}`, `${nth}`] }, () => nth)),
      ),
    )
    await Promise.all(runs)
    await failOver('many')
    await Promise.all(workers.map(({ heard }) => heard('recalled')))
    const rows = await rowsOf('many')
    expect(rows).toHaveLength(240)
    const asserted = { state: 4, epoch: 2, attempt: 1, claimed_epoch: 1 }
    expect(rows).toEqual(Array.from({ length: 240 }, () => asserted))
  })

  test('keyed work goes on at once, blind work is told when to come again', async () => {
    const { once } = worker(at('pause'))
    await once.run(mail, () => 'sent')
    await failOver('pause')
    expect(await once.run({ operation: 'charge', key: 'a', safety: 'keyed' }, () => 'charged')).toBe(
      'charged',
    )
    const blind = once.run({ ...mail, key: 'order-2', waitMs: 0 }, () => 'sent')
    await expect(blind).rejects.toMatchObject({ code: 'RECALL_PENDING' })
  })

  test('a store that is said not to lose anything remembers nothing and waits for nobody', async () => {
    const { once, events } = worker({ ...at('durable'), canLose: false })
    await once.run(mail, () => 'sent')
    await failOver('durable')
    expect(await once.run({ ...mail, key: 'order-2' }, () => 'sent')).toBe('sent')
    expect(events.map(({ type }) => type)).not.toContain('recalled')
  })
})

describe('a loss that the server says nothing of', () => {
  test('is noticed by the rows that were acknowledged last', async () => {
    const { once, heard } = worker(at('rolled_back'), hasty)
    await once.run(mail, () => 'sent')
    await bench().database.query('TRUNCATE rolled_back.onceward_entries')
    expect(await heard('recalled')).toMatchObject({ epoch: 2, recalled: 1 })
  })

  test('is noticed by a registration that is lower than was acknowledged', async () => {
    const { once, heard } = worker(at('lowered'), hasty)
    await once.run(mail, () => 'sent')
    let version = 0
    while (version < 2) {
      const [row] = await bench().database.query('SELECT version FROM lowered.onceward_records')
      version = Number(row?.['version'] ?? 0)
    }
    await bench().database.query('UPDATE lowered.onceward_records SET version = 1')
    expect(await heard('recalled')).toMatchObject({ epoch: 2, recalled: 0, kept: 1 })
  })

  test('is looked for as soon as a connection has broken, before anything is written', async () => {
    const { once } = worker(at('restarted'))
    await once.run(mail, () => 'sent')
    await cutConnections()
    await bench().database.query('TRUNCATE restarted.onceward_entries')
    await once.run({ operation: 'charge', key: 'a', safety: 'keyed' }, () => 'charged')
    expect((await rowsOf('restarted')).map(({ epoch }) => epoch)).toEqual([2, 2])
  })
})
