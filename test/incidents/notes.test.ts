import { describe, expect, it } from 'vitest'
import { manifestWith } from './support/manifest.ts'

const refused = (told: RegExp) =>
  expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringMatching(told) as string })

describe('what people note', () => {
  it.each([
    [
      'remediation: [{ action: a, ownr: b }]',
      /^remediation\[0\] has no field "ownr"\. Did you mean "owner"\?/,
    ],
    [
      'controls: [{ name: a, type: detective, wy: b }]',
      /^controls\[0\] has no field "wy"\. Did you mean "why"\?/,
    ],
    [
      'whys: [{ why: a, because: b, evidense: c }]',
      /^whys\[0\] has no field "evidense"\. Did you mean "evidence"\?/,
    ],
    [
      'impact: [{ label: a, value: 1, units: s }]',
      /^impact\[0\] has no field "units"\. Did you mean "unit"\?/,
    ],
    [
      'timeline: [{ at: 2026-01-01T00:00:00Z, phase: detect, text: a, sorce: b }]',
      /^timeline\[0\] has no field "sorce"\. Did you mean "source"\?/,
    ],
    [
      'sources: [{ id: a, kind: log, path: b, covers: { form: c } }]',
      /^sources\[0\]\.covers has no field "form"/,
    ],
  ])('has no fields but its own: %s', (more, told) => {
    expect(() => manifestWith(more)).toThrow(refused(told))
  })

  it.each([
    [
      'remediation: [{ action: a, status: opne }]',
      /^remediation\[0\]\.status must be .*did you mean open\?\), got "opne"/,
    ],
    ['controls: [{ name: a, type: detectiv }]', /^controls\[0\]\.type must be .*did you mean detective\?/],
    [
      'controls: [{ name: a, type: detective, outcome: mised, why: b }]',
      /^controls\[0\]\.outcome must be .*did you mean missed\?/,
    ],
    [
      'timeline: [{ at: 2026-01-01T00:00:00Z, phase: detct, text: a }]',
      /^timeline\[0\]\.phase must be .*did you mean detect\?/,
    ],
    [
      'timeline: [{ at: 2026-01-01T00:00:00Z, phase: detect, text: a, importance: hgh }]',
      /^timeline\[0\]\.importance must be .*did you mean high\?/,
    ],
    [
      'remediation: [{ action: a, status: somehow }]',
      /^remediation\[0\]\.status must be one of .*, got "somehow"/,
    ],
  ])('has words of a list: %s', (more, told) => {
    expect(() => manifestWith(more)).toThrow(refused(told))
  })

  it.each([['whenever'], ['2026-02-30'], ['14.02.2026'], ['2026-02-14T10:00:00']])(
    'is due on a day, not: %s',
    (due) => {
      expect(() => manifestWith(`remediation: [{ action: a, due: "${due}" }]`)).toThrow(
        refused(/^remediation\[0\]\.due must be a date such as 2026-06-12, got/),
      )
    },
  )

  it('has texts, in quotes where YAML would read something else', () => {
    expect(() => manifestWith('luck: [One more: nobody looked]')).toThrow(
      refused(/^luck\[0\] must be a text, in quotes where it has a colon and a space, got/),
    )
  })

  it('keeps what is right', () => {
    expect(
      manifestWith(
        'remediation: [{ action: a, owner: b, due: 2026-02-14, status: in progress, closes: D02 }]',
      ).remediation,
    ).toEqual([{ action: 'a', owner: 'b', due: '2026-02-14', status: 'in progress', closes: 'D02' }])
  })

  it('gives a reason where it states what a control did', () => {
    expect(() => manifestWith('controls: [{ name: a, type: detective, outcome: missed }]')).toThrow(
      refused(/^controls\[0\]\.why must be the reason for the outcome/),
    )
  })

  it('cites evidence by name, one or several', () => {
    const { whys } = manifestWith(
      'whys: [{ why: a, because: b, evidence: log }, { why: a, because: b, evidence: [log, E1] }, { why: a, because: b }]',
    )
    expect(whys.map(({ evidence }) => evidence)).toEqual([['log'], ['log', 'E1'], []])
  })
})
