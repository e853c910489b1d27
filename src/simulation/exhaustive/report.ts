import type { ExhaustOptions, ExhaustReport } from './options.ts'

/** What a search came to, for people: one paragraph, and each violation as the events that lead to it. */
export function exhaustiveText(report: ExhaustReport): string {
  const { states, depth, isComplete, durationMs, violations, residuals, mutant } = report
  const broken = mutant === undefined ? '' : ` · mutant ${mutant}`
  const end = isComplete ? 'all of them' : 'not all of them'
  const lines = [
    `${configurationText(report.options)}${broken}`,
    `  ${states.toLocaleString('en')} states, ${end}; depth ${depth}; ${(durationMs / 1_000).toFixed(1)} s`,
  ]
  const counted = Object.entries(residuals).map(([name, times]) => `${name} ${times}`)
  if (counted.length > 0) lines.push(`  residuals: ${counted.join(', ')}`)
  for (const { invariant, what, trace } of violations) {
    lines.push(`  ${invariant} broken: ${what}`)
    trace.forEach((event, index) => lines.push(`    ${String(index + 1).padStart(2)}. ${event}`))
  }
  if (violations.length === 0) lines.push('  no invariant broken')
  return lines.join('\n')
}

function configurationText(options: ExhaustOptions): string {
  const { workers, safety, replication, crashes, lapses, lostReplies, failovers } = options
  const { refusals = 0, calls = 1, retry = 'never', otherInput = false } = options
  const parts = [
    `${workers} workers`,
    safety,
    failovers > 0 && `${failovers} failover (${replication})`,
    crashes > 0 && `crashes ≤ ${crashes}`,
    lapses > 0 && `half leases ≤ ${lapses}`,
    lostReplies > 0 && `lost ≤ ${lostReplies}`,
    refusals > 0 && `refusals ≤ ${refusals}`,
    calls > 1 && `${calls} calls each`,
    retry !== 'never' && `retry ${retry}`,
    otherInput && 'two inputs',
  ]
  return parts.filter((part) => part !== false).join(' · ')
}
