import { isLoopback } from '../../gateway/listen.ts'
import type { AuditHead, ServerConfig, Token } from '../../server/index.ts'
import { printable, textTable } from '../table.ts'

export interface Told {
  readonly config: ServerConfig
  /** Without secrets. */
  readonly store: string
  readonly hasLogger: boolean
}

/** What is said at the start. */
export function serveText(url: string, { config, store, hasLogger }: Told): string {
  const isOpen = !isLoopback(config.listen) && config.tls === undefined
  const lines = [
    `control room ${url}, store ${store}`,
    `  scopes: ${config.scopes.join(', ')}`,
    `  API: ${url}/v1/openapi.json; metrics: ${url}/metrics`,
    ...(hasLogger ? [] : ['  no log lines: install pino to have them']),
    ...(isOpen
      ? ['  warning: other machines reach this address and there is no TLS: tokens travel in the clear']
      : []),
  ]
  return lines.join('\n')
}

export function tokensTable(tokens: readonly Token[]): string {
  return textTable(
    ['ID', 'NAME', 'ROLE', 'SCOPES', 'CREATED', 'REVOKED'],
    tokens.map(({ id, name, role, scopes, createdAt, revokedAt }) => [
      id,
      printable(name),
      role,
      printable(scopes?.join(', ') ?? 'all'),
      createdAt,
      revokedAt ?? '',
    ]),
  )
}

export function headText({ seq, hash }: AuditHead): string {
  return `${seq}:${hash}`
}
