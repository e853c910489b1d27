import { connect, type Socket } from 'node:net'
import type { PeerAnswers, PeerMode, PeerRequest } from './protocol.ts'

/** A connection to the peer. Requests that are not answered when it closes fail: their outcome is unknown. */
export interface PeerClient {
  ask<Op extends PeerRequest['op']>(
    request: Extract<PeerRequest, { readonly op: Op }>,
  ): Promise<PeerAnswers[Op]>
  close(): void
}

/** What an effect of a drill asks of the peer. */
export interface Wish {
  readonly key: string
  readonly effectKey: string
  readonly mode: PeerMode
}

export function performAt(peer: PeerClient, wish: Wish): Promise<{ readonly effectId: string }> {
  return peer.ask<'effect'>({ op: 'effect', pid: process.pid, ...wish })
}

interface Pending {
  readonly resolve: (body: never) => void
  readonly reject: (error: Error) => void
}

export function connectPeer(port: number): Promise<PeerClient> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => resolve(clientOf(socket)))
  })
}

function clientOf(socket: Socket): PeerClient {
  const pending = new Map<number, Pending>()
  let lastId = 0
  let rest = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { id, ...body } = JSON.parse(line) as { id: number }
      pending.get(id)?.resolve(body as never)
      pending.delete(id)
    }
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    for (const { reject } of pending.values())
      reject(new Error('The peer closed the connection before it answered.'))
    pending.clear()
  })
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        lastId += 1
        pending.set(lastId, { resolve, reject })
        socket.write(`${JSON.stringify({ id: lastId, ...request })}\n`)
      }),
    close: () => void socket.destroy(),
  }
}
