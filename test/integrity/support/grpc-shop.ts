import { create, type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import {
  type ChannelOptions,
  credentials,
  type Interceptor,
  makeGenericClientConstructor,
  Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { onTestFinished } from 'vitest'
import {
  checkedDefinition,
  type CheckedDefinitionOptions,
  integrityClientInterceptor,
  integrityServerInterceptor,
} from '../../../src/grpc/index.ts'
import type { Integrity } from '../../../src/integrity/index.ts'
import { type ApprovalMessage, approvalSchema, type BatchMessage, batchSchema } from './shop.ts'

/** The service as `protoc-gen-grpc-js` would define it. */
export const plainDefinition: ServiceDefinition = {
  Dispatch: methodOf('/shop.Orders/Dispatch', false),
  DispatchMany: methodOf('/shop.Orders/DispatchMany', true),
}

function methodOf(path: string, isStream: boolean): ServiceDefinition[string] {
  return {
    path,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: serializer(batchSchema),
    requestDeserialize: (bytes: Buffer) => fromBinary(batchSchema, bytes),
    responseSerialize: serializer(approvalSchema),
    responseDeserialize: (bytes: Buffer) => fromBinary(approvalSchema, bytes),
  }
}

function serializer(schema: DescMessage): (message: Message) => Buffer {
  return (message) => Buffer.from(toBinary(schema, message))
}

/** Approves what is not to be held: as the service of the report did, an absent hold is none. */
export function approve(batch: BatchMessage): ApprovalMessage {
  const isHeld = (at: number): boolean => batch.orders[at]?.holdForReview === true
  const refs = batch.orders.map(({ ref }) => ref)
  return create(approvalSchema, {
    approved: refs.filter((_, at) => !isHeld(at)),
    held: refs.filter((_, at) => isHeld(at)),
  }) as ApprovalMessage
}

export interface GrpcShop {
  readonly port: number
  /** Every batch that reached the handler. */
  readonly handled: readonly BatchMessage[]
}

export interface GrpcShopOptions extends CheckedDefinitionOptions {
  readonly integrity?: Integrity
  readonly options?: ChannelOptions
  readonly interceptors?: readonly ServerInterceptor[]
  readonly answer?: (batch: BatchMessage) => ApprovalMessage
  /** In place of `plainDefinition`, made safe by `integrity`. */
  readonly definition?: ServiceDefinition
}

export async function grpcShop(given: GrpcShopOptions = {}): Promise<GrpcShop> {
  const { integrity, options = {}, answer = approve } = given
  const interceptors = given.interceptors ?? (integrity === undefined ? [] : [integrityServerInterceptor()])
  const server = new Server({ ...options, interceptors: [...interceptors] })
  const handled: BatchMessage[] = []
  const implementation: UntypedServiceImplementation = {
    Dispatch: (
      call: ServerUnaryCall<BatchMessage, ApprovalMessage>,
      reply: sendUnaryData<ApprovalMessage>,
    ) => {
      handled.push(call.request)
      reply(null, answer(call.request))
    },
    DispatchMany: (call: ServerDuplexStream<BatchMessage, ApprovalMessage>) => {
      call.on('data', (batch: BatchMessage) => {
        handled.push(batch)
        call.write(answer(batch))
      })
      call.on('end', () => call.end())
      call.on('error', () => undefined)
    },
  }
  const definition =
    given.definition ??
    (integrity === undefined ? plainDefinition : checkedDefinition(plainDefinition, integrity, given))
  server.addService(definition, implementation)
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  onTestFinished(() => server.forceShutdown())
  return { port, handled }
}

/** Of the channel; and interceptors in front of that of integrity. */
export type GrpcClientSetup = ChannelOptions & { readonly before?: readonly Interceptor[] }

export interface GrpcClient {
  /** With `key`, in the metadata. */
  dispatch(batch: BatchMessage, key?: string): Promise<ApprovalMessage>
  /** The replies so far, and how the call ended. */
  dispatchMany(
    batches: readonly BatchMessage[],
  ): Promise<{ replies: ApprovalMessage[]; error?: ServiceError }>
}

export function grpcClient(
  port: number,
  integrity?: Integrity,
  { before = [], ...options }: GrpcClientSetup = {},
): GrpcClient {
  const definition = integrity === undefined ? plainDefinition : checkedDefinition(plainDefinition, integrity)
  const Client = makeGenericClientConstructor(definition, 'Orders')
  const interceptors = [...before, ...(integrity === undefined ? [] : [integrityClientInterceptor()])]
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { ...options, interceptors })
  onTestFinished(() => client.close())
  const methods = client as unknown as {
    Dispatch(
      batch: BatchMessage,
      metadata: Metadata,
      done: (error: ServiceError | null, reply: ApprovalMessage) => void,
    ): void
    DispatchMany(): NodeJS.ReadWriteStream
  }
  return {
    dispatch: (batch, key) =>
      new Promise((resolve, reject) =>
        methods.Dispatch(batch, keyed(key), (error, reply) =>
          error === null ? resolve(reply) : reject(error),
        ),
      ),
    dispatchMany: (batches) =>
      new Promise((resolve) => {
        const replies: ApprovalMessage[] = []
        const call = methods.DispatchMany()
        call.on('data', (reply: unknown) => replies.push(reply as ApprovalMessage))
        call.on('error', (error) => resolve({ replies, error: error as ServiceError }))
        call.on('end', () => resolve({ replies }))
        for (const batch of batches) call.write(batch as unknown as string)
        call.end()
      }),
  }
}

function keyed(key: string | undefined): Metadata {
  const metadata = new Metadata()
  if (key !== undefined) metadata.set('idempotency-key', key)
  return metadata
}
