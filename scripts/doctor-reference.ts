// node scripts/doctor-reference.ts: writes the tables of docs/guide/doctor.md from those that doctor goes by.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { postgresRules } from '../src/cli/doctor/postgres-checks.ts'
import { storePromises } from '../src/cli/doctor/promises.ts'
import type { Check } from '../src/cli/doctor/report.ts'
import { sqliteRules } from '../src/cli/doctor/sqlite-checks.ts'
import { markdownTable, withTables } from './guide-tables.ts'

export const guidePath: string = fileURLToPath(new URL('../docs/guide/doctor.md', import.meta.url))

const tables: Readonly<Record<string, () => string>> = {
  promises: promiseTable,
  postgres: () => checkTable(postgresRules),
  sqlite: () => checkTable(sqliteRules),
}

/** The guide with each table as it has to be. Throws where the marks of one are missing. */
export function doctorGuide(text: string): string {
  return withTables(text, tables)
}

function promiseTable(): string {
  const rows = storePromises.map(({ id, sentence, rests }) => {
    return [
      `\`${id}\``,
      sentence,
      restsText(rests.sqlite),
      restsText(rests.postgres),
      restsText(rests.memory),
    ]
  })
  return markdownTable(['id', 'promise', 'SQLite', 'PostgreSQL', 'memory'], rows)
}

function restsText(rests: (typeof storePromises)[number]['rests']['memory']): string {
  if ('never' in rests) return `no: ${rests.never}`
  if ('none' in rests) return `does not apply: ${rests.none}`
  return rests.checks.length === 0 ? 'always' : rests.checks.map((id) => `\`${id}\``).join(', ')
}

function checkTable(
  rules: readonly (Pick<Check, 'id' | 'setting' | 'needs' | 'change'> & Meaning)[],
): string {
  const rows = rules.map(({ id, setting, needs, means, change, isAdvice }) => {
    return [`\`${id}\``, setting, needs, means, change, isAdvice === true ? 'note' : 'exit 1']
  })
  return markdownTable(['id', 'what', 'needs', 'else', 'what changes it', 'ends with'], rows)
}

interface Meaning {
  readonly means: string
  readonly isAdvice?: boolean
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(guidePath, doctorGuide(readFileSync(guidePath, 'utf8')))
}
