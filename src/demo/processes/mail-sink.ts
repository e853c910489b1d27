import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import type { PeerConfig } from '../messages.ts'
import { orderOfSender } from '../shop/effects.ts'
import { type Link, runAsChild, type Running } from './child.ts'
import { makePeer, type Peer } from './peer.ts'

/**
 * The mail server. It takes every message that is sent to it, and there is nothing it could be asked later: an effect
 * whose outcome got lost can only be looked into by a person.
 */
runAsChild(startMailSink)

type Callback = (error?: Error | null) => void

async function startMailSink(config: PeerConfig, link: Link): Promise<Running> {
  const peer = makePeer({ effect: 'mail', idPrefix: 'ml', fastestMs: 5, slowestMs: 20 }, config, link)
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 500,
    // Longer than the shop's mailers keep a connection idle.
    socketTimeout: 600_000,
    size: 64 * 1024,
    // The envelope names the order before the message comes: a worker killed here has sent nothing yet.
    onMailFrom: (sender, session, callback: Callback) => {
      const order = orderOfSender(sender.address)
      void answer(callback, peer.hasLostCaller(order, 'before', session.hostNameAppearsAs))
    },
    onData: (stream, session, callback: Callback) => {
      const taken = text(stream).then((message) => takeMessage(peer, message, session))
      void answer(callback, taken)
    },
  })
  // A killed worker's connection breaks in the middle of a command; that is what is being shown.
  server.on('error', () => {})
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    const listening = server.listen(0, '127.0.0.1', () => resolve((listening.address() as AddressInfo).port))
  })
  return {
    address: `smtp://127.0.0.1:${port}`,
    stop: async () => {
      await new Promise<void>((resolve) => server.close(resolve))
      peer.close()
      return {}
    },
  }
}

async function answer(callback: Callback, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    callback(error instanceof Error ? error : new Error(String(error)))
    return
  }
  callback()
}

async function takeMessage(peer: Peer, message: string, session: SMTPServerSession): Promise<void> {
  const { mailFrom, rcptTo } = session.envelope
  const order = orderOfSender(mailFrom === false ? '' : mailFrom.address)
  await peer.work(order)
  const subject = /^Subject: (.*)$/m.exec(message)?.[1]?.trim() ?? ''
  const worker = session.hostNameAppearsAs
  peer.record(order, { to: rcptTo[0]?.address ?? '', subject, worker })
  await peer.hasLostCaller(order, 'after', worker)
}
