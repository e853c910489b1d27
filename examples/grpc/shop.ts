/** The service, as generated code would have it; with JSON on the wire, so that nothing has to be generated here. */
import type { MethodDefinition } from '@grpc/grpc-js'

export interface Order {
  readonly sku: string
  readonly amount: number
}

export interface Confirmation {
  readonly id: string
  /** How many orders this service has carried out. */
  readonly orders: number
}

const write = (message: object): Buffer => Buffer.from(JSON.stringify(message))

export const Shop: { readonly order: MethodDefinition<Order, Confirmation> } = {
  order: {
    path: '/shop.v1.Shop/Order',
    requestStream: false,
    responseStream: false,
    requestSerialize: write,
    requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as Order,
    responseSerialize: write,
    responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as Confirmation,
  },
}
