import type { BundleFacts } from '../model.ts'
import type { Known } from '../rank/rank.ts'

export type Severity = 'sev-1' | 'sev-2' | 'sev-3'

export interface Judged {
  readonly severity: Severity
  readonly why: string
  readonly evidence: readonly string[]
}

const outage = /\b(offline|outage|completely down|site down|is down)\b/i
const manyAffected = 10

/**
 * sev-1: something is offline by what people noted, or nothing at all arrives. sev-2: at least ten references are
 * affected, or money is among what people noted. sev-3: the rest.
 */
export function judgeSeverity(bundle: BundleFacts, known: readonly Known[]): Judged {
  const total = known.find(({ signal, value }) => signal.id === 'loss.total' && value)
  if (total !== undefined)
    return { severity: 'sev-1', why: 'Nothing arrives any more.', evidence: total.signal.evidence }
  const noted = [
    ...bundle.impact.map((each) => ({ text: `${each.label} ${each.value}`, evidence: each.evidence })),
    ...bundle.claims.filter(({ place }) => place === 'summary'),
  ]
  const offline = noted.find(({ text }) => outage.test(text))
  if (offline !== undefined)
    return { severity: 'sev-1', why: 'People noted an outage.', evidence: [offline.evidence] }
  const harm = known.filter(
    ({ signal, value }) => value && ['dup.present', 'loss.present', 'field.missing'].includes(signal.id),
  )
  const affected = harm.find(({ signal }) => largest(signal.numbers) >= manyAffected)
  if (affected !== undefined)
    return {
      severity: 'sev-2',
      why: 'Ten references or more are affected.',
      evidence: affected.signal.evidence,
    }
  const money = noted.find(({ text }) => /\b(charg|refund|payment|invoice)/i.test(text))
  if (money !== undefined && harm.length > 0)
    return { severity: 'sev-2', why: 'Money is affected.', evidence: [money.evidence] }
  return {
    severity: 'sev-3',
    why: harm.length > 0 ? 'Few references are affected.' : noHarm(known),
    evidence: harm.flatMap(({ signal }) => signal.evidence),
  }
}

/** That nothing was done twice is known only where effects, or losses, could be counted. */
function noHarm(known: readonly Known[]): string {
  const isCounted = known.some(({ signal }) => signal.id === 'dup.present' || signal.id === 'loss.present')
  return isCounted ? 'No harm was measured.' : 'Whether harm was done is not known.'
}

function largest(numbers: Readonly<Record<string, number>> | undefined): number {
  const { groups = 0, lost = 0, rows = 0 } = numbers ?? {}
  return Math.max(groups, lost, rows)
}
