import { expect, it } from 'vitest'
import { connectClientInterceptor, connectServerInterceptor } from '../../src/grpc/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { faultProxy } from '../../src/drills/index.ts'
import { connectClient, startConnectShop, toldBy } from './support/connect-shop.ts'
import { orderOf } from './support/shop.ts'

it.each(['grpc', 'connect'] as const)('smoke %s', async (protocol) => {
  const once = createOnceward({ store: memoryStore() })
  const shop = await startConnectShop({ interceptors: [connectServerInterceptor(once, { caller: 'anonymous' })] })
  const proxy = await faultProxy({ target: { host: '127.0.0.1', port: shop.port }, protocol: 'raw' })
  const client = connectClient(proxy.port, { protocol, interceptors: [connectClientInterceptor({ once: createOnceward({ store: memoryStore(), scope: 'c' }) })] })
  const cut = proxy.cut({ at: 'reply', when: 'sku-1' })
  const first = await toldBy((o) => client.order(orderOf('sku-1'), o), { key: 'k' })
  console.log(cut.count, first, first.metadata('run'), first.metadata('idempotency-replayed'))
  const again = await toldBy((o) => client.order(orderOf('sku-1'), o), { key: 'k' })
  console.log(again, again.metadata('run'), again.metadata('idempotency-replayed'))
  proxy.cut({ at: 'reply', when: 'sku-2' })
  const un = await toldBy((o) => client.order(orderOf('sku-2'), o))
  console.log(un, un.metadata('onceward-outcome'), un.metadata('onceward-attempts'))
  async function* all() { yield orderOf('x'); yield orderOf('y')}
  for (let i =0;i<2;i++) console.log(await toldBy((o) => client.import(all(), o), { key: 'k'}))
  await proxy.close()
  const gone = await toldBy((o) => client.order(orderOf('sku-3'), o))
  console.log(gone, gone.metadata('onceward-outcome'), gone.metadata('onceward-attempts'))
  expect(shop.journal).toEqual(['sku-1', 'sku-2', 'x+y'])
})
