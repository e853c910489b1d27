import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createOnceward, type Onceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { gate } from '../support/gate.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { expectRefusal } from './refusals.ts'

const charge = { operation: 'charge', key: 'order-1' }
const decision = { happened: false, by: 'Ada', because: 'seen' } as const

const calls: Readonly<Record<string, (once: Onceward) => Promise<unknown>>> = {
  run: (once) => once.run(charge, () => 'ran'),
  execute: (once) => once.execute(charge, () => 'ran'),
  lookup: (once) => once.lookup(charge),
  entries: (once) => once.entries(),
  'doubts.list': (once) => once.doubts.list(),
  'doubts.resolve': (once) => once.doubts.resolve(charge, decision),
  sweep: (once) => once.sweep(),
  open: (once) => once.open(),
}

describe('a closed instance', () => {
  it.each(Object.entries(calls))('refuses %s with CLOSED', async (_, call) => {
    const once = createOnceward({ store: memoryStore() })
    await once.close()
    await expectRefusal(() => call(once), { code: 'CLOSED', says: ['closed'] })
  })

  it('may be closed again, and before it was ever used', async () => {
    const once = createOnceward({ store: memoryStore() })
    await Promise.all([once.close(), once.close()])
    await once.close()
  })

  it('leaves what an effect did after close to whoever comes next: nothing is lost, nothing runs again', async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    const first = createOnceward({ store: sqliteStore({ path }), sweep: false })
    const door = gate<string>()
    const intent = { ...charge, leaseMs: 100 }
    const run = first.run(intent, () => door.pass()).catch((error: unknown) => error)
    await door.arrived
    await first.close({ graceMs: 0 })
    expect(await run).toMatchObject({ code: 'CLOSED' })
    door.open('paid')
    const second = createOnceward({ store: sqliteStore({ path }), sweep: false })
    let again = 0
    const effect = (): number => (again += 1)
    await expectRefusal(() => second.run(intent, effect), { code: 'IN_DOUBT' })
    expect(again).toBe(0)
    await second.close()
  })
})
