// node scripts/contract-reference.ts: writes the tables of docs/guide/contract.md from those that the tester goes by.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Profile, profiles } from '../src/contract/profiles.ts'
import { profileNames } from '../src/http/profiles.ts'
import { checkIds } from '../src/contract/report.ts'
import { ruleOf } from '../src/contract/rules.ts'
import { markdownTable, withTables } from './guide-tables.ts'

export const guidePath: string = fileURLToPath(new URL('../docs/guide/contract.md', import.meta.url))

/** The guide with each table as it has to be. */
export function contractGuide(text: string): string {
  return withTables(text, { checks: checkTable, levels: levelTable, profiles: profileTable })
}

function checkTable(): string {
  const rows = checkIds.map((id) => {
    const { cite, expected } = ruleOf(profiles['ietf-07-lenient'], id)
    return [`\`${id}\``, cite, expected]
  })
  return markdownTable(['check', 'rule', 'expected (ietf-07-lenient)'], rows)
}

function levelTable(): string {
  const rows = checkIds.map((id) => {
    const levels = profileNames.map((name) => {
      const { level, without } = ruleOf(profiles[name], id)
      return without === undefined ? level : '-'
    })
    return [`\`${id}\``, ...levels]
  })
  return markdownTable(['check', ...profileNames], rows)
}

const keptErrors: Readonly<Record<Profile['replaysErrors'], string>> = {
  all: 'all',
  'below-500': 'below 500',
  none: 'none',
}

function profileTable(): string {
  const rows = profileNames.map((name) => {
    const profile = profiles[name]
    return [
      `\`${name}\``,
      `\`${profile.keyHeader}\``,
      profile.keyForm,
      profile.malformed.join(', ') || '-',
      String(profile.missing ?? 'optional'),
      String(profile.mismatch ?? 'any'),
      `${profile.inFlight.join(', ')}${profile.needsRetryAfter ? ' with Retry-After' : ''}`,
      keptErrors[profile.replaysErrors],
    ]
  })
  const head = [
    'profile',
    'header',
    'key',
    'refused as malformed',
    'missing',
    'other payload',
    'in flight',
    'errors kept',
  ]
  return markdownTable(head, rows)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(guidePath, contractGuide(readFileSync(guidePath, 'utf8')))
}
