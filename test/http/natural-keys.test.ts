import { expect } from 'vitest'
import { gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import type { Asked } from './support/http-lab.ts'
import { sentence } from './support/sentences.ts'

const windowMs = 60_000
const options = {
  naturalKey: (_: unknown, body: unknown) => {
    const { partner, customerId } = body as { readonly partner: string; readonly customerId: string }
    return ['partner', partner, customerId]
  },
  naturalKeyWindowMs: windowMs,
}
const body = '{"partner":"ASPIn","customerId":"CUST_7890"}'

/** A registry of customers that makes a new record whenever it is asked. */
function registration(registry: Peer): Asked {
  return { path: '/customers', body, handler: () => ({ status: 201, body: registry.do('CUST_7890') }) }
}

sentence(
  'the duplicate registrations of CUST_7890: three identical requests two seconds apart make one record',
  async (lab) => {
    const registry = new Peer()
    // 10:30:15, 10:30:17 and 10:30:19, to two processes.
    const services = [lab.service(options), lab.service(options)]
    await lab.time.advance(15_000)
    const texts: string[] = []
    for (let at = 0; at < 3; at += 1) {
      texts.push((await services[at % 2]?.ask(registration(registry)))?.text ?? '')
      await lab.time.advance(2000)
    }
    expect(registry.journal).toHaveLength(1)
    expect(new Set(texts).size).toBe(1)
  },
  ['window-without-memory'],
)

sentence(
  'requests on both sides of any full minute make one record',
  async (lab) => {
    const registry = new Peer()
    const [first, second] = [lab.service(options), lab.service(options)]
    // The lab begins on a full hour: this is one millisecond before the minute, and one after.
    await lab.time.advance(windowMs - 1)
    await first.ask(registration(registry))
    await lab.time.advance(2)
    await second.ask(registration(registry))
    expect(registry.journal).toHaveLength(1)
  },
  ['window-by-the-clock'],
)

sentence(
  'past the window the same customer is registered again, once, however many ask at once',
  async (lab) => {
    const registry = new Peer()
    const [first, second] = [lab.service(options), lab.service(options)]
    await first.ask(registration(registry))
    await lab.time.advance(windowMs + 1)
    const callers = [first, second, first, second]
    await lab.lab.until(Promise.all(callers.map((one) => one.send(registration(registry)))))
    expect(registry.journal).toHaveLength(2)
    await second.ask(registration(registry))
    expect(registry.journal).toHaveLength(2)
  },
  ['window-without-end'],
)

sentence(
  'work in doubt stays the work of its natural key, whatever its age',
  async (lab) => {
    const registry = new Peer()
    const service = lab.service(options)
    const failing: Asked = {
      ...registration(registry),
      handler: () => {
        registry.do('CUST_7890')
        throw new Error('timeout')
      },
    }
    await service.ask(failing)
    await lab.time.advance(windowMs * 2)
    expect((await service.ask(registration(registry))).by).toBe('in-doubt')
    expect(registry.journal).toHaveLength(1)
  },
  ['window-ends-doubts'],
)

sentence('another customer, caller or body is not answered as the first was', async (lab) => {
  const registry = new Peer()
  const service = lab.service(options)
  await service.ask(registration(registry))
  const other = '{"partner":"ASPIn","customerId":"CUST_7891"}'
  expect((await service.ask({ ...registration(registry), body: other })).by).toBe('handler')
  expect((await service.ask({ ...registration(registry), caller: 'shop-2' })).by).toBe('handler')
  const changed = '{"partner":"ASPIn","customerId":"CUST_7890","phone":"1"}'
  expect((await service.ask({ ...registration(registry), body: changed })).by).toBe('key-reused')
})

sentence('a client that brings a key is heard by its key', async (lab) => {
  const registry = new Peer()
  const service = lab.service(options)
  await service.ask({ ...registration(registry), key: 'k-1' })
  await service.ask({ ...registration(registry), key: 'k-2' })
  expect(registry.journal).toHaveLength(2)
})

sentence('a registration that is still in progress is not begun again', async (lab) => {
  const registry = new Peer()
  const service = lab.service(options)
  const door = gate()
  const slow: Asked = {
    ...registration(registry),
    handler: async () => {
      await door.pass()
      return { status: 201, body: registry.do('CUST_7890') }
    },
  }
  const first = service.send(slow)
  await door.arrived
  await lab.time.advance(2000)
  expect((await service.ask(registration(registry))).by).toBe('in-progress')
  door.open()
  expect((await lab.lab.until(first)).by).toBe('handler')
  expect(registry.journal).toHaveLength(1)
})

sentence('requests that lack a part of the natural key are not one piece of work', async (lab) => {
  const service = lab.service(options)
  for (const lacking of ['{"partner":"ASPIn"}', '{"partner":"ASPIn"}', 'no JSON', 'null', ''])
    expect((await service.ask({ path: '/customers', body: lacking })).by).toBe('unguarded')
  const strict = lab.service({ ...options, require: true })
  expect((await strict.ask({ path: '/customers', body: '{"partner":"ASPIn"}' })).by).toBe('key-missing')
})
