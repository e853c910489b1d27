// node scripts/providers-reference.ts: writes docs/reference/providers.md from the presets of src/outbound/presets.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { KeyPlacement } from '../src/outbound/target.ts'
import { type Provider, providers } from '../src/outbound/presets/index.ts'
import { markdownTable, withTables } from './guide-tables.ts'

export const providersPath: string = fileURLToPath(new URL('../docs/reference/providers.md', import.meta.url))

/** The page with its tables as they have to be. */
export function providersPage(text: string): string {
  return withTables(text, { overview: overviewTable, providers: () => providers.map(section).join('\n\n') })
}

function overviewTable(): string {
  const rows = providers.map(({ name, title, key, keyLifetimeMs, maxKeyBytes }) => [
    `[${title}](#${title.toLowerCase()})`,
    `\`${exportedNames[name] ?? name}\``,
    key === undefined ? 'none: calls are blind' : placementText(key),
    keyLifetimeMs === undefined ? '-' : lifetimeText(keyLifetimeMs),
    key === undefined ? '-' : String(maxKeyBytes ?? 255),
  ])
  return markdownTable(['provider', 'preset', 'key', 'sent again within', 'longest key'], rows)
}

/** Presets are exported as their providers write themselves. */
const exportedNames: Readonly<Record<string, string>> = { paypal: 'payPal', sendgrid: 'sendGrid' }

function placementText(key: KeyPlacement): string {
  if (key.in === 'header') return `header \`${key.name}\``
  return key.in === 'body' ? `body field \`${key.name}\`` : 'GraphQL variable `idempotencyKey`'
}

function lifetimeText(ms: number): string {
  if (ms % 86_400_000 === 0) return plural(ms / 86_400_000, 'day')
  return ms % 3_600_000 === 0 ? plural(ms / 3_600_000, 'hour') : plural(ms / 60_000, 'minute')
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

function section({ title, documented, sources }: Provider): string {
  const { honoured, lifetime, keyForm, duplicates, retries } = documented
  const facts = [
    ['Honoured', honoured],
    ['Remembered', lifetime],
    ['Form of the key', keyForm],
    ['A repeated key is answered', duplicates],
    ['Trying again', retries],
  ].map(([what, says]) => `- **${what}**: ${says}.`)
  const cited = sources.map(
    (source, at) => `${at + 1}. [${source.title}](${source.url}): ${source.says}. Looked up ${source.read}.`,
  )
  return [`## ${title}`, '', ...facts, '', 'Sources:', '', ...cited].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(providersPath, providersPage(readFileSync(providersPath, 'utf8')))
}
