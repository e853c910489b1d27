import type { Domain } from './domain.ts'
import type { Random } from './random.ts'

/**
 * What people call a column. Names before the bar say what they are, and `incident.yaml` may leave them unmapped; the
 * others are always mapped. {thing} and {effect} are the words of the service.
 */
const spellings: Readonly<Record<string, string>> = {
  at: 'timestamp created_at ts time occurred_at | created when logged sent d',
  ref: '{thing}_id reference ref {thing}_ref | {thing} biz_ref {thing}_nr object',
  key: 'idempotency_key key request_key | idem client_token dedup_token',
  effect: '{effect}_id effect_id external_id | id {effect} remote_id',
  payload: 'payload body | content_json args',
  worker: 'worker worker_id | handled_by consumer by',
  host: 'host hostname | box machine_name',
  version: 'version release | build_no image',
  status: 'status state | result rc',
  level: 'level severity | prio',
  message: 'message msg | event_text what',
  durationMs: 'duration_ms latency_ms elapsed_ms | took dur',
  bytes: 'bytes size_bytes | len payload_len',
  attempt: 'attempt attempt_no | tries try_nr',
  segment: 'segment chunk partition | part block',
  run: 'run_id job_run | execution batch',
  endpoint: 'endpoint path url | route_name uri',
  event: 'event_id | msg_id evt',
  kind: 'kind type | category what_kind',
  name: 'name | label_name rule',
  value: 'value | val reading',
  session: 'session_id session | sess browser',
}

/** What anybody looks at who corrects a bundle that was begun by `--init`. */
const alwaysMapped: ReadonlySet<string> = new Set(['ref', 'effect'])

export interface Columns {
  /** The column of each field. */
  readonly columns: ReadonlyMap<string, string>
  /** What `incident.yaml` says; fields that are left out have to be found by their names. */
  readonly map: Readonly<Record<string, string>>
}

/** Draws a column for each field; three in four sources are mapped whole. */
export function columnsOf(fields: readonly string[], domain: Domain, random: Random): Columns {
  const isMappedWhole = random.chance(0.75)
  const columns = new Map<string, string>()
  const map: Record<string, string> = {}
  for (const field of fields) {
    const [plain = [], own = []] = (spellings[field] ?? '').split('|').map((names) => names.trim().split(' '))
    if (spellings[field] === undefined) {
      columns.set(field, field)
      continue
    }
    const free = (names: readonly string[]): string[] =>
      names.map((name) => worded(name, domain)).filter((name) => ![...columns.values()].includes(name))
    const isPlain = random.chance(isMappedWhole ? 0.6 : 0.9)
    const chosen = random.pick(free(isPlain ? plain : own))
    columns.set(field, chosen)
    if (isMappedWhole || !isPlain || alwaysMapped.has(field)) map[field] = chosen
  }
  return { columns, map }
}

function worded(name: string, { thing, effect }: Domain): string {
  return name.replace('{thing}', thing).replace('{effect}', effect)
}
