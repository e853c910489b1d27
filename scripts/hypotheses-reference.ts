// node scripts/hypotheses-reference.ts: writes docs/reference/hypotheses.md from the catalogue that triage goes by.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { builtInCatalogue } from '../src/incidents/catalogue/catalogue.ts'
import type { Catalogue, Cause, Odds } from '../src/incidents/catalogue/cause.ts'
import { signalSpecs } from '../src/incidents/model.ts'
import { markdownTable } from './guide-tables.ts'

export const hypothesesPath: string = fileURLToPath(
  new URL('../docs/reference/hypotheses.md', import.meta.url),
)

const intro = `# Causes and signals of triage

Written by \`node scripts/hypotheses-reference.ts\` from the catalogue in \`src/incidents/catalogue\`; how they are used
stands in [the guide](../guide/triage.md). D: an effect happens twice. L: it never happens, or with a part missing.
N: neither. Log-odds are natural logarithms: +3 is twenty to one for, −3 twenty to one against; *true* and *false* say
what the signal adds in each case, and an unknown one adds nothing. They were set by hand before anything was scored.`

/** The text of the reference. */
export function hypothesesReference(): string {
  const catalogue = builtInCatalogue()
  return `${[
    intro,
    `Digest of the catalogue: \`${catalogue.digest}\`.`,
    ...catalogue.causes.map((cause) => causeText(cause)),
    remediesText(catalogue),
    signalsText(),
  ].join('\n\n')}\n`
}

function causeText(cause: Cause): string {
  const { id, title, mechanism, prior, signals, test, mitigations, fixes } = cause
  const rows = Object.entries(signals)
    .toSorted(([, a], [, b]) => strength(b) - strength(a))
    .map(([signal, [whenTrue, whenFalse]]) => [`\`${signal}\``, signed(whenTrue), signed(whenFalse)])
  const remedies = [...mitigations, ...fixes].join(', ')
  return [
    `## ${id}: ${title}`,
    `${mechanism} Before any signal: ${signed(prior)}.${remedies === '' ? '' : ` Remedies: ${remedies}.`}`,
    ...(rows.length === 0 ? [] : [markdownTable(['signal', 'true', 'false'], rows)]),
    ...ruledOutText(cause),
    `Cheapest test, \`${test.step}\`, about ${test.costMinutes} min, decides \`${test.signal}\`: ${inCell(test.action)}.`,
    `Predicts: ${cause.predicts.join(' ')}`,
  ].join('\n\n')
}

function ruledOutText({ contradictions }: Cause): readonly string[] {
  if (contradictions.length === 0) return []
  const each = contradictions.map(({ signal, value, atLeast, why }) => {
    const bound = atLeast === undefined ? '' : ` with ${atLeast.number} from ${atLeast.value} on`
    return `\`${signal}\` is ${value}${bound} (${why})`
  })
  return [`Ruled out where ${each.join(', or where ')}.`]
}

function remediesText({ mitigations, fixes }: Catalogue): string {
  const acts = mitigations.map(({ id, action, sacrifices, rollback, effect }) => [
    id,
    action,
    sacrifices,
    rollback,
    `duplicates ${effect.duplicates}, losses ${effect.losses}`,
  ])
  const changes = fixes.map(({ id, change, test, regressionRisk }) => [id, change, test, regressionRisk])
  return [
    '## Mitigations',
    markdownTable(['id', 'action', 'sacrifices', 'rollback', 'while it is on'], acts),
    '## Fixes',
    markdownTable(['id', 'change', 'test', 'risk'], changes),
  ].join('\n\n')
}

function signalsText(): string {
  const rows = signalSpecs.map(({ id, yes, no, needs }) => [
    `\`${id}\``,
    inCell(yes),
    inCell(no),
    needs.map((kinds) => kinds.join(' or ')).join('; and '),
  ])
  const rule =
    'False counts only where sources of the kinds needed were supplied and cover the window. “Most” is at least 60 % of the duplicate references (or losses), “hardly any” below 15 %; between them a signal is unknown, as it is with fewer than three cases.'
  return ['## Signals', rule, markdownTable(['signal', 'true', 'false', 'needs'], rows)].join('\n\n')
}

function strength([whenTrue, whenFalse]: Odds): number {
  return Math.max(Math.abs(whenTrue), Math.abs(whenFalse))
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : value < 0 ? `−${-value}` : '0'
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '\\<').replaceAll('*', '\\*').replaceAll('_', '\\_')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(hypothesesPath, hypothesesReference())
