import { expect, it } from 'vitest'
import { grpcClientInterceptor, grpcServerInterceptor, withoutChannelRetries } from '../../src/grpc/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { faultProxy } from '../../src/drills/index.ts'
import { shopClient, startShop } from './support/grpc-js-shop.ts'
import { orderOf, shopDefinition } from './support/shop.ts'

it('smoke', async () => {
  const once = createOnceward({ store: memoryStore() })
  const shop = await startShop({ interceptors: [grpcServerInterceptor(once, { caller: 'anonymous' })] })
  const proxy = await faultProxy({ target: { host: '127.0.0.1', port: shop.port }, protocol: 'raw' })
  const client = shopClient(proxy.port, { interceptors: [grpcClientInterceptor({ once: createOnceward({ store: memoryStore(), scope: 'c' }), services: [shopDefinition] })], channel: withoutChannelRetries({}) })
  const cut = proxy.cut({ at: 'reply', when: 'sku-1' })
  const first = await client.order(orderOf('sku-1'), { key: 'k' })
  console.log(cut.count, first, first.metadata('run'), first.metadata('idempotency-replayed'))
  const again = await client.order(orderOf('sku-1'), { key: 'k' })
  console.log(again, again.metadata('run'), again.metadata('idempotency-replayed'))
  proxy.cut({ at: 'reply', when: 'sku-2' })
  const un = await client.order(orderOf('sku-2'))
  console.log(un, un.metadata('onceward-outcome'), un.metadata('onceward-attempts'))
  await proxy.close()
  const gone = await client.order(orderOf('sku-3'))
  console.log(gone, gone.metadata('onceward-outcome'), gone.metadata('onceward-attempts'))
  expect(shop.journal).toEqual(['sku-1', 'sku-2'])
})
