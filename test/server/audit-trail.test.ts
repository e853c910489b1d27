import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../src/ledger/store.ts'
import { AuditTrail } from '../../src/server/index.ts'
import { openStoreFromUrl } from '../../src/stores/open.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { systemRuntime } from '../../src/system.ts'
import { ControlRoom } from './support/control-room.ts'

const who = { id: 't1', name: 'Ann', role: 'operator' }
const stream = 'audit-trail'

/** A store whose trail reads as somebody has changed it. */
function tampered(store: Store, change: (id: string, body: string) => string | undefined): Store {
  return {
    ...store,
    records: {
      ...store.records,
      read: async (query) => {
        const found = await store.records.read(query)
        if (query.stream !== stream) return found
        return found.flatMap((record) => {
          const body = change(record.id, record.body)
          return body === undefined ? [] : [{ ...record, body }]
        })
      },
    },
  }
}

const number = (id: string): number => Number(id)

describe('the audit trail', () => {
  it('finds whatever was changed, taken out or put in, and an end that was cut off', async () => {
    const store = memoryStore()
    const trail = new AuditTrail(store.records, systemRuntime)
    for (const about of ['a', 'b', 'c', 'd'])
      await trail.append({
        who,
        what: 'doubt.resolve',
        about,
        why: 'seen',
        before: { state: 'in_doubt' },
        after: undefined,
      })
    const whole = await trail.verify()
    expect(whole).toMatchObject({ intact: true, records: 4 })
    const breaks: readonly (readonly [string, number, (id: string, body: string) => string | undefined])[] = [
      ['a name', 2, (id, body) => (number(id) === 2 ? body.replace('Ann', 'Bob') : body)],
      ['a time', 3, (id, body) => (number(id) === 3 ? body.replace(/"at":"2/, '"at":"1') : body)],
      ['one taken out', 3, (id, body) => (number(id) === 3 ? undefined : body)],
      ['the first taken out', 1, (id, body) => (number(id) === 1 ? undefined : body)],
      ['the end cut off', 4, (id, body) => (number(id) === 4 ? undefined : body)],
      ['one that cannot be read', 1, (id, body) => (number(id) === 1 ? body.slice(1) : body)],
    ]
    for (const [what, seq, change] of breaks) {
      const check = await new AuditTrail(tampered(store, change).records, systemRuntime).verify()
      expect([what, check]).toMatchObject([what, { intact: false, broken: { seq } }])
    }
  })

  it('finds a chain that was written anew by the head that was noted elsewhere', async () => {
    const store = memoryStore()
    const trail = new AuditTrail(store.records, systemRuntime)
    await trail.append({ who, what: 'token.create', about: 'x' })
    const noted = await trail.head()
    expect((await trail.verify(noted)).intact).toBe(true)
    const anew = new AuditTrail(memoryStore().records, systemRuntime)
    await anew.append({ who, what: 'token.create', about: 'y' })
    expect((await anew.verify()).intact).toBe(true)
    expect(await anew.verify(noted)).toMatchObject({ intact: false, broken: { seq: 1 } })
    expect(await anew.verify({ ...noted, seq: 5 })).toMatchObject({ intact: false, broken: { seq: 2 } })
  })

  for (const kind of ['sqlite', 'postgres'] as const) {
    describe(`on ${kind}`, () => {
      let room: ControlRoom
      beforeAll(async () => {
        room = await ControlRoom.on(kind)
      })
      afterAll(() => room.end())

      it('is one chain, whoever writes to it at once', async () => {
        const stores = await Promise.all([0, 1, 2].map(() => openStoreFromUrl(room.storeUrl)))
        await Promise.all(stores.map((store) => store.open()))
        const trails = stores.map((store) => new AuditTrail(store.records, systemRuntime))
        await Promise.all(
          trails.flatMap((trail, at) =>
            Array.from({ length: 8 }, (_, n) => trail.append({ who, what: 'x', about: `${at}-${n}` })),
          ),
        )
        const [first] = trails
        expect(await first?.verify()).toMatchObject({ intact: true, records: 24 })
        const abouts = (await first?.read(0, 100))?.map(({ about }) => about)
        expect(new Set(abouts).size).toBe(24)
        await Promise.all(stores.map((store) => store.close()))
      })
    })
  }
})
