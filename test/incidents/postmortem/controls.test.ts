import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { postMortemHtml, writePostMortem } from '../../../src/incidents/index.ts'
import { derivedOutcome } from '../../../src/incidents/postmortem/controls.ts'
import type { Mark } from '../../../src/incidents/postmortem/shape.ts'
import { root } from '../../support/repo.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const example = join(root, 'examples/triage-bundle')

const entry = ([phase, text]: readonly [Mark, string], index: number) =>
  ({
    at: `2026-01-01T00:${10 + index}:00.000Z`,
    phase,
    text,
    source: 'notes',
    importance: 'normal',
    evidence: [],
  }) as const

describe('what a control did', () => {
  it.each([
    // A preventive one: only by what speaks of it.
    ['preventive', 'unique constraint', [], 'not judged'],
    ['preventive', 'unique constraint', [['onset', 'It begins']], 'not judged'],
    ['preventive', 'unique constraint', [['detect', 'The unique constraint is looked at']], 'not judged'],
    ['preventive', 'unique constraint', [['detect', 'The unique constraint refuses a row']], 'worked'],
    [
      'preventive',
      'unique constraint',
      [['detect', 'A row got past: there was no unique constraint']],
      'failed',
    ],
    // A detective one.
    ['detective', 'duplicate report', [], 'not judged'],
    ['detective', 'duplicate report', [['alert', 'Daily duplicate report: 3']], 'worked'],
    ['detective', 'duplicate report', [['alert', 'Two duplicate reports']], 'worked'],
    ['detective', 'duplicate report', [['detect', 'A customer calls']], 'missed'],
    ['detective', 'duplicate report', [['detect', 'The duplicate report did not show it']], 'failed'],
    [
      'detective',
      'duplicate report',
      [
        ['escalate', 'The duplicate report stays silent'],
        ['detect', 'x'],
      ],
      'failed',
    ],
    // A containment.
    ['containment', 'retry switch', [['detect', 'Seen']], 'not judged'],
    ['containment', 'retry switch', [['mitigate', 'Retries are off with the retry switch']], 'worked'],
    [
      'containment',
      'retry switch',
      [
        ['mitigate', 'Workers restart'],
        ['detect', 'The retry switch is there'],
      ],
      'missed',
    ],
    ['containment', 'retry switch', [['mitigate', 'The retry switch did not work']], 'failed'],
    ['containment', 'retry switch', [['mitigate', "The retry switch doesn't help"]], 'failed'],
    [
      'containment',
      'retry switch',
      [['mitigate', 'The retry switch is used because the flag could not be found']],
      'worked',
    ],
    [
      'containment',
      'retry switch',
      [['mitigate', 'The retry switch is used, but it did not help']],
      'failed',
    ],
    ['containment', 'retry switch', [['mitigate', 'The flag is disabled with the retry switch']], 'worked'],
    ['containment', 'retry switch', [['mitigate', 'The retry switch stopped working']], 'failed'],
    // What it tells of is not what became of it.
    [
      'detective',
      'reconciliation check',
      [['detect', 'The reconciliation check flags 12 missing invoices']],
      'worked',
    ],
    ['detective', 'alert on failed payments', [['alert', 'Alert on failed payments: 12']], 'worked'],
    [
      'detective',
      'alert on failed payments',
      [['detect', 'The alert on failed payments was disabled']],
      'failed',
    ],
    ['detective', 'duplicate report', [['detect', 'Nobody looked at the duplicate report']], 'failed'],
    ['detective', 'duplicate report', [['detect', 'The duplicate report showed nothing']], 'failed'],
    [
      'detective',
      'duplicate report',
      [['detect', 'A partner calls; the check that skipped the duplicate report']],
      'failed',
    ],
    ['preventive', 'unique constraint', [['escalate', 'The unique constraint stopped working']], 'failed'],
    // Two notes: the last one decides.
    [
      'containment',
      'retry switch',
      [
        ['mitigate', 'The retry switch had no effect'],
        ['mitigate', 'The retry switch is used again'],
      ],
      'worked',
    ],
    [
      'containment',
      'retry switch',
      [
        ['mitigate', 'The retry switch is used'],
        ['escalate', 'The retry switch was bypassed'],
      ],
      'failed',
    ],
  ] as const)('is told by what names it: %s %s %j: %s', (...[type, name, notes, outcome]) => {
    const timeline = (notes as readonly (readonly [Mark, string])[]).map(entry)
    const found = derivedOutcome({ name, type }, { timeline, causes: [] })
    expect(found.outcome).toBe(outcome)
    expect(found.why).not.toBe('')
  })

  it.each([
    ['preventive', 'the idempotency key was made anew', 'failed'],
    ['preventive', 'the partner was slow', 'not judged'],
    ['detective', 'the idempotency key is looked at', 'not judged'],
    ['detective', 'Why did the idempotency key not help?', 'failed'],
    ['detective', 'nobody saw it since the check of the idempotency key was disabled', 'failed'],
  ] as const)('is told by a cause that names it: %s: %s', (type, cause, outcome) => {
    expect(derivedOutcome({ name: 'idempotency key', type }, { timeline: [], causes: [cause] }).outcome).toBe(
      outcome,
    )
  })

  it('quotes what it is told by', () => {
    const timeline = [entry(['mitigate', 'The retry switch did not work'], 0)]
    expect(derivedOutcome({ name: 'retry switch', type: 'containment' }, { timeline, causes: [] }).why).toBe(
      'So it is noted at 2026-01-01 00:10 UTC: “The retry switch did not work”',
    )
  })

  const changed = async (from: string, to: string) => {
    const folder = temporaryDirectory()
    cpSync(example, folder, { recursive: true })
    const path = join(folder, 'incident.yaml')
    const text = readFileSync(path, 'utf8')
    expect(text).toContain(from)
    writeFileSync(path, text.replace(from, to))
    return writePostMortem(folder)
  }
  const retrySwitch = 'name: retry switch, type: containment'

  it('is what somebody said, with what the texts say beside it', async () => {
    const written = changed(retrySwitch, `${retrySwitch}, outcome: failed, why: it took 26 minutes`)
    const { controls } = await written
    expect(controls[2]).toMatchObject({
      outcome: 'failed',
      why: 'it took 26 minutes',
      derived: { outcome: 'worked', why: expect.stringContaining('2026-02-07 14:31 UTC') as string },
    })
    expect(postMortemHtml(await written)).toMatch(/it took 26 minutes<br><small>By the texts alone: worked\./)
  })

  it('is stated with a reason, or not at all', async () => {
    await expect(changed(retrySwitch, `${retrySwitch}, outcome: failed`)).rejects.toThrow(
      /controls\[2\]\.why must be the reason for the outcome "failed"/,
    )
  })

  it('may have a remark without an outcome: what was derived stays to be seen', async () => {
    const { controls } = await changed(retrySwitch, `${retrySwitch}, why: somebody has to press it`)
    expect(controls[2]).toMatchObject({
      outcome: 'worked',
      why: 'somebody has to press it',
      derived: { outcome: 'worked' },
    })
  })
})
