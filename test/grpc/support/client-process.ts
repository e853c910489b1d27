/** A client in a process of its own: `client-process.ts PORT FILE`. It orders once, under a ledger, and prints the id. */
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { createOnceward } from '../../../src/index.ts'
import { grpcClientInterceptor } from '../../../src/grpc/index.ts'
import { sqliteStore } from '../../../src/stores/sqlite/index.ts'
import { orderOf, shopDefinition } from './shop.ts'

const [port = '', file = ''] = process.argv.slice(2)
const { path, requestSerialize, responseDeserialize } = shopDefinition.order
const once = createOnceward({
  store: sqliteStore({ path: file }),
  operations: { [path]: { leaseMs: 1_000 } },
})
const interceptors = [grpcClientInterceptor({ once, services: [shopDefinition] })]
const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { interceptors })
const metadata = new Metadata()
metadata.set('idempotency-key', 'k')
client.makeUnaryRequest(
  path,
  requestSerialize,
  responseDeserialize,
  orderOf('a'),
  metadata,
  (error, reply) => {
    console.log(error?.message ?? reply?.id)
    client.close()
    void once.close()
  },
)
