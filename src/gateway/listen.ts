import type { Server } from 'node:net'
import { OncewardError, optionInvalid } from '../kernel/errors.ts'

/** Where to listen. Port 0: any that is free. */
export interface Listen {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:4871`, `[::1]:4871`, `localhost:0`. */
export function parseListen(value: unknown, name: string, usual = '127.0.0.1:4871'): Listen {
  const match = typeof value === 'string' ? /^(\[[0-9a-f:.]+\]|[^:[\]\s]+):(\d{1,5})$/i.exec(value) : null
  const port = Number(match?.[2])
  if (match?.[1] === undefined || !(port <= 65_535))
    throw optionInvalid(name, `HOST:PORT such as ${usual}`, value)
  return { host: match[1].replaceAll(/[[\]]/g, ''), port }
}

/** Only this machine reaches it. */
export function isLoopback({ host }: Listen): boolean {
  return ['127.0.0.1', '::1', 'localhost'].includes(host) || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** Resolves with the URL once the server listens. Rejects with `OPTION_INVALID` where the address is not to be had. */
export function listen(server: Server, { host, port }: Listen, scheme = 'http'): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const message = `listen must be an address that is free, got "${host}:${port}": ${error.message}`
      reject(new OncewardError('OPTION_INVALID', message, { cause: error }))
    })
    server.listen(port, host, () => {
      const address = server.address()
      const given = typeof address === 'object' && address !== null ? address.port : port
      resolve(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${given}`)
    })
  })
}
