/** The most that something on the way takes by default, and where that is said. */
export interface KnownLimit {
  readonly name: string
  readonly bytes: number
  /** Where the number comes from. */
  readonly source: string
}

const kib = 1024
const mib = 1024 * 1024

/** Defaults of what often stands between a sender and a receiver, smallest first. */
export const knownLimits: readonly KnownLimit[] = [
  { name: 'Express body parsers', bytes: 100 * kib, source: 'body-parser, option limit: 100kb' },
  {
    name: 'Amazon SQS, a queue that asks for no more',
    bytes: 256 * kib,
    source: 'SQS, SetQueueAttributes MaximumMessageSize',
  },
  { name: 'Amazon SNS', bytes: 256 * kib, source: 'SNS, Publish: 262,144 bytes' },
  { name: 'Azure Service Bus, standard', bytes: 256 * kib, source: 'Service Bus quotas: 256 KB' },
  { name: 'DynamoDB item', bytes: 400 * kib, source: 'DynamoDB quotas: 400 KB' },
  { name: 'nginx client_max_body_size', bytes: mib, source: 'nginx, ngx_http_core_module: 1m' },
  { name: 'Fastify bodyLimit', bytes: mib, source: 'Fastify, Server options: 1048576' },
  { name: 'NATS max_payload', bytes: mib, source: 'NATS server configuration: 1MB' },
  {
    name: 'Amazon SQS',
    bytes: mib,
    source: 'SQS message quotas: 1,048,576 bytes since August 2025, 262,144 before',
  },
  { name: 'Kafka producer max.request.size', bytes: mib, source: 'Kafka producer configuration: 1048576' },
  { name: 'Kafka message.max.bytes', bytes: 1_048_588, source: 'Kafka broker configuration: 1048588' },
  {
    name: 'gRPC receive limit',
    bytes: 4 * mib,
    source: 'gRPC: 4 MiB unless raised; grpc-js DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH',
  },
  { name: 'AWS Lambda, synchronous', bytes: 6 * mib, source: 'Lambda, Invoke: 6 MB' },
  { name: 'Google Pub/Sub', bytes: 10_000_000, source: 'Pub/Sub quotas: 10 MB' },
  { name: 'Amazon API Gateway', bytes: 10 * mib, source: 'API Gateway quotas: 10 MB' },
  {
    name: 'RabbitMQ max_message_size',
    bytes: 16 * mib,
    source: 'RabbitMQ 4.0 release notes: 16 MiB; 128 MiB before',
  },
  { name: 'MySQL max_allowed_packet', bytes: 64 * mib, source: 'MySQL 8 server variables: 67108864' },
]
