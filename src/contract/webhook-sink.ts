import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OncewardError } from '../kernel/errors.ts'
import type { EffectCounter } from './counting.ts'

export interface WebhookSink extends EffectCounter {
  readonly url: string
  close(): Promise<void>
}

const maxBytes = 1024 * 1024
const maxCalls = 100_000

/**
 * Listens for the webhooks that the service under test sends for its effects. A call counts for the payload whose
 * UUID stands in its URL, its headers or its body.
 */
export async function webhookSink({ host, port }: { host: string; port: number }): Promise<WebhookSink> {
  const calls: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
    })
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      if (calls.length < maxCalls) calls.push(`${request.url} ${request.rawHeaders.join(' ')} ${body}`)
      response.writeHead(204).end()
    })
    request.on('error', () => undefined)
  })
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new OncewardError(
      'OPTION_INVALID',
      `--count-webhook must be an address that can be listened on, got ${host}:${port} (${code}).`,
    )
  }
  const at = server.address() as AddressInfo
  const url = `http://${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}/`
  return {
    url,
    how: `webhooks to ${url}`,
    count: async (payloads) => {
      return calls.filter((call) => payloads.some(({ uuid }) => call.includes(uuid))).length
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
