import { describe, expect, it } from 'vitest'
import { type CheckId, checkIds } from '../../src/contract/report.ts'
import { openApiOf, type ServiceOptions } from './service.ts'
import { of, started, whole, withOutcome } from './tested.ts'

describe.each(['strict', 'lenient'] as const)('a service that keeps every rule, %s', (keys) => {
  it(`conforms to ietf-07-${keys}`, async () => {
    const service = await started({ keys })
    const report = await whole(service, { profile: `ietf-07-${keys}`, openapi: openApiOf() })
    expect(withOutcome(report, 'fail')).toEqual([])
    expect(withOutcome(report, 'skip')).toEqual(keys === 'strict' ? ['bare-key'] : [])
    expect(report.verdict).toBe('conforms')
    expect(report.checks.map(({ id }) => id)).toEqual(checkIds)
    for (const check of report.checks) expect(check.rule, check.id).toMatch(/^draft-07 §/)
  })
})

const broken: readonly (ServiceOptions & { breaks: CheckId })[] = [
  { breaks: 'missing-key' },
  { breaks: 'malformed-key' },
  { breaks: 'first-accepted' },
  { breaks: 'replay-equal' },
  { breaks: 'replay-many' },
  { breaks: 'payload-swap' },
  { breaks: 'payload-swap', how: 'again' },
  { breaks: 'payload-swap', how: 'overwritten' },
  { breaks: 'concurrent-same-key' },
  { breaks: 'other-path' },
  { breaks: 'other-caller' },
  { breaks: 'reply-cut' },
  { breaks: 'reply-cut', how: 'stuck' },
  { breaks: 'request-cut' },
  { breaks: 'error-replay' },
  { breaks: 'replay-after-restart' },
  { breaks: 'bare-key' },
  { breaks: 'key-parameters' },
  { breaks: 'expiry-published' },
]

/** Ways to break a rule that do the work twice under one key. */
const unsafe = new Set([
  'replay-many',
  'payload-swap again',
  'concurrent-same-key',
  'reply-cut',
  'replay-after-restart',
])
const allowed: readonly CheckId[] = ['bare-key', 'key-parameters']

describe('a service that breaks one rule fails that check alone', () => {
  it.each(broken)('$breaks $how', async (options) => {
    const service = await started({ keys: 'lenient', ...options })
    const report = await whole(service, { openapi: openApiOf(options.breaks) })
    expect(withOutcome(report, 'fail'), JSON.stringify(report.checks)).toEqual([options.breaks])
    const name = [options.breaks, options.how].filter((word) => word !== undefined).join(' ')
    const verdict = unsafe.has(name) ? 'unsafe' : allowed.includes(options.breaks) ? 'conforms' : 'deviates'
    expect(report.verdict, JSON.stringify(of(report, options.breaks))).toBe(verdict)
  })

  it('and there is one for every check that can fail', () => {
    const rest = checkIds.filter((id) => !broken.some(({ breaks }) => breaks === id))
    // It tells what the refusals look like, which is left to the service.
    expect(rest).toEqual(['problem-details'])
  })
})

it('what is refused without a problem document is allowed, and said', async () => {
  const report = await whole(await started({ keys: 'lenient', breaks: 'problem-details' }))
  expect(of(report, 'problem-details')).toMatchObject({ level: 'MAY', outcome: 'skip' })
  expect(report.verdict).toBe('conforms')
})

it('an unguarded twin is unsafe, with the count', async () => {
  const service = await started({ isUnguarded: true })
  const report = await whole(service)
  expect(report.verdict).toBe('unsafe')
  expect(of(report, 'replay-equal').effects).toBe(2)
  expect(of(report, 'replay-many')).toMatchObject({
    outcome: 'fail',
    effects: 21,
    seen: expect.stringContaining('21 effects'),
  })
  // Of each, the retry that follows is one more.
  expect(of(report, 'concurrent-same-key').effects).toBe(21)
  expect(of(report, 'reply-cut').effects).toBe(2)
  expect(withOutcome(report, 'pass')).toEqual(['first-accepted', 'other-path', 'other-caller', 'request-cut'])
})
