import type { Direction } from '../catalogue/cause.ts'
import type { Triage } from '../triage-shape.ts'
import { listed, percent, seriesWords } from '../words.ts'
import { type Block, type Cited, cited } from './document.ts'

function heading(text: string): Block {
  return { kind: 'heading', level: 2, text: cited(text) }
}

export function adviceBlocks(triage: Triage): readonly Block[] {
  return [...mitigationBlocks(triage), ...fixBlocks(triage), ...verificationBlocks(triage)]
}

function mitigationBlocks({ mitigations }: Triage): readonly Block[] {
  if (mitigations.length === 0) return []
  const items = mitigations.flatMap((each): readonly Cited[] => {
    const here = each.changes.length === 0 ? '' : ` (here: ${listed(each.changes.map(({ name }) => name))})`
    const warning = each.warning === undefined ? '' : ` Careful: ${each.warning}.`
    return [
      cited(
        `${each.id}: ${each.action}${here}. For ${each.hypotheses.join(', ')} (${percent(each.probability)}), about ${each.cost} min. Sacrifices: ${each.sacrifices}. ${harm(each.effect)} Rollback: ${each.rollback}.${warning}`,
        ['C1', ...each.changes.flatMap(({ evidence }) => evidence)],
      ),
    ]
  })
  return [heading('Mitigations, in this order'), { kind: 'list', items }]
}

function harm({
  duplicates,
  losses,
}: {
  readonly duplicates: Direction
  readonly losses: Direction
}): string {
  const word = (direction: Direction, what: string): string =>
    direction === 'same' ? `${what} as before` : `${direction} ${what}`
  return `While it is on: ${word(duplicates, 'duplicates')}, ${word(losses, 'losses')}.`
}

function fixBlocks({ fixes }: Triage): readonly Block[] {
  if (fixes.length === 0) return []
  const items = fixes.map((each) =>
    cited(
      `${each.id}: ${each.change}. Closes ${each.closes.join(', ')} (${percent(each.probability)}). Test: ${each.test}. Risk: ${each.regressionRisk}.`,
      ['C1'],
    ),
  )
  return [heading('Fixes, in this order'), { kind: 'list', items }]
}

function verificationBlocks({ verification }: Triage): readonly Block[] {
  if (verification.length === 0)
    return [
      heading('How to see that it is over'),
      {
        kind: 'text',
        sentences: [
          cited(
            'No rate before an onset is in the data, so that no threshold is computed: supply sources that begin before it.',
          ),
        ],
      },
    ]
  const items = verification.map(({ signal, threshold, within, evidence }) =>
    cited(`${seriesWords(signal)}: ${threshold}, within ${within}.`, evidence),
  )
  return [heading('How to see that it is over'), { kind: 'list', items }]
}

export function followUpBlocks({ followUp }: Triage): readonly Block[] {
  const { detectionGap, hardening, timelineNote, alerts, evidence } = followUp
  const later = alerts.slice(1).map(({ text, evidence: ids }) => cited(text, ids))
  return [
    heading('Follow-up'),
    { kind: 'text', sentences: [cited(detectionGap, evidence.detectionGap)] },
    ...(later.length === 0 ? [] : [{ kind: 'list' as const, items: later }]),
    ...(hardening === ''
      ? []
      : [{ kind: 'text' as const, sentences: [cited(`Hardening: ${hardening}.`, ['C1'])] }]),
    { kind: 'text', sentences: [cited(timelineNote, evidence.timelineNote)] },
  ]
}
