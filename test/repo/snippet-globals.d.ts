// What the snippets of README.md and docs/ may take for granted: the things of the reader's own application.
import type { MethodDefinition, ServiceClientConstructor } from '@grpc/grpc-js'
import type { Onceward } from 'onceward'
import type { Pool } from 'pg'

declare global {
  interface Order {
    readonly id: string
  }
  interface Charge {
    readonly id: string
    readonly amount: number
  }
  const ShopService: { readonly order: MethodDefinition<Order, Charge> }
  const ShopClient: ServiceClientConstructor
  const order: { id: string; total: number; email: string }
  const amount: number
  const currency: string
  const once: Onceward
  const pool: Pool
  function show(text: string): void
  const stripe: {
    charges: {
      create(charge: object, options?: { idempotencyKey: string }): Promise<{ id: string; amount: number }>
    }
  }
  const mailer: { send(mail: object): Promise<{ messageId: string }> }
}
