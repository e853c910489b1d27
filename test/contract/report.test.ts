import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contractGuide, guidePath } from '../../scripts/contract-reference.ts'
import { junit } from '../../src/contract/junit.ts'
import { profiles } from '../../src/contract/profiles.ts'
import { profileNames } from '../../src/http/profiles.ts'
import {
  checkIds,
  type CheckResult,
  type ContractReport,
  summaryOf,
  verdictOf,
} from '../../src/contract/report.ts'
import { ruleOf } from '../../src/contract/rules.ts'

function check(more: Partial<CheckResult>): CheckResult {
  return {
    id: 'replay-equal',
    level: 'SHOULD',
    rule: 'draft-07 §2.6',
    outcome: 'pass',
    expected: 'a',
    seen: 'b',
    ...more,
  }
}

describe('the verdict', () => {
  it.each<readonly [string, Partial<CheckResult>, string]>([
    ['a pass', {}, 'conforms'],
    ['what was skipped', { outcome: 'skip', level: 'MUST' }, 'conforms'],
    ['what MAY be otherwise', { outcome: 'fail', level: 'MAY' }, 'conforms'],
    ['a SHOULD that failed', { outcome: 'fail' }, 'deviates'],
    ['a MUST that failed', { outcome: 'fail', level: 'MUST' }, 'deviates'],
    ['no effect at all', { outcome: 'fail', effects: 0 }, 'deviates'],
    ['one effect too many', { outcome: 'fail', effects: 2 }, 'unsafe'],
  ])('of %s', (_, more, verdict) => {
    expect(verdictOf([check({}), check(more)])).toBe(verdict)
  })
})

describe('JUnit', () => {
  const checks = [
    check({}),
    check({ id: 'payload-swap', outcome: 'fail', seen: '201 {"a":"<&\u0007\n"}' }),
    check({ id: 'bare-key', level: 'MAY', outcome: 'fail' }),
    check({ id: 'error-replay', outcome: 'skip', seen: 'not tried' }),
  ]
  const report: ContractReport = {
    target: 'http://x/?a=1&b=2',
    profile: 'ietf-07-strict',
    counted: 'not counted',
    checks,
    summary: summaryOf(checks),
    verdict: verdictOf(checks),
  }

  it('has a case for each check; what is only allowed does not fail it', () => {
    const xml = junit(report)
    expect(xml).toContain(
      '<testsuites name="onceward contract" tests="4" failures="1" errors="0" skipped="2">',
    )
    expect(xml.match(/<testcase /g)).toHaveLength(4)
    expect(xml.match(/<failure /g)).toHaveLength(1)
    expect(xml.match(/<skipped /g)).toHaveLength(2)
    expect(xml).toContain('value="deviates"')
  })

  it('is well-formed whatever the service answers', () => {
    const xml = junit(report)
    expect(xml).toContain('&#60;&#38;?&#10;')
    expect(xml.replaceAll(/&#\d+;/g, '')).not.toContain('&')
    // Every attribute and tag closes: no bracket or quote is left over when they are taken out.
    expect(xml.replaceAll(/<[?/]?[a-z]+( [a-z]+="[^"<>&]*(&#\d+;[^"<>&]*)*")*[?/]?>/g, '').trim()).toBe('')
  })
})

describe.each(profileNames)('the rules of %s', (name) => {
  it('have a level, a citation and an expectation for each check', () => {
    for (const id of checkIds) {
      const { level, cite, expected } = ruleOf(profiles[name], id)
      expect(['MUST', 'SHOULD', 'MAY']).toContain(level)
      expect(cite, id).not.toBe('')
      expect(expected, id).not.toMatch(/undefined|\{/)
      expect(cite.startsWith('draft-07 §'), id).toBe(name.startsWith('ietf-07'))
    }
  })
})

it('docs/guide/contract.md lists checks and profiles (node scripts/contract-reference.ts writes the tables)', () => {
  const text = readFileSync(guidePath, 'utf8')
  expect(text).toBe(contractGuide(text))
})
