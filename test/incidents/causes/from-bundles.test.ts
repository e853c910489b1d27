import { expect, it } from 'vitest'
import { builtInCatalogue } from '../../../src/incidents/catalogue/catalogue.ts'
import { examineBundle } from '../../../src/incidents/examine.ts'
import { compose } from '../../../src/incidents/report/compose.ts'
import { renderHtml } from '../../../src/incidents/report/html.ts'
import { triage } from '../../../src/incidents/triage.ts'
import { writeBundle } from '../support/bundle.ts'
import { stories } from '../support/stories.ts'

/** Of real files: the causes that lead, and how many of them have to be likely. */
const leading: readonly (readonly [story: RegExp, causes: readonly string[], likely: number])[] = [
  [/^fulfilment/, ['D02', 'L08'], 2],
  [/^overnight/, ['D06', 'D17'], 2],
  [/^double charges/, ['D28'], 1],
  [/^orders twice/, ['D10'], 1],
  [/^registrations/, ['D01'], 1],
  [/^webhooks/, ['L04'], 1],
]

it.each(leading)('the bundle %s leads to %j', async (name, causes, likely) => {
  const story = stories.find((each) => name.test(each.name))
  if (story === undefined) throw new Error('The story is not there.')
  const examination = await examineBundle(writeBundle(story.bundle))
  const found = triage(examination, { catalogue: builtInCatalogue() })
  expect(found.hypotheses.slice(0, causes.length).map(({ id }) => id)).toEqual(causes)
  expect(found.hypotheses.filter(({ label }) => label === 'likely' || label === 'very likely')).toHaveLength(
    likely,
  )
  expect(found.abstained).toBe(false)
  expect(found.ruledOut.filter(({ hypothesis }) => causes.includes(hypothesis))).toEqual([])
  expect(renderHtml(compose(found))).toContain(causes[0])
})

it('the bundle of fulfilment is told what its size really is', async () => {
  const story = stories.find(({ name }) => name.startsWith('fulfilment'))
  if (story === undefined) throw new Error('The story is not there.')
  const found = triage(await examineBundle(writeBundle(story.bundle)), { catalogue: builtInCatalogue() })
  expect(found.contradictions.map(({ fact }) => fact)).toContainEqual(
    expect.stringMatching(/gRPC receive limit/),
  )
})

it('what was asked for twice is told, and that nobody knows whether it was done twice', async () => {
  const story = stories.find(({ name }) => name.startsWith('registrations'))
  if (story === undefined) throw new Error('The story is not there.')
  const sources = story.bundle.sources.filter(({ kind }) => kind !== 'effects')
  const examination = await examineBundle(writeBundle({ ...story.bundle, sources }))
  const found = triage(examination, { catalogue: builtInCatalogue() })
  expect(found.problem).toMatch(/^No source lists effects; 20 of 40 references in access come more than once/)
  expect(found.problemEvidence).toHaveLength(1)
  expect(found.severityWhy.text).toBe('Whether harm was done is not known.')
  expect(renderHtml(compose(found))).toContain('20 references')
})
