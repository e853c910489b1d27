import { Agent, request } from 'node:http'
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

/** Connects when it is first asked. Requests at the same time have connections of their own. */
export function peerClient(address: Address): PeerClient {
  const agent = new Agent({ keepAlive: true })
  return {
    ask: ({ op, key, ...body }) => {
      const text = JSON.stringify(body)
      return new Promise((resolve, reject) => {
        const path = `/${op}/${encodeURIComponent(key)}`
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
        const sent = request({ ...address, path, method: 'POST', headers, agent }, (reply) => {
          let answer = ''
          reply.setEncoding('utf8').on('data', (more: string) => (answer += more))
          reply.on('error', reject)
          reply.on('end', () => {
            if (reply.statusCode === 200) resolve(JSON.parse(answer) as never)
            else reject(new Error(`The peer answered with ${reply.statusCode}.`))
          })
        })
        sent.on('error', reject)
        sent.end(text)
      })
    },
    close: () => agent.destroy(),
  }
}
