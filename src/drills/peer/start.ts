import type { Children, Message } from '../children.ts'
import { readJournal } from '../../testing/journal.ts'
import type { Address } from '../proxy/index.ts'
import { connectPeer, type PeerClient } from './client.ts'
import type { EffectLine } from './protocol.ts'
import type { TargetOptions } from './target.ts'

export interface PeerConfig extends TargetOptions {
  readonly journalPath: string
}

export interface Listening extends Message {
  readonly kind: 'listening'
  readonly port: number
}

/** A running peer, as its drill sees it. */
export interface Peer {
  readonly address: Address
  /** The drill's own way to it, for plans and for asking. */
  readonly client: PeerClient
  /** Every effect that has happened so far. */
  effects(): readonly EffectLine[]
  /** Rejects if the peer had ended by itself: nothing that was counted since is worth anything. */
  stop(): Promise<void>
}

export async function startPeer(children: Children, config: PeerConfig): Promise<Peer> {
  const child = children.start({ role: 'peer', name: 'peer', config })
  const { port } = await child.take((message): message is Listening => message.kind === 'listening')
  const address = { host: '127.0.0.1', port }
  const client = await connectPeer(address)
  let early: string | undefined
  void child.ended.then(
    ({ errors, code }) => (early = `The peer ended by itself with exit code ${code}: ${errors}`),
  )
  return {
    address,
    client,
    effects: () => readJournal<EffectLine>(config.journalPath),
    stop: async () => {
      client.close()
      const broken = early
      await child.kill()
      if (broken !== undefined) throw new Error(broken)
    },
  }
}
