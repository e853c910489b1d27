// node tiny-buffers.ts BYTES: sends so many bytes through TCP, once bare and once as a message of gRPC, to a reader that takes 1 KiB at
// a time. Prints what arrived, and how much the kernel held at most. Run where the kernel's buffers are as small as can be.
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import {
  Client,
  credentials,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
} from '@grpc/grpc-js'

const host = '127.0.0.1'
const message = randomBytes(Number(process.argv[2]))
const pieceBytes = 16 * 1024

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function bare(): Promise<object> {
  const server = createServer({ allowHalfOpen: true })
  await new Promise<void>((resolve) => void server.listen(0, host, resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const hash = createHash('sha256')
  let received = 0
  const done = Promise.withResolvers<void>()
  const reader = connect({
    port: (server.address() as AddressInfo).port,
    host,
    onread: {
      buffer: Buffer.alloc(1024),
      callback: (bytes, buffer) => {
        hash.update(buffer.subarray(0, bytes))
        received += bytes
        return true
      },
    },
  })
  reader.on('end', done.resolve)
  const sender = await accepted
  let taken = 0
  let mostHeld = 0
  for (let at = 0; at < message.length; at += pieceBytes) {
    const piece = message.subarray(at, at + pieceBytes)
    // The callback says that the kernel has taken it.
    await new Promise<void>((resolve) => sender.write(piece, () => resolve()))
    taken += piece.length
    mostHeld = Math.max(mostHeld, taken - received)
  }
  sender.end()
  await done.promise
  reader.destroy()
  server.close()
  return {
    receivedBytes: received,
    isIntact: hash.digest('hex') === digestOf(message),
    mostHeldBytes: mostHeld,
  }
}

async function grpc(): Promise<object> {
  const raw = (bytes: Buffer): Buffer => bytes
  const path = '/shop.Orders/Dispatch'
  const server = new Server({ 'grpc.max_receive_message_length': -1 })
  server.addService(
    {
      Dispatch: {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: raw,
        requestDeserialize: raw,
        responseSerialize: raw,
        responseDeserialize: raw,
      },
    },
    {
      Dispatch: ({ request }: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
        reply(null, Buffer.from(`${request.length} ${digestOf(request)}`)),
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  const client = new Client(`${host}:${port}`, credentials.createInsecure())
  const reply = await new Promise<string>((resolve, reject) =>
    client.makeUnaryRequest(path, raw, raw, message, (error, answer) =>
      error === null ? resolve(String(answer)) : reject(error),
    ),
  )
  client.close()
  server.forceShutdown()
  const [bytes, digest] = reply.split(' ')
  return { receivedBytes: Number(bytes), isIntact: digest === digestOf(message) }
}

const buffers = ['rmem', 'wmem'].map((name) =>
  readFileSync(`/proc/sys/net/ipv4/tcp_${name}`, 'utf8').trim().split(/\s+/).map(Number),
)
console.log(JSON.stringify({ receive: buffers[0], send: buffers[1], bare: await bare(), grpc: await grpc() }))
