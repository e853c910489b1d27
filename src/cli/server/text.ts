import { isLoopback } from '../../gateway/listen.ts'
import type { AuditHead, ServerConfig, Token } from '../../server/index.ts'
import { printable, textTable } from '../table.ts'

/** What is said at the start. */
export function serveText(url: string, config: ServerConfig, store: string): string {
  const lines = [
    `control room ${url}, store ${store}`,
    `  scopes: ${config.scopes.join(', ')}`,
    `  API: ${url}/v1/openapi.json`,
    ...(!isLoopback(config.listen) && config.tls === undefined
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
