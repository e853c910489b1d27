import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescService,
  type Message,
  toBinary,
} from '@bufbuild/protobuf'
import {
  type FieldDescriptorProto_Label,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'

/*
 * What protoc would make of:
 *
 *   syntax = "proto3"; package shop;
 *   message Order { string ref = 1; bytes note = 2; int32 quantity = 3; optional bool hold_for_review = 4; bool express = 5; }
 *   message Batch { string id = 1; repeated Order orders = 2; optional bool hold_for_review = 3; map<string, Order> extra = 4;
 *                   oneof payment { string card = 5; string invoice = 6; } Order first = 7; }
 *   message Approval { repeated string approved = 1; repeated string held = 2; }
 *   service Orders { rpc Dispatch(Batch) returns (Approval); rpc DispatchMany(stream Batch) returns (stream Approval); }
 */
const file = create(FileDescriptorProtoSchema, {
  name: 'shop.proto',
  package: 'shop',
  syntax: 'proto3',
  messageType: [
    {
      name: 'Order',
      field: [
        field('ref', 1, Type.STRING),
        field('note', 2, Type.BYTES),
        field('quantity', 3, Type.INT32),
        { ...field('hold_for_review', 4, Type.BOOL), proto3Optional: true, oneofIndex: 0 },
        field('express', 5, Type.BOOL),
      ],
      oneofDecl: [{ name: '_hold_for_review' }],
    },
    {
      name: 'Batch',
      field: [
        field('id', 1, Type.STRING),
        { ...field('orders', 2, Type.MESSAGE), label: Label.REPEATED, typeName: '.shop.Order' },
        { ...field('hold_for_review', 3, Type.BOOL), proto3Optional: true, oneofIndex: 1 },
        { ...field('extra', 4, Type.MESSAGE), label: Label.REPEATED, typeName: '.shop.Batch.ExtraEntry' },
        { ...field('card', 5, Type.STRING), oneofIndex: 0 },
        { ...field('invoice', 6, Type.STRING), oneofIndex: 0 },
        { ...field('first', 7, Type.MESSAGE), typeName: '.shop.Order' },
      ],
      oneofDecl: [{ name: 'payment' }, { name: '_hold_for_review' }],
      nestedType: [
        {
          name: 'ExtraEntry',
          field: [
            field('key', 1, Type.STRING),
            { ...field('value', 2, Type.MESSAGE), typeName: '.shop.Order' },
          ],
          options: { mapEntry: true },
        },
      ],
    },
    {
      name: 'Approval',
      field: [
        { ...field('approved', 1, Type.STRING), label: Label.REPEATED },
        { ...field('held', 2, Type.STRING), label: Label.REPEATED },
      ],
    },
  ],
  service: [
    {
      name: 'Orders',
      method: [
        { name: 'Dispatch', inputType: '.shop.Batch', outputType: '.shop.Approval' },
        {
          name: 'DispatchMany',
          inputType: '.shop.Batch',
          outputType: '.shop.Approval',
          clientStreaming: true,
          serverStreaming: true,
        },
      ],
    },
  ],
})

type FieldInit = Readonly<
  Record<'name' | 'jsonName', string> & { number: number; type: Type; label: FieldDescriptorProto_Label }
>

function field(name: string, number: number, type: Type): FieldInit {
  return {
    name,
    number,
    type,
    label: Label.OPTIONAL,
    jsonName: name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  }
}

const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }))

function messageOf(name: string): DescMessage {
  const schema = registry.getMessage(name)
  if (schema === undefined) throw new Error(`no message ${name}`)
  return schema
}

export const orderSchema: DescMessage = messageOf('shop.Order')
export const batchSchema: DescMessage = messageOf('shop.Batch')
export const approvalSchema: DescMessage = messageOf('shop.Approval')
export const ordersService: DescService = registry.getService('shop.Orders') as NonNullable<
  ReturnType<typeof registry.getService>
>

export interface OrderMessage extends Message {
  readonly ref: string
  readonly note: Uint8Array
  readonly holdForReview?: boolean
}

export interface BatchMessage extends Message {
  readonly id: string
  readonly orders: OrderMessage[]
  readonly holdForReview?: boolean
}

export interface ApprovalMessage extends Message {
  readonly approved: string[]
  readonly held: string[]
}

/** Of the report: 6.8 MB at p99 are 120 orders. */
const noteBytes = 56_600

/** A batch of orders, of which every tenth is to be held for review; and the batch says that it holds such. */
export function batchOf(id: string, orders: number, bytesEach: number = noteBytes): BatchMessage {
  return create(batchSchema, {
    id,
    orders: Array.from({ length: orders }, (_, at) =>
      create(orderSchema, {
        ref: `${id}-${at}`,
        note: new Uint8Array(bytesEach).fill(at % 251),
        quantity: 1,
        holdForReview: at % 10 === 9,
      }),
    ),
    holdForReview: true,
  }) as BatchMessage
}

export function batchBytes(batch: BatchMessage): Buffer {
  return Buffer.from(toBinary(batchSchema, batch))
}
