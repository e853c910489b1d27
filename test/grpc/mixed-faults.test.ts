import { expect, it } from 'vitest'
import { GrpcBench, type Library } from './support/bench.ts'
import { orderOf } from './support/shop.ts'

const size = process.env['ONCEWARD_TEST_SIZE'] ?? ''
const orders = { verify: 1_000, full: 10_000 }[size] ?? 40
const libraries: readonly Library[] = ['grpc-js', 'connect-grpc']

it.each(libraries)(
  'with %s, of orders whose connections are cut at any moment none is carried out twice, and what is told is true',
  async (library) => {
    const bench = new GrpcBench(library)
    const shop = await bench.server({ options: { safety: 'keyed', waitMs: 5_000 } })
    const proxy = await bench.proxy(shop.port)
    const options = { retry: { attempts: 6, baseMs: 1, capMs: 20 }, budget: { ratio: 10, min: 100 } }
    const clients = [0, 1, 2, 3].map(() => bench.client(proxy.port, options))
    const random = seeded(4711)
    let cuts = 0
    const told: { sku: string; outcome: string | undefined; id: string | undefined }[] = []
    const order = async (number: number, client: number): Promise<void> => {
      const sku = `sku-${number}-`
      if (random() < 0.5) {
        const afterBytes = Math.floor(random() * 60)
        const cut = proxy.cut({ at: random() < 0.3 ? 'request' : 'reply', when: sku, afterBytes })
        void cut.done.then(() => (cuts += 1))
      }
      if (random() < 0.1) proxy.reset()
      const { reply, metadata } = (await clients[client]?.order(orderOf(sku), { key: sku })) ?? {}
      told.push({ sku, outcome: metadata?.('onceward-outcome'), id: reply?.id })
    }
    for (let number = 0; number < orders; number += 4)
      await Promise.all(
        [0, 1, 2, 3].flatMap((at) => [order(number + at, at), order(number + at, (at + 1) % 4)]),
      )
    const counts = new Map<string, number>()
    for (const sku of shop.journal) counts.set(sku, (counts.get(sku) ?? 0) + 1)
    const wrong = told.filter(({ sku, outcome, id }) => {
      const count = counts.get(sku) ?? 0
      // A reply means one effect; "not sent" says nothing of the other call with the same key.
      return count > 1 || (id !== undefined && (count !== 1 || id !== `o-${sku}`)) || outcome === 'refused'
    })
    expect(wrong).toEqual([])
    const done = told.filter(({ id }) => id !== undefined)
    console.log(
      `${library}: ${told.length} calls for ${orders} orders, ${done.length} told the reply, ${cuts} cuts`,
    )
    expect(cuts).toBeGreaterThan(orders / 4)
    expect(done.length).toBeGreaterThan(told.length * 0.8)
    await bench.end()
  },
  300_000,
)

/** A linear congruential generator: the same faults in every run, as far as the order of events allows. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}
