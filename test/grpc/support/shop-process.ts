/**
 * Two shops in a process of their own, that dies when it is asked to: `shop-process.ts FOLDER LEASE_MS`. It prints the port of the
 * one whose work is keyed and of the one whose work is blind; each has a ledger and a peer of its own in the folder. Orders
 * `die` are carried out, and once both shops have one, kill the process before anything is answered.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js'
import { createOnceward } from '../../../src/index.ts'
import { grpcAttempt, grpcServerInterceptor, withExactBytes } from '../../../src/grpc/index.ts'
import { sqliteStore } from '../../../src/stores/sqlite/index.ts'
import { type OrderReply, type OrderRequest, replyOf, shopDefinition } from './shop.ts'

const [folder = '', leaseMs] = process.argv.slice(2)
const safeties = ['keyed', 'blind'] as const

/** What a peer was asked for, and what it did: it remembers its keys, and does nothing again for one that it knows. */
function effect(journal: string, key: string): void {
  if (!existsSync(journal) || !readFileSync(journal, 'utf8').includes(key))
    appendFileSync(journal, `${key}\n`)
  appendFileSync(`${journal}.requests`, `${key}\n`)
}

const requestsOf = (safety: string): number => {
  const path = join(folder, `${safety}.requests`)
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0
}

function start(safety: (typeof safeties)[number]): Promise<number> {
  const once = createOnceward({ store: sqliteStore({ path: join(folder, `${safety}.db`) }) })
  const options = { caller: 'anonymous', leaseMs: Number(leaseMs), waitMs: 20_000 } as const
  const interceptor = grpcServerInterceptor(once, safety === 'keyed' ? { ...options, safety } : options)
  const server = new Server({ interceptors: [interceptor] })
  server.addService(withExactBytes({ order: shopDefinition.order }), {
    order: (call: ServerUnaryCall<OrderRequest, OrderReply>, done: sendUnaryData<OrderReply>): void => {
      effect(join(folder, safety), grpcAttempt()?.effectKey ?? '')
      if (call.request.sku !== 'die' || requestsOf(safety) > 1) return done(null, replyOf('done'))
      if (safeties.every((one) => requestsOf(one) > 0)) process.kill(process.pid, 'SIGKILL')
    },
  })
  return new Promise((resolve) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, port) => resolve(port))
  })
}

const ports = await Promise.all(safeties.map(start))
console.log(ports.join(' '))
