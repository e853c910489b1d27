/*
 * What is used of @grpc/grpc-js, described by its shape: the package is never imported, so that whoever uses Connect
 * does not need it.
 */
export interface GrpcMetadata {
  get(name: string): readonly (string | Uint8Array)[]
  set(name: string, value: string | Buffer): void
  add(name: string, value: string | Buffer): void
  remove(name: string): void
  clone(): GrpcMetadata
  /** First value of each name. */
  getMap(): Record<string, string | Uint8Array>
}

export interface GrpcJsStatus {
  readonly code: number
  readonly details: string
  readonly metadata?: GrpcMetadata | null
}

export interface ServerListener {
  onReceiveMetadata(metadata: GrpcMetadata): void
  onReceiveMessage(message: unknown): void
  onReceiveHalfClose(): void
  onCancel(): void
}

/** `ServerInterceptingCallInterface` of grpc-js 1.10 and later, as far as it is looked at. */
export interface ServerCall {
  start(listener: ServerListener): void
  sendMetadata(metadata: GrpcMetadata): void
  sendMessage(message: unknown, callback: () => void): void
  sendStatus(status: GrpcJsStatus): void
  startRead(): void
}

/** `ServerMethodDefinition`. */
export interface ServerMethod {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  readonly responseSerialize: (message: unknown) => Buffer
}

/** A method of a service definition, as generated code and proto-loader make it. */
export interface MethodDefinition {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  readonly requestSerialize: (message: never) => Buffer
  readonly requestDeserialize: (bytes: Buffer) => unknown
  readonly responseSerialize: (message: never) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => unknown
}

export interface ClientListener {
  onReceiveMetadata(metadata: GrpcMetadata): void
  onReceiveMessage(message: unknown): void
  onReceiveStatus(status: GrpcJsStatus): void
}

/** `InterceptingCallInterface`. */
export interface ClientCall {
  start(metadata: GrpcMetadata, listener?: Partial<ClientListener>): void
  sendMessageWithContext(context: object, message: unknown): void
  sendMessage(message: unknown): void
  startRead(): void
  halfClose(): void
  cancelWithStatus(status: number, details: string): void
  getPeer(): string
  getAuthContext(): unknown
}

/** `InterceptorOptions`. */
export interface ClientCallOptions {
  readonly deadline?: Date | number
  readonly method_definition: Pick<
    MethodDefinition,
    'path' | 'requestStream' | 'responseStream' | 'responseDeserialize'
  > & { readonly requestSerialize: (message: unknown) => Buffer }
}
