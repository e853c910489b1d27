import type { Block, Cited, Report } from './document.ts'

export interface LintFinding {
  readonly text: string
  readonly why: string
}

/** Names with digits in them, which are no figures: ids of causes, remedies and evidence. */
const ids = /\b[A-Z][A-Z]?[A-Z0-9-]*\d+\b/g

/** Decisions of the lint, replaceable by a mutant. */
export interface LintRules {
  readonly hasFigure: (text: string) => boolean
}

export const lintRules: LintRules = {
  hasFigure: (text) => /\p{Nd}/u.test(text.replace(ids, '')),
}

/** A figure without evidence, and a citation of evidence that is not there. */
export function lintReport(report: Report, rules: LintRules = lintRules): readonly LintFinding[] {
  const known = new Set(
    report.blocks.flatMap((block) => (block.kind === 'evidence' ? block.items.map(({ id }) => id) : [])),
  )
  return report.blocks.flatMap(sentencesOf).flatMap(({ text, cites }): readonly LintFinding[] => {
    const lost = cites.find((id) => !known.has(id))
    if (lost !== undefined) return [{ text, why: `cites ${lost}, which is no evidence of the report` }]
    if (cites.length > 0 || !rules.hasFigure(text)) return []
    return [{ text, why: 'has a figure and cites no evidence' }]
  })
}

function sentencesOf(block: Block): readonly Cited[] {
  switch (block.kind) {
    case 'heading':
    case 'command':
      return [block.text]
    case 'text':
      return block.sentences
    case 'list':
      return block.items
    case 'bars':
      return block.bars.map(({ title, probability, cites }) => ({ text: `${title} ${probability}`, cites }))
    case 'table':
      return block.rows.flat()
    case 'evidence':
      return []
  }
}

/** Throws where a figure has no evidence: such a report is not given out. */
export function refuseUncited(report: Report): Report {
  const [first] = lintReport(report)
  if (first === undefined) return report
  throw new Error(`The report is refused: ${JSON.stringify(first.text)} ${first.why}.`)
}
