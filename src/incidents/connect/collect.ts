import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { redactUrl } from '../../kernel/redact.ts'
import { type InitialBundle, initBundle } from '../init.ts'
import type { Collected, Collecting } from './collected.ts'

export type Connection =
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'prometheus'; readonly url: string }
  | { readonly kind: 'ledger'; readonly url: string }

/** `postgres://…`, `prometheus=URL` or `ledger=URL`. Throws `OPTION_INVALID`, without the password. */
export function parseConnection(text: string): Connection {
  if (/^postgres(ql)?:\/\//i.test(text)) return { kind: 'postgres', url: text }
  const [, kind, url = ''] = /^(prometheus|ledger)=(.+)$/s.exec(text) ?? []
  if (kind === 'ledger') return { kind, url }
  if (kind === 'prometheus' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))
    return { kind, url }
  throw optionInvalid('--connect', 'postgres://…, prometheus=http://… or ledger=STORE-URL', redactUrl(text))
}

/**
 * Collects a bundle from live systems into a folder that holds none yet. Everything is read-only and bounded; each query
 * is printed before it is sent; no URL and no credential is written anywhere.
 */
export async function collectBundle(
  directory: string,
  connections: readonly Connection[],
  collecting: Collecting,
): Promise<InitialBundle> {
  await mkdir(directory, { recursive: true })
  if ((await readdir(directory)).includes('incident.yaml'))
    throw new OncewardError(
      'OPTION_INVALID',
      `${join(directory, 'incident.yaml')} is there already; it is not written over.`,
    )
  for (const connection of connections) {
    for (const { path, text } of await collect(connection, collecting))
      await writeFile(join(directory, path), text, { flag: 'wx' })
  }
  return initBundle(directory, collecting.signal && { signal: collecting.signal })
}

async function collect(connection: Connection, collecting: Collecting): Promise<readonly Collected[]> {
  if (connection.kind === 'postgres') {
    const { collectPostgres } = await import('./postgres.ts')
    return collectPostgres(connection.url, collecting)
  }
  if (connection.kind === 'prometheus') {
    const { collectPrometheus } = await import('./prometheus.ts')
    return collectPrometheus(connection.url, collecting)
  }
  const { collectLedger } = await import('./ledger.ts')
  return collectLedger(connection.url, collecting)
}
