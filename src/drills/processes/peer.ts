import type { AddressInfo } from 'node:net'
import { childConfig, tellDrill } from '../child-config.ts'
import { servePeer } from '../peer/server.ts'
import type { PeerConfig } from '../peer/start.ts'

const { journalPath, ...options } = childConfig<PeerConfig>()
const server = servePeer(journalPath, options)
server.once('listening', () => {
  const { port } = server.address() as AddressInfo
  tellDrill({ kind: 'listening', port } as { kind: string })
})
