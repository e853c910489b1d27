import { connect, createServer, type Socket } from 'node:net'

/** Where a proxied connection is cut. */
export interface Cut {
  /** `request`: before the server hears of it. `reply`: after the server has answered, before the client hears. */
  readonly at: 'request' | 'reply'
  /** Bytes of the client that the cut is about: the first chunk that holds them. */
  readonly when: string
}

/** A TCP proxy that cuts a connection at a chosen moment: the client sees a reset either way. */
export interface TcpProxy {
  readonly port: number
  /** Cuts once, at the next request that matches. Resolves when it has been cut. */
  cut(cut: Cut): Promise<void>
  /** From now on bytes go nowhere, in both directions, and connections stay open. */
  swallow(): void
  close(): Promise<void>
}

export async function tcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let armed: { readonly cut: Cut; readonly done: () => void } | undefined
  let isSwallowing = false
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host)
    let cutsReply: (() => void) | undefined
    const end = (): void => {
      client.resetAndDestroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    client.on('data', (chunk) => {
      if (isSwallowing) return
      if (armed !== undefined && chunk.includes(armed.cut.when)) {
        const { cut, done } = armed
        armed = undefined
        if (cut.at === 'request') {
          done()
          return end()
        }
        cutsReply = done
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (isSwallowing) return
      if (cutsReply === undefined) return void client.write(chunk)
      cutsReply()
      end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: (cut) =>
      new Promise((resolve) => {
        armed = { cut, done: resolve }
      }),
    swallow: () => {
      isSwallowing = true
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
