import { connect, type Socket } from 'node:net'
import type { Address } from '../proxy/index.ts'
import type { PeerAnswers, PeerMode, PeerRequest } from './protocol.ts'

/** The way to the peer. A request whose connection breaks fails as the network says it; its outcome is unknown. */
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

/**
 * Opens so many connections beforehand, and more when they are all in use. A request over one that is open is sent in
 * the very turn in which it is asked for: a worker that stands still there has looked at its lease for something (rule
 * 8). Clients of HTTP as they are send a moment later, which is one reason why `settleMs` has to be generous.
 */
export async function connectPeer(address: Address, ahead = 4): Promise<PeerClient> {
  const idle: Socket[] = []
  const all = new Set<Socket>()
  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ ...address, noDelay: true })
      all.add(socket)
      socket.on('error', reject)
      socket.once('connect', () => resolve(socket))
      socket.once('close', () => {
        all.delete(socket)
        const at = idle.indexOf(socket)
        if (at >= 0) idle.splice(at, 1)
      })
    })
  idle.push(...(await Promise.all(Array.from({ length: ahead }, open))))
  return {
    ask: (request) => {
      const text = textOf(request, address)
      const release = (socket: Socket): void => void idle.push(socket)
      const socket = idle.pop()
      return socket === undefined
        ? open().then((opened) => exchange(opened, text, release))
        : exchange(socket, text, release)
    },
    close: () => {
      for (const socket of all) socket.destroy()
    },
  }
}

function textOf({ op, key, ...body }: PeerRequest, { host }: Address): string {
  const text = JSON.stringify(body)
  const headers = `Host: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}`
  return `POST /${op}/${encodeURIComponent(key)} HTTP/1.1\r\n${headers}\r\n\r\n${text}`
}

/** One request and its reply. The connection is released when the whole reply is there. */
function exchange<Answer>(socket: Socket, text: string, release: (socket: Socket) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let reply = ''
    const onData = (chunk: Buffer): void => {
      reply += chunk.toString()
      const answer = parse(reply)
      if (answer === undefined) return
      end()
      release(socket)
      if (answer.status === '200') resolve(JSON.parse(answer.body) as Answer)
      else reject(new Error(`The peer answered with ${answer.status}.`))
    }
    const onError = (error: Error): void => reject(error)
    const onClose = (): void => {
      end()
      reject(new Error('The peer closed the connection before it answered.'))
    }
    const end = (): void => {
      socket.off('data', onData).off('error', onError).off('close', onClose)
    }
    socket.on('data', onData).on('error', onError).on('close', onClose)
    socket.write(text)
  })
}

/** Once all of it has come. The peer's answers are plain ASCII. */
function parse(reply: string): { readonly status: string; readonly body: string } | undefined {
  const head = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n/.exec(reply)
  if (head === null) return undefined
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head[0])?.[1] ?? 0)
  const body = reply.slice(head[0].length)
  return body.length < length ? undefined : { status: head[1] ?? '', body }
}
