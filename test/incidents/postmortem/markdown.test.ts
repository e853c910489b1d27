import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type PostMortem, postMortemMarkdown, writePostMortem } from '../../../src/incidents/index.ts'
import { root } from '../../support/repo.ts'

const example = join(root, 'examples/triage-bundle')

/** What stands under a heading. */
const part = (markdown: string, heading: string): string =>
  (markdown.split(`\n## ${heading}\n`)[1] ?? '').split('\n## ')[0] ?? ''

it('Markdown has the service and the severity in its head', async () => {
  const pm = await writePostMortem(example, { fromTriage: true })
  expect(postMortemMarkdown(pm).split('\n')[2]).toBe(
    `INC-EXAMPLE, fulfilment, ${pm.severity}, 2026-02-07 13:00 to 2026-02-07 15:10 UTC`,
  )
})

it('Markdown cites what the page cites, and each cited id is in its list', async () => {
  const pm = await writePostMortem(example, { fromTriage: true })
  const markdown = postMortemMarkdown(pm)
  for (const heading of ['Impact', 'Time line', 'Why it happened', 'What set it off', 'In figures'])
    expect(part(markdown, heading)).toMatch(/\([ES]\d+(, [ES]\d+)*\)/)
  const listed = part(markdown, 'Evidence')
  for (const [, ids = ''] of markdown.matchAll(/\(([ES]\d+(?:, [ES]\d+)*)\)/g))
    for (const id of ids.split(', ')) expect(listed).toContain(`- **${id}** `)
})

it('Markdown has each chart as a table of the same counts', async () => {
  const pm = await writePostMortem(example)
  const figures = part(postMortemMarkdown(pm), 'In figures')
  const cells = (heading: string): number[] =>
    (figures.split(`### ${heading}`)[1] ?? '')
      .split('\n### ')[0]
      ?.split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(2)
      .map((line) => Number(line.split(' | ')[1]?.replaceAll(/[ |]/g, ''))) ?? []
  // 131 minutes, six in a row.
  const counts = pm.rates.find(({ name }) => name === 'duplicates')?.counts ?? []
  const sums = Array.from({ length: Math.ceil(counts.length / 6) }, (_, row) =>
    counts.slice(row * 6, row * 6 + 6).reduce((sum, count) => sum + count, 0),
  )
  expect(cells('duplicates')).toEqual(sums)
  expect(sums.reduce((sum, count) => sum + count, 0)).toBe(26)
  expect(figures).toContain('| UTC | in 6 min |')
  expect(cells('Gaps between effects')).toEqual(pm.histograms[0]?.bars.map(({ count }) => count))
  expect(figures).toMatch(/Onset between 2026-02-07 13:41 and 2026-02-07 13:47 UTC/)
  expect(figures).toContain('2026-02-07 13:40 UTC: idempotency\\_key\\_format\\_v2.')
})

it('Markdown has excerpts of logs, what was derived of controls, and what was remarked', async () => {
  const pm: PostMortem = {
    ...(await writePostMortem(example)),
    excerpts: [{ at: '2026-02-07T13:50:00.000Z', source: 'app', line: 7, text: 'twice', count: 3 }],
    controls: [
      {
        name: 'a',
        type: 'detective',
        outcome: 'failed',
        why: 'late',
        derived: { outcome: 'missed', why: 'unseen' },
      },
    ],
    lint: [{ place: 'summary', text: 'x', why: 'blames', suggestion: 'Say what was.' }],
  }
  const markdown = postMortemMarkdown(pm)
  expect(part(markdown, 'From the logs')).toContain('13:50:00 UTC app, line 7: twice (3 alike)')
  expect(part(markdown, 'Controls')).toContain('By the texts alone: missed. unseen')
  expect(part(markdown, 'Wording to look at before this is sent')).toContain(
    'summary: “x” blames. Say what was.',
  )
})
