import { createServer, type Socket } from 'node:net'
import { Client } from 'pg'

/** When a client's server connection goes back to be used by others. */
export type Pooling = 'session' | 'transaction' | 'statement'

export interface Pooler {
  readonly url: string
  close(): Promise<void>
}

/**
 * A pooler such as PgBouncer, as small as can be: any client may enter, and clients share server connections, the one
 * that was used last first. It knows nothing of prepared statements, as PgBouncer before 1.21.
 */
export async function startPooler(serverUrl: string, pooling: Pooling): Promise<Pooler> {
  const idle: ServerConnection[] = []
  const open = new Set<Client>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    void serve(socket, {
      pooling,
      take: async () => idle.pop() ?? (await connectServer(serverUrl, open)),
      giveBack: (connection) => idle.push(connection),
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = new URL(serverUrl)
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  url.password = ''
  return {
    url: url.href,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await Promise.all([...open].map((client) => client.end()))
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

interface ServerConnection {
  readonly socket: Socket
  onMessage: (message: Buffer) => void
}

/** Lets the driver sign in, and then speaks with the server over its socket. */
async function connectServer(url: string, open: Set<Client>): Promise<ServerConnection> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  open.add(client)
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  stream.removeAllListeners('data')
  const connection: ServerConnection = { socket: stream, onMessage: () => undefined }
  const split = splitter(5)
  stream.on('data', (chunk) => {
    for (const message of split(chunk)) connection.onMessage(message)
  })
  return connection
}

interface Rooms {
  readonly pooling: Pooling
  take(): Promise<ServerConnection>
  giveBack(connection: ServerConnection): void
}

async function serve(client: Socket, rooms: Rooms): Promise<void> {
  await greet(client)
  let held: Promise<ServerConnection> | undefined
  const split = splitter(5)
  const release = (connection: ServerConnection): void => {
    held = undefined
    rooms.giveBack(connection)
  }
  const hold = async (): Promise<ServerConnection> => {
    const connection = await rooms.take()
    connection.onMessage = (message) => {
      client.write(message)
      const isFree = message[0] === letter('Z') && message[5] === letter('I')
      if (isFree && rooms.pooling !== 'session') release(connection)
    }
    return connection
  }
  client.on('data', (chunk) => {
    for (const message of split(chunk)) {
      if (message[0] === letter('X')) return client.end()
      if (rooms.pooling === 'statement' && message.includes('BEGIN')) return refuse(client)
      held ??= hold()
      void held.then((connection) => connection.socket.write(message))
    }
  })
  client.on('close', () => {
    if (rooms.pooling === 'session') void held?.then(release)
  })
}

/** No encryption and no password; the process id that it tells is of its own making. */
async function greet(client: Socket): Promise<void> {
  const split = splitter(4)
  await new Promise<void>((resolve) => {
    const onData = (chunk: Buffer): void => {
      for (const message of split(chunk)) {
        if (message.readInt32BE(4) === sslRequest) client.write('N')
        else {
          client.off('data', onData)
          resolve()
        }
      }
    }
    client.on('data', onData)
  })
  client.write(
    Buffer.concat([
      answer('R', int32(0)),
      answer('K', int32(madeUpPid), int32(1)),
      answer('Z', Buffer.from('I')),
    ]),
  )
}

const sslRequest = 80_877_103
const madeUpPid = 7

function refuse(client: Socket): void {
  const text = 'SERROR\0C08P01\0Mtransaction blocks not allowed in statement pooling mode\0\0'
  client.end(answer('E', Buffer.from(text)))
}

/** Cuts a stream into messages: a letter (not with the first ones) and a length that counts itself. */
function splitter(header: 4 | 5): (chunk: Buffer) => Buffer[] {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const messages: Buffer[] = []
    while (rest.length >= header) {
      const length = rest.readInt32BE(header - 4) + header - 4
      if (rest.length < length) break
      messages.push(rest.subarray(0, length))
      rest = rest.subarray(length)
    }
    return messages
  }
}

function answer(kind: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(kind), int32(body.length + 4), body])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function letter(of: string): number {
  return of.charCodeAt(0)
}
