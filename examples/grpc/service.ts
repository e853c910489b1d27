/**
 * A gRPC service whose one method is safe to retry: `node examples/grpc/service.ts [FILE]`. It prints its address;
 * `PORT` chooses the port. Call it with `node examples/grpc/client.ts ADDRESS KEY SKU`.
 */
import { randomUUID } from 'node:crypto'
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js'
// In a package of yours: from 'onceward', 'onceward/sqlite' and 'onceward/grpc'.
import { createOnceward } from '../../src/index.ts'
import { grpcServerInterceptor, withExactBytes } from '../../src/grpc/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { type Confirmation, type Order, Shop } from './shop.ts'

const once = createOnceward({ store: sqliteStore({ path: process.argv[2] ?? 'orders.db' }), scope: 'shop' })
let orders = 0

const server = new Server({
  interceptors: [
    // Whom a call is from. In a service of yours: what your authentication has found out.
    grpcServerInterceptor(once, { caller: (call) => call.metadata('x-account') ?? 'guest', require: true }),
  ],
})

server.addService(withExactBytes(Shop), {
  order: (_: ServerUnaryCall<Order, Confirmation>, done: sendUnaryData<Confirmation>): void => {
    orders += 1
    done(null, { id: randomUUID(), orders })
  },
})

server.bindAsync(
  `127.0.0.1:${process.env['PORT'] ?? 50051}`,
  ServerCredentials.createInsecure(),
  (error, port) => {
    if (error !== null) throw error
    console.log(`127.0.0.1:${port}`)
  },
)

process.once('SIGTERM', () => {
  server.tryShutdown(() => void once.close())
})
