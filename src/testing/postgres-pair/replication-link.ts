import { connect, createServer, type Socket } from 'node:net'

/**
 * The way from a primary to its standby: the standby connects here, on loopback, and its bytes go on to the primary.
 * Stalled, not a byte of the primary passes any more, and the connections stay open, as with a network that drops
 * packets: this is how lag is forced.
 */
export interface ReplicationLink {
  readonly port: number
  /** From now on nothing reaches the standby; what it sends still reaches the primary. */
  stall(): void
  /** What was held back passes, and what follows. */
  resume(): void
  /** Cuts every connection and takes no more. */
  close(): Promise<void>
}

export async function openReplicationLink(primary: {
  readonly host: string
  readonly port: number
}): Promise<ReplicationLink> {
  const sockets = new Set<Socket>()
  const upstreams = new Set<Socket>()
  let isStalled = false
  const server = createServer((standby) => {
    const upstream = connect(primary.port, primary.host)
    upstreams.add(upstream)
    if (isStalled) upstream.pause()
    const end = (): void => {
      standby.destroy()
      upstream.destroy()
    }
    for (const socket of [standby, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', () => {
        sockets.delete(socket)
        upstreams.delete(socket)
        end()
      })
    }
    standby.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => {
      // A slow standby holds the primary's sender back, not this process's memory.
      if (standby.write(chunk) || isStalled) return
      upstream.pause()
      standby.once('drain', () => {
        if (!isStalled) upstream.resume()
      })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  server.unref()
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stall: () => {
      isStalled = true
      for (const upstream of upstreams) upstream.pause()
    },
    resume: () => {
      isStalled = false
      for (const upstream of upstreams) upstream.resume()
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
