import type { SourceKind } from '../model.ts'
import { plain } from './fields.ts'

const byName: readonly (readonly [SourceKind, RegExp])[] = [
  ['changes', /change|deploy|release|flag|rollout|migration/],
  ['alerts', /alert|pager|incident|sentry/],
  ['metrics', /metric|prometheus|gauge|stats|timeseries/],
  ['processes', /process|restart|pods?\b|tasks?\b|events?-k8s|kube/],
  ['ledger', /ledger|onceward|entries/],
  ['deliveries', /deliver|webhook|callback|outbox|inbox/],
  ['requests', /request|access|http|calls|api/],
  ['log', /\blogs?\b|\.log|journal|syslog|stdout|stderr/],
  [
    'effects',
    /effect|charge|payment|dispatch|invoice|draft|order|ship|refund|transfer|booking|registration|mail|capture|created/,
  ],
]

const codeEndings = /\.(js|mjs|cjs|ts|tsx|jsx|py|rb|go|java|kt|cs|php|rs|scala|sql|ex|exs)$/i
const configEndings = /\.(ya?ml|toml|ini|conf|cfg|properties|env|tf|json)$|(^|\/)\.env/i
const tableEndings = /\.(csv|tsv|jsonl|ndjson|parquet)(\.gz|\.zst)?$/i

/** What is seen in the beginning of a file. */
export interface FileHead {
  /** Of a table; of JSON lines, the paths. */
  readonly columns: readonly string[]
  readonly isAccessLog: boolean
}

/** What a file seems to be, by its name, and by what its beginning shows. */
export function kindOfFile(path: string, { columns, isAccessLog }: FileHead): SourceKind | undefined {
  if (codeEndings.test(path)) return 'code'
  if (configEndings.test(path) && columns.length === 0) return 'config'
  const lower = path.toLowerCase().replaceAll(/[_.-]/g, ' ')
  const named = byName.find(([, pattern]) => pattern.test(lower) || pattern.test(path.toLowerCase()))?.[0]
  if (isAccessLog) return 'requests'
  if (!tableEndings.test(path) && columns.length === 0) {
    if (named === 'changes' || named === 'deliveries') return named
    return /\.(log|txt|out)(\.\d+)?(\.gz|\.zst)?$/i.test(path) ? 'log' : named
  }
  const has = new Set(columns.map(plain))
  const any = (...names: readonly string[]): boolean => names.some((name) => has.has(name))
  if (named !== undefined) return named
  if (any('level', 'severity') && any('message', 'msg')) return 'log'
  if (any('name', 'metric') && any('value')) return 'metrics'
  if (any('status', 'statuscode') && any('durationms', 'latencyms', 'method', 'path', 'url'))
    return 'requests'
  if (any('message', 'msg')) return 'log'
  return columns.length > 0 ? 'effects' : undefined
}
