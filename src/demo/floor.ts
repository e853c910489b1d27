import type { Child } from './children.ts'
import type { Journals } from './count.ts'
import type { HalfContext } from './half-context.ts'
import type { ClientProgress, FromChild, KillRequest, WorkerAddress } from './messages.ts'

/** The three peers of one half, and where they can be reached. */
export interface Peers {
  readonly children: readonly Child[]
  readonly urls: { readonly providerUrl: string; readonly partnerUrl: string; readonly mailUrl: string }
}

interface PeerNeeds {
  readonly journals: Journals
  /** Kills the worker that a peer names, when the schedule says so. */
  readonly kill: (request: KillRequest) => Promise<boolean> | undefined
}

export async function openPeers(context: HalfContext, needs: PeerNeeds): Promise<Peers> {
  const { seed, schedulePath } = context
  const answerKill = async (peer: Child, message: FromChild): Promise<void> => {
    if (message.kind !== 'kill') return
    const killed = (await needs.kill(message.request)) ?? false
    peer.send({ kind: 'kill-answer', id: message.id, killed })
  }
  const open = (role: 'provider' | 'partner' | 'mail-sink', journalPath: string): Child => {
    const onMessage = (message: FromChild): void => void answerKill(peer, message)
    const config = { seed, schedulePath, journalPath }
    const peer = context.children.start({ role, name: role, config, onMessage })
    return peer
  }
  const provider = open('provider', needs.journals.charge)
  const partner = open('partner', needs.journals.dispatch)
  const mail = open('mail-sink', needs.journals.mail)
  const [providerUrl, partnerUrl, mailUrl] = await Promise.all([provider.ready, partner.ready, mail.ready])
  return { children: [provider, partner, mail], urls: { providerUrl, partnerUrl, mailUrl } }
}

/** The process that plays all customers. */
export interface Client {
  readonly child: Child
  readonly done: Promise<ClientProgress>
}

interface ClientNeeds {
  readonly journalPath: string
  readonly killsSoFar: () => number
}

export function hireClient(context: HalfContext, needs: ClientNeeds): Client {
  const { seed, ordersPath, schedulePath } = context
  const { promise: done, resolve } = Promise.withResolvers<ClientProgress>()
  const onMessage = (message: FromChild): void => {
    if (message.kind === 'progress')
      context.onProgress({ ...message.progress, workerKills: needs.killsSoFar() })
    if (message.kind === 'done') resolve(message.progress)
  }
  const config = { seed, ordersPath, schedulePath, journalPath: needs.journalPath }
  return { child: context.children.start({ role: 'client', name: 'client', config, onMessage }), done }
}

/** The first order waits until all workers are up; after that the client hears of every change. */
export function tellOnceComplete(client: Child, size: number): (workers: readonly WorkerAddress[]) => void {
  let isComplete = false
  return (workers) => {
    isComplete ||= workers.length === size
    if (isComplete) client.send({ kind: 'workers', workers })
  }
}
