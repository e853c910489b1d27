import { escapeMarkup } from './markup.ts'
import type { CheckResult, ContractReport } from './report.ts'

/**
 * The report as JUnit XML, a test case for each check. What is only allowed (MAY) does not fail a pipeline: such a
 * finding is written as skipped, as is what was not tried.
 */
export function junit({ target, profile, checks, verdict }: ContractReport): string {
  const failures = checks.filter(isFailure).length
  const skipped = checks.filter((check) => check.outcome !== 'pass' && !isFailure(check)).length
  const counts = `tests="${checks.length}" failures="${failures}" errors="0" skipped="${skipped}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="onceward contract" ${counts}>`,
    `  <testsuite name="${escapeMarkup(`${profile} ${target}`)}" ${counts}>`,
    `    <properties><property name="verdict" value="${verdict}"/></properties>`,
    ...checks.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function isFailure({ outcome, level, effects }: CheckResult): boolean {
  return outcome === 'fail' && (level !== 'MAY' || (effects ?? 0) > 1)
}

function testCase(check: CheckResult): string {
  const { id, level, rule, outcome, expected, seen } = check
  const open = `    <testcase classname="onceward.contract" name="${id} (${level}, ${escapeMarkup(rule)})"`
  if (outcome === 'pass') return `${open}/>`
  if (!isFailure(check)) return `${open}><skipped message="${escapeMarkup(seen)}"/></testcase>`
  const message = escapeMarkup(`expected ${expected}; seen ${seen}`)
  return `${open}><failure type="${level}" message="${message}"/></testcase>`
}
