import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedger } from '../../src/ledger/create.ts'
import { Activity } from '../../src/server/activity/activity.ts'
import { recordActivity } from '../../src/server/activity/recorder.ts'
import { hourMs, minuteMs } from '../../src/server/activity/streams.ts'
import { Jobs } from '../../src/server/jobs.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { VirtualTime } from '../support/virtual-runtime.ts'
import { ControlRoom, doubtful } from './support/control-room.ts'

for (const kind of ['sqlite', 'postgres'] as const) {
  describe(`what workers write down, on ${kind}`, () => {
    let room: ControlRoom
    beforeAll(async () => {
      room = await ControlRoom.on(kind)
      await room.serve()
      await room.serve()
    })
    afterAll(() => room.end())

    it('is counted, told to listeners of another server, and found in the history of an entry', async () => {
      const [, second] = room.servers
      const live = await fetch(`${second?.url}/v1/live`)
      const reader = (live.body as ReadableStream<Uint8Array>).getReader()
      const once = await room.worker()
      const recorder = recordActivity(once, { store: await room.store(), everyMs: 50 })
      await once.run({ operation: 'charge', key: 'r1' }, () => 'paid')
      for (let n = 0; n < 3; n += 1) await once.run({ operation: 'charge', key: 'r1' }, () => 'paid')
      const ref = await doubtful(once, 'r2')
      await recorder.stop()
      let told = ''
      while (!told.includes('"in_doubt"')) told += new TextDecoder().decode((await reader.read()).value)
      expect(told).toContain('event: ledger\ndata: {"type":"claimed"')
      expect(told.match(/"type":"replayed"/g)).toHaveLength(3)
      expect(told).not.toContain('paid')
      await reader.cancel()
      const counted = await room.ask('/v1/statistics')
      expect((counted.json['total'] as { counts: object }).counts).toMatchObject({
        claims: 5,
        effects: 2,
        succeeded: 1,
        replays: 3,
        inDoubt: 1,
      })
      expect(counted.json['now']).toMatchObject({ inDoubt: { count: 1, isBound: false } })
      await room.ask(`/v1/doubts/${ref}/resolution`, { body: { happened: true, because: 'seen' } })
      const entry = await room.ask(`/v1/entries/${ref}`)
      const history = entry.json['history'] as readonly { type: string; source: string }[]
      // What the server itself does is an event too, once it has been written down.
      expect(history.map(({ type }) => type)).toEqual(['claimed', 'in_doubt', 'resolved', 'succeeded'])
      expect(history.slice(0, 2).map(({ source }) => source)).toEqual(['entry', 'event'])
      const replayed = await room.ask(`/v1/entries?key=r1&operation=charge`)
      const [first] = replayed.json['entries'] as readonly { ref: string }[]
      const other = (await room.ask(`/v1/entries/${first?.ref}`)).json['history'] as typeof history
      expect(other.filter(({ type }) => type === 'replayed')).toHaveLength(3)
      expect(room.faults).toEqual([])
    })
  })
}

describe('minutes and hours', () => {
  it('are one sum, whoever made the hours, and are forgotten in time', async () => {
    const time = new VirtualTime()
    const store = memoryStore({ runtime: time.worker(1) })
    const runtime = time.worker(2)
    const once = createLedger({ store, scope: 'shop', sweep: false }, runtime)
    const recorder = recordActivity(once, { store, runtime, everyMs: 1000 })
    const activity = new Activity(store.records, runtime)
    const jobs = [0, 1].map(
      () =>
        new Jobs({
          records: store.records,
          activity,
          scopes: ['shop'],
          runtime,
          everyMs: minuteMs,
          onError: (error) => {
            throw error
          },
        }),
    )
    const beginMs = runtime.wallMs()
    for (let n = 0; n < 30; n += 1) {
      await once.run({ operation: 'charge', key: `k${n}` }, () => n)
      await time.advance(10 * minuteMs)
      const turns = await Promise.all(jobs.map((each) => each.once()))
      expect(turns.filter(Boolean)).toHaveLength(1)
    }
    const range = { fromMs: beginMs, toMs: runtime.wallMs() + hourMs, stepMs: hourMs }
    const sum = async (): Promise<number> =>
      (await activity.intervals('shop', range)).reduce(
        (total, { counts }) => total + (counts.succeeded ?? 0),
        0,
      )
    expect(await sum()).toBe(30)
    const hours = await store.records.read({ stream: 'activity-hours/shop', limit: 100 })
    expect(hours.length).toBeGreaterThanOrEqual(2)
    const perMinute = await activity.intervals('shop', { ...range, stepMs: 10 * minuteMs })
    expect(perMinute.reduce((total, { counts }) => total + (counts.claims ?? 0), 0)).toBe(30)
    await time.advance(3 * 24 * hourMs)
    await jobs[0]?.once()
    expect(await store.records.read({ stream: 'activity-minutes/shop', limit: 10 })).toEqual([])
    expect(await store.records.read({ stream: 'activity-feed/shop', limit: 10 })).toEqual([])
    expect(await sum()).toBe(30)
    const stopped = recorder.stop()
    await time.advance(10_000)
    await stopped
  })
})
