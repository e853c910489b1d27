import { messageOf } from '../../kernel/errors.ts'
import { redactUrl } from '../../kernel/redact.ts'
import { schemaVersion } from '../../stores/postgres/tables.ts'
import { postgresRules } from './postgres-checks.ts'
import type { PostgresFacts } from './postgres-facts.ts'
import { claimsOf } from './promises.ts'
import { type Examination, findingsOf, problem, remark, runChecks, type StoreReport } from './report.ts'
import { incompatible } from './schema-version.ts'

/** Says what the facts mean. Pure, so that each case has a test without a server that is broken in just that way. */
export function judgePostgres(url: string, facts: PostgresFacts): Examination {
  const { lineage, schemaVersion: found, missingPrivileges, ...settings } = facts
  const store: StoreReport = {
    kind: 'postgres',
    location: redactUrl(url),
    reachable: true,
    ...(found === null ? {} : { schemaVersion: found }),
    ...(lineage === null ? {} : { lineage }),
    settings: {
      ...settings,
      unloggedTables: facts.unloggedTables.join(', '),
      missingPrivileges: missingPrivileges?.join(', ') ?? null,
    },
  }
  const checks = runChecks(postgresRules, facts)
  const none =
    found === null ? [remark('There is no ledger in this database yet; the first use makes it.')] : []
  const findings = [...findingsOf(postgresRules, facts), ...none]
  return {
    store,
    checks,
    claims: claimsOf('postgres', checks),
    findings,
    ...incompatible(found, schemaVersion),
  }
}

export function unreachablePostgres(url: string, error: unknown): Examination {
  const location = redactUrl(url)
  const text = `PostgreSQL at ${location} cannot be reached: ${messageOf(error)}`
  return {
    store: { kind: 'postgres', location, reachable: false, settings: {} },
    claims: [],
    checks: [],
    findings: [problem(text)],
    error,
  }
}
