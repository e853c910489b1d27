import { styleText } from 'node:util'
import type { CheckResult, ContractReport } from '../../contract/index.ts'
import { printable, textTable } from '../table.ts'

type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold'

/** Colours where `stream` is a terminal that wants them (NO_COLOR, FORCE_COLOR). */
function paint(stream: NodeJS.WriteStream): (style: Style, text: string) => string {
  return (style, text) => styleText(style, text, { stream, validateStream: true })
}

/** What people read: a table of the checks, what went wrong, and the verdict. */
export function contractText(report: ContractReport, stream: NodeJS.WriteStream): string {
  const paintOn = paint(stream)
  const rows = report.checks.map((check) => [
    paintOn(styleOf(check), check.outcome),
    check.id,
    check.level,
    check.effects === undefined ? '' : String(check.effects),
    printable(check.seen),
  ])
  const failures = report.checks.filter(({ outcome }) => outcome === 'fail')
  return [
    `${report.target}, ${report.profile}, effects: ${report.counted}`,
    textTable(['', 'CHECK', 'LEVEL', 'EFFECTS', 'SEEN'], rows),
    '',
    ...failures.flatMap((check) => failureLines(check)),
    paintOn(verdictStyles[report.verdict], verdictText(report)),
  ].join('\n')
}

const verdictStyles = { conforms: 'green', deviates: 'yellow', unsafe: 'red' } as const

function styleOf({ outcome, level, effects }: CheckResult): Style {
  if (outcome === 'pass') return 'green'
  if (outcome === 'skip') return 'dim'
  return level === 'MAY' || (effects ?? 0) <= 1 ? 'yellow' : 'red'
}

function failureLines({ id, level, rule, expected, seen }: CheckResult): string[] {
  return [`${id}: ${rule} ${level}: ${expected}`, `${' '.repeat(id.length)}  seen: ${printable(seen)}`, '']
}

function verdictText({ verdict, summary, checks, counted }: ContractReport): string {
  const counts = `${summary.pass} passed, ${summary.fail} failed, ${summary.skip} skipped`
  const most = Math.max(0, ...checks.map(({ effects }) => effects ?? 0))
  const unknown =
    counted === 'not counted' ? ' Effects were not counted: what happened twice is not known.' : ''
  if (verdict === 'unsafe') return `unsafe: ${most} effects for one key (${counts})`
  return `${verdict} (${counts})${unknown}`
}
