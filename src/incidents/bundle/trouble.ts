import type { BundleRow } from './row.ts'

/*
 * Of a large source, what says something of its own accord is kept whole; the rest is sampled. The pattern is one for
 * JavaScript and RE2, so that DuckDB keeps the same lines.
 */
export const troublePattern =
  '(?i)(duplicate|already|idempoten|dedup|ignor|retry|retries|attempt|timeout|timed out|failover|promot|standby|read.only|split.?brain|restart|crash|killed|oom|sigterm|exit(ed)? (code|status)|pool|exhaust|saturat|queue|backlog|evict|flush|replay|backfill|redrive|offset|restore|truncat|lock|lease|reset by peer|econn|refused|violat|constraint|e11000|ora-00001|signature|certificate|unauthori|forbidden|missing|absent|null|no (idempotency )?key|scal(e|ing)|leader|rollback|rejected|dropped|expired)'

const trouble = new RegExp(troublePattern.slice('(?i)'.length), 'i')
export const badLevelPattern = '(?i)^(warn|err|fatal|crit|alert|emerg|severe)'
const badLevel = new RegExp(badLevelPattern.slice('(?i)'.length), 'i')

export function isTrouble(row: BundleRow): boolean {
  if (row.level !== undefined && badLevel.test(row.level)) return true
  return row.message !== undefined && trouble.test(row.message)
}

/** FNV-1a: which rows of a sample are kept must not depend on the day. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
