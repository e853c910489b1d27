/**
 * A shop in a process of its own, that dies when it is asked to: `shop-process.ts FILE JOURNAL SAFETY`. It prints its
 * port. An order `die` is carried out and then kills the process, before anything is answered.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js'
import { createOnceward } from '../../../src/index.ts'
import { grpcAttempt, grpcServerInterceptor, withExactBytes } from '../../../src/grpc/index.ts'
import { sqliteStore } from '../../../src/stores/sqlite/index.ts'
import { type OrderReply, type OrderRequest, replyOf, shopDefinition } from './shop.ts'

const [file = '', journal = '', safety] = process.argv.slice(2)
const once = createOnceward({ store: sqliteStore({ path: file }) })
const options = { caller: 'anonymous', leaseMs: 300, waitMs: 10_000 } as const
const interceptor = grpcServerInterceptor(once, safety === 'keyed' ? { ...options, safety } : options)

/** The peer remembers its keys: it does nothing again for one that it knows. */
function effect(key: string): void {
  if (!readFileSync(journal, 'utf8').includes(key)) appendFileSync(journal, `${key}\n`)
  appendFileSync(`${journal}.requests`, `${key}\n`)
}

const server = new Server({ interceptors: [interceptor] })
server.addService(withExactBytes({ order: shopDefinition.order }), {
  order: (call: ServerUnaryCall<OrderRequest, OrderReply>, done: sendUnaryData<OrderReply>): void => {
    effect(grpcAttempt()?.effectKey ?? '')
    if (call.request.sku === 'die' && readFileSync(`${journal}.requests`, 'utf8').split('\n').length === 2)
      process.kill(process.pid, 'SIGKILL')
    done(null, replyOf('done'))
  },
})
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, port) => console.log(port))
