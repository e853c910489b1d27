import { expect, it } from 'vitest'
import { grpcServerInterceptor } from '../../src/grpc/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { shopClient, startShop } from './support/grpc-js-shop.ts'
import { orderOf } from './support/shop.ts'

it('smoke', async () => {
  const once = createOnceward({ store: memoryStore() })
  const shop = await startShop({ interceptors: [grpcServerInterceptor(once, { caller: 'anonymous' })] })
  const client = shopClient(shop.port)
  const first = await client.order(orderOf('a'), { key: 'k' })
  console.log(first, first.metadata('run'))
  const again = await client.order(orderOf('a'), { key: 'k' })
  console.log(again, again.metadata('run'), again.metadata('idempotency-replayed'))
  console.log(await client.order(orderOf('b'), { key: 'k' }))
  console.log(await client.import([orderOf('b'), orderOf('c')], { key: 'k' }))
  console.log(await client.import([orderOf('b'), orderOf('c')], { key: 'k' }))
  console.log(await client.watch(orderOf('b')), (await client.watch(orderOf('b'), { key: 'x' })))
  expect(shop.journal).toEqual(['a', 'b+c'])
})
