import type { Framing, Piece, ReplyPiece } from './framing.ts'

/** Codes of the messages that may open a connection; they have a length and no type. */
const openings = { cancel: 80877102, ssl: 80877103, gss: 80877104 } as const
const protocolMajor = 3

/** Whether these first eight bytes of a client open a PostgreSQL connection. */
export function opensPostgres(bytes: Buffer): boolean {
  const code = bytes.readInt32BE(4)
  return Object.values<number>(openings).includes(code) || code >> 16 === protocolMajor
}

/**
 * PostgreSQL's protocol 3: what a client sends up to a Sync is one request, a simple query is one by itself, and a
 * reply ends with ReadyForQuery: not before that has a statement that commits by itself been committed. Encrypted connections cannot be read; they are passed on as they are.
 */
export function postgresFraming(): Framing {
  const client = new ClientSide()
  const server = new ServerSide(client)
  return {
    protocol: 'postgres',
    fromClient: (chunk) => client.push(chunk),
    fromServer: (chunk) => server.push(chunk),
  }
}

const nothing: Buffer = Buffer.alloc(0)

class ClientSide {
  inTransaction = false
  /** It asked for encryption, and the server answers with one byte. */
  awaitsEncryption = false
  isOpaque = false
  #isOpen = false
  #rest: Buffer = nothing
  /** Messages since the last request. */
  #held: Buffer[] = []
  #run: string[] = []
  readonly #prepared = new Map<string, string>()

  push(chunk: Buffer): readonly Piece[] {
    if (this.isOpaque) return [{ bytes: chunk }]
    this.#rest = Buffer.concat([this.#rest, chunk])
    const pieces: Piece[] = []
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      const piece = this.#isOpen ? this.#read(message) : this.#open(message)
      if (piece !== undefined) pieces.push(piece)
    }
    return pieces
  }

  #next(): Buffer | undefined {
    const typeBytes = this.#isOpen ? 1 : 0
    if (this.#rest.length < typeBytes + 4) return undefined
    const length = typeBytes + this.#rest.readInt32BE(typeBytes)
    if (this.#rest.length < length) return undefined
    const message = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return message
  }

  #open(message: Buffer): Piece {
    const code = message.readInt32BE(4)
    this.awaitsEncryption = code === openings.ssl || code === openings.gss
    this.#isOpen = code >> 16 === protocolMajor
    return { bytes: message }
  }

  #read(message: Buffer): Piece | undefined {
    const type = String.fromCharCode(message[0] ?? 0)
    this.#held.push(message)
    switch (type) {
      case 'P': {
        const [name = '', sql = ''] = texts(message, 5)
        this.#prepared.set(name, sql)
        return undefined
      }
      case 'B': {
        const [, statement = ''] = texts(message, 5)
        this.#run.push(this.#prepared.get(statement) ?? '')
        return undefined
      }
      case 'Q':
        this.#run.push(...texts(message, 5).slice(0, 1))
        return this.#request()
      case 'S':
        return this.#request()
      case 'E':
      case 'D':
      case 'C':
        return undefined
      default:
        return { bytes: this.#take() }
    }
  }

  #request(): Piece {
    const sql = this.#run.splice(0).join(';\n')
    const bytes = this.#take()
    return { bytes, request: { protocol: 'postgres', sql, inTransaction: this.inTransaction, bytes } }
  }

  #take(): Buffer {
    return Buffer.concat(this.#held.splice(0))
  }
}

/** The zero-terminated texts at the beginning of a message's body. */
function texts(message: Buffer, from: number): string[] {
  return message.subarray(from).toString('utf8').split('\0', 2)
}

class ServerSide {
  readonly #client: ClientSide
  #rest: Buffer = nothing

  constructor(client: ClientSide) {
    this.#client = client
  }

  push(chunk: Buffer): readonly ReplyPiece[] {
    if (this.#client.awaitsEncryption) return this.#encryption(chunk)
    if (this.#client.isOpaque) return [passing(chunk)]
    this.#rest = Buffer.concat([this.#rest, chunk])
    const pieces: ReplyPiece[] = []
    while (this.#rest.length >= 5) {
      const length = 1 + this.#rest.readInt32BE(1)
      if (this.#rest.length < length) break
      pieces.push(this.#read(this.#rest.subarray(0, length)))
      this.#rest = this.#rest.subarray(length)
    }
    return pieces
  }

  #encryption(chunk: Buffer): readonly ReplyPiece[] {
    this.#client.awaitsEncryption = false
    // N: not here, and the client goes on in the clear or gives up.
    this.#client.isOpaque = chunk[0] !== 'N'.charCodeAt(0)
    const more = chunk.subarray(1)
    return [passing(chunk.subarray(0, 1)), ...(more.length === 0 ? [] : this.push(more))]
  }

  #read(bytes: Buffer): ReplyPiece {
    switch (String.fromCharCode(bytes[0] ?? 0)) {
      case 'Z':
        this.#client.inTransaction = bytes[5] !== 'I'.charCodeAt(0)
        return { bytes, isReply: true, endsReply: true }
      // Authentication, keys, settings, notices and notifications come unasked.
      case 'R':
      case 'K':
      case 'S':
      case 'N':
      case 'A':
        return passing(bytes)
      default:
        return { bytes, isReply: true, endsReply: false }
    }
  }
}

function passing(bytes: Buffer): ReplyPiece {
  return { bytes, isReply: false, endsReply: false }
}
