import { create, createFileRegistry, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import type { GenMessage, GenService } from '@bufbuild/protobuf/codegenv2'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel as Level,
} from '@bufbuild/protobuf/wkt'
import type { MethodDefinition as GrpcMethod } from '@grpc/grpc-js'

/*
 *   package shop.v1;
 *   service Shop {
 *     rpc Order(OrderRequest) returns (OrderReply);
 *     rpc Import(stream OrderRequest) returns (OrderReply);
 *     rpc Watch(OrderRequest) returns (stream OrderReply);
 *     rpc Price(OrderRequest) returns (OrderReply) { option idempotency_level = NO_SIDE_EFFECTS; }
 *   }
 *   message OrderRequest { string sku = 1; int32 amount = 2; }
 *   message OrderReply { string id = 1; int32 amount = 2; }
 */
export type OrderRequest = Message<'shop.v1.OrderRequest'> & { sku: string; amount: number }
export type OrderReply = Message<'shop.v1.OrderReply'> & { id: string; amount: number }
type Both = { input: GenMessage<OrderRequest>; output: GenMessage<OrderReply> }

const field = (name: string, number: number, type: Type): object => ({
  name,
  number,
  type,
  label: Label.OPTIONAL,
  jsonName: name,
})
const method = (name: string, more: object = {}): object => ({
  name,
  inputType: '.shop.v1.OrderRequest',
  outputType: '.shop.v1.OrderReply',
  ...more,
})
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      {
        name: 'shop.proto',
        package: 'shop.v1',
        syntax: 'proto3',
        messageType: [
          { name: 'OrderRequest', field: [field('sku', 1, Type.STRING), field('amount', 2, Type.INT32)] },
          { name: 'OrderReply', field: [field('id', 1, Type.STRING), field('amount', 2, Type.INT32)] },
        ],
        service: [
          {
            name: 'Shop',
            method: [
              method('Order'),
              method('Import', { clientStreaming: true }),
              method('Watch', { serverStreaming: true }),
              method('Price', { options: { idempotencyLevel: Level.NO_SIDE_EFFECTS } }),
            ],
          },
        ],
      },
    ],
  }),
)

export const OrderRequestSchema = registry.getMessage('shop.v1.OrderRequest') as GenMessage<OrderRequest>
export const OrderReplySchema = registry.getMessage('shop.v1.OrderReply') as GenMessage<OrderReply>
export const Shop = registry.getService('shop.v1.Shop') as unknown as GenService<{
  order: Both & { methodKind: 'unary' }
  import: Both & { methodKind: 'client_streaming' }
  watch: Both & { methodKind: 'server_streaming' }
  price: Both & { methodKind: 'unary' }
}>

type Rpc = GrpcMethod<OrderRequest, OrderReply>

function rpc(name: string, requestStream: boolean, responseStream: boolean): Rpc {
  return {
    path: `/shop.v1.Shop/${name}`,
    requestStream,
    responseStream,
    requestSerialize: (message) => Buffer.from(toBinary(OrderRequestSchema, message)),
    requestDeserialize: (bytes) => fromBinary(OrderRequestSchema, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(OrderReplySchema, message)),
    responseDeserialize: (bytes) => fromBinary(OrderReplySchema, bytes),
  }
}

/** The same service, as generated code for grpc-js would have it. */
export const shopDefinition: Readonly<Record<'order' | 'import' | 'watch' | 'price', Rpc>> = {
  order: rpc('Order', false, false),
  import: rpc('Import', true, false),
  watch: rpc('Watch', false, true),
  price: rpc('Price', false, false),
}

export const orderOf = (sku: string, amount = 1900): OrderRequest =>
  create(OrderRequestSchema, { sku, amount })
export const replyOf = (id: string, amount = 1900): OrderReply => create(OrderReplySchema, { id, amount })
