import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Triage } from '../../../src/incidents/triage-shape.ts'
import { CliBench, json } from '../../e2e/cli-bench.ts'
import { root } from '../../support/repo.ts'

const bundle = join(root, 'examples', 'triage-bundle')
let bench: CliBench

beforeAll(() => {
  bench = new CliBench()
})
afterAll(() => bench.dispose())

it('triage ranks the causes of a bundle, as JSON, Markdown and HTML of one content, and ends with 0', async () => {
  const [done, again] = await Promise.all([
    bench.run(['triage', bundle, '--json', '--md', 'a.md', '--html', 'a.html']),
    bench.run(['triage', '--md', bundle, '--html', 'b.html']),
  ])
  const document = json(done) as unknown as Triage
  expect([done.code, again.code]).toEqual([0, 0])
  expect(document).toMatchObject({ incident: 'INC-EXAMPLE', severity: 'sev-2', abstained: false })
  expect(document.hypotheses[0]).toMatchObject({ id: 'D02', label: 'very likely' })
  expect(document.hypotheses.length).toBeLessThanOrEqual(6)
  expect(document.problem).toMatch(/26/)
  const ids = new Set(document.evidence.map(({ id }) => id))
  const cited = [
    ...document.signals,
    ...document.hypotheses.flatMap(({ supporting, disconfirming }) => [...supporting, ...disconfirming]),
  ]
  expect(cited.flatMap(({ evidence }) => evidence).filter((id) => !ids.has(id))).toEqual([])
  expect(document.mitigations.map(({ id }) => id)).toContain('M3')
  expect(document.followUp.detectionGap).toMatch(/would have fired at/)
  // The same bundle, the same bytes, whichever way it is asked for.
  expect(again.stdout.toString()).toBe(readFileSync(bench.path('a.md'), 'utf8'))
  expect(readFileSync(bench.path('b.html'))).toEqual(readFileSync(bench.path('a.html')))
  const text = done.stderr.toString()
  expect(text).toMatch(/^D02 {2}█+/m)
  expect(text).not.toContain('\u001b')
}, 60_000)

it('triage takes answers and causes of one’s own, and says that it needs a bundle', async () => {
  bench.write(
    'own.yaml',
    `causes:
  - id: X01
    title: The relay repeats
    kind: duplicate
    mechanism: A relay sends what it has sent.
    prior: -3
    signals: { keys.different: [6, -6], keys.time-derived: [6, -6] }
    test: { step: read-the-relay, signal: keys.different, action: Read the log of the relay, costMinutes: 5 }
    predicts: [The relay logs each twice.]
`,
  )
  const results = await Promise.all([
    bench.run(['triage', bundle, '--json', '--answer', 'keys-per-reference=no', '--catalogue', '.']),
    bench.run(['triage']),
  ])
  const [answered, nothing] = results
  expect(results.map(({ code }) => code)).toEqual([0, 2])
  const document = answered === undefined ? undefined : (json(answered) as unknown as Triage)
  expect(document?.evidence).toContainEqual(expect.objectContaining({ id: 'A1', source: 'answer' }))
  expect(document?.evidence.find(({ id }) => id === 'C1')?.statement).toMatch(/of 40 causes/)
  expect(document?.hypotheses.find(({ id }) => id === 'D02')?.disconfirming).toContainEqual(
    expect.objectContaining({ signal: 'keys.different', logOdds: -4, evidence: ['A1'] }),
  )
  expect(nothing?.stderr.toString()).toMatch(/BUNDLE/)
}, 60_000)
