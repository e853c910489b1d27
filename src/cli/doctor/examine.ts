import { storeKindOf } from '../../stores/open.ts'
import { examineMemory } from './memory.ts'
import { type DoctorReport, type Examination, isOlder, problem } from './report.ts'

const neededNode = '22.13.0'
const walSafeFrom = '3.51.3'

/** Each store's examination is loaded when it is wanted, like the store itself. */
export async function examine(url: string): Promise<Examination> {
  switch (storeKindOf(url)) {
    case 'memory':
      return examineMemory()
    case 'sqlite': {
      const { examineSqlite } = await import('./sqlite.ts')
      return examineSqlite(url)
    }
    case 'postgres': {
      const { examinePostgres } = await import('./postgres-connect.ts')
      return examinePostgres(url)
    }
    case 'module': {
      const { examineModule } = await import('./module.ts')
      return examineModule(url)
    }
  }
}

export async function reportOf({ store, claims, checks, findings }: Examination): Promise<DoctorReport> {
  const { sqliteVersion } = await import('./sqlite.ts')
  const version = process.versions.node
  const all = isOlder(version, neededNode)
    ? [problem(`Node ${version} is older than ${neededNode}.`), ...findings]
    : findings
  return {
    ok: all.every(({ level }) => level !== 'problem') && claims.every(({ holds }) => holds !== false),
    node: { version, needed: neededNode },
    sqlite: { version: sqliteVersion(), walSafeFrom },
    store,
    claims,
    checks,
    findings: all,
  }
}
