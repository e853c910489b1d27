import { connect, type Socket } from 'node:net'
import type { Address } from './address.ts'
import type { Cuts, TakenCut } from './cuts.ts'
import { httpFraming } from './http-framing.ts'
import { opensPostgres, postgresFraming } from './postgres-framing.ts'
import { type Conditions, Pump } from './pump.ts'
import { rawFraming } from './raw-framing.ts'
import type { Framing } from './framing.ts'
import type { ProxiedRequest } from './requests.ts'

export interface ConnectionOptions {
  readonly client: Socket
  readonly target: Address
  readonly cuts: Cuts
  readonly conditions: (direction: 'requests' | 'replies') => Conditions
  readonly protocol: ProxiedRequest['protocol'] | 'auto'
  readonly onClosed: (connection: ProxiedConnection) => void
}

/** A reset right behind the last bytes could overtake them. */
const lastBytesMs = 5

/** One client's connection through the proxy. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #toServer: Pump
  readonly #toClient: Pump
  readonly #options: ConnectionOptions
  #framing: Framing | undefined
  #unread: Buffer = Buffer.alloc(0)
  /** Requests without a reply so far, oldest first, each with its cut. */
  readonly #pending: (TakenCut | undefined)[] = []
  /** The reply to a request that is to be cut, kept back until it is whole. */
  #heldReply: Buffer[] = []
  /** Nothing more is passed on. */
  #isCut = false
  #isOver = false

  constructor(options: ConnectionOptions) {
    const { client, target, conditions } = options
    this.#options = options
    this.#client = client
    this.#server = connect({ ...target, noDelay: true, allowHalfOpen: true })
    this.#toServer = new Pump(client, this.#server, () => conditions('requests'))
    this.#toClient = new Pump(this.#server, client, () => conditions('replies'))
    if (options.protocol !== 'auto') this.#framing = framings[options.protocol]()
    this.#listen(client, this.#toServer, (chunk) => this.#fromClient(chunk))
    this.#listen(this.#server, this.#toClient, (chunk) => this.#fromServer(chunk))
  }

  /** Lets go of what the conditions allow by now. */
  flush(): void {
    this.#toServer.flush()
    this.#toClient.flush()
  }

  /** Resets both sides at once. */
  reset(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isCut = true
    this.#toServer.stop()
    this.#toClient.stop()
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
    this.#options.onClosed(this)
  }

  #listen(from: Socket, pump: Pump, read: (chunk: Buffer) => void): void {
    from.on('data', (chunk: Buffer) => {
      if (!this.#isCut) read(chunk)
    })
    from.on('end', () => pump.push('end'))
    from.on('error', () => pump.push('reset'))
    from.on('close', () => {
      if (this.#client.closed && this.#server.closed) this.reset()
    })
  }

  #fromClient(chunk: Buffer): void {
    const framing = (this.#framing ??= this.#detect(chunk))
    if (framing === undefined) return
    const unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
    this.#unread = Buffer.alloc(0)
    for (const { bytes, request } of framing.fromClient(unread)) {
      const cut = request === undefined ? undefined : this.#options.cuts.take(request)
      if (cut?.at === 'request') return this.#cut(cut)
      if (request !== undefined) this.#pending.push(cut)
      this.#toServer.push(bytes)
    }
  }

  /** By the first bytes of the client. */
  #detect(chunk: Buffer): Framing | undefined {
    const begun = Buffer.concat([this.#unread, chunk])
    if (begun[0] !== 0)
      return /^[A-Z]+ /.test(begun.subarray(0, 16).toString('latin1')) ? httpFraming() : rawFraming()
    if (begun.length >= 8) return opensPostgres(begun) ? postgresFraming() : rawFraming()
    this.#unread = begun
    return undefined
  }

  #fromServer(chunk: Buffer): void {
    // Servers that speak first do so before anything is known of their client.
    if (this.#framing === undefined) return this.#toClient.push(chunk)
    const passing: Buffer[] = []
    let due: TakenCut | undefined
    for (const { bytes, isReply, endsReply } of this.#framing.fromServer(chunk)) {
      const cut = isReply ? this.#pending[0] : undefined
      if (endsReply) this.#pending.shift()
      if (cut === undefined) passing.push(bytes)
      else this.#heldReply.push(bytes)
      if (cut === undefined || !endsReply) continue
      due = cut
      break
    }
    // In one piece, as they came: each write has its price.
    if (passing.length > 0) this.#toClient.push(Buffer.concat(passing))
    if (due !== undefined) this.#cut(due)
  }

  /** The client hears nothing more than what the cut allows. */
  #cut(cut: TakenCut): void {
    this.#isCut = true
    const last = Buffer.concat(this.#heldReply.splice(0)).subarray(0, cut.afterBytes)
    if (last.length === 0) this.reset()
    else this.#client.write(last, () => setTimeout(() => this.reset(), lastBytesMs))
    cut.done()
  }
}

const framings = { http: httpFraming, postgres: postgresFraming, raw: rawFraming } as const
