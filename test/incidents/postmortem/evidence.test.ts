import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  examineBundle,
  postMortemHtml,
  postMortemMarkdown,
  writePostMortem,
} from '../../../src/incidents/index.ts'
import { root } from '../../support/repo.ts'
import { at, writeBundle } from '../support/bundle.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const example = join(root, 'examples/triage-bundle')

/** The example with another last step of its causal chain. */
const withWhy = (evidence: string) => {
  const folder = temporaryDirectory()
  cpSync(example, folder, { recursive: true })
  const path = join(folder, 'incident.yaml')
  const text = readFileSync(path, 'utf8')
  expect(text).toContain('wentWell:')
  writeFileSync(path, text.replace('wentWell:', `  - { why: Why Z?, because: of Y${evidence} }\nwentWell:`))
  return folder
}

describe('a step of the causal chain', () => {
  it('cites sources, signals, changes and ids of evidence', async () => {
    const { causes, evidence } = await writePostMortem(
      withWhy(', evidence: [dispatches, keys.different, idempotency_key_format_v2, E9]'),
    )
    const last = causes.at(-1)
    expect(last?.evidence).toBe('dispatches, keys.different, idempotency_key_format_v2, E9')
    expect(last?.cites).toHaveLength(4)
    const cited = last?.cites.map((id) => evidence.find((one) => one.id === id))
    expect(cited).toMatchObject([
      {
        id: 'S1',
        source: 'dispatches',
        statement: expect.stringMatching(/^dispatches\.csv: 146 rows of effects/) as string,
      },
      { statement: expect.stringContaining('each row carries a key of its own') as string },
      { source: 'changes', statement: expect.stringContaining('idempotency_key_format_v2') as string },
      { id: 'E9' },
    ])
    expect(cited?.every((one) => one?.standing === 'cited')).toBe(true)
  })

  it.each([
    ['dispatchs', 'did you mean "dispatches"?'],
    ['keys.diferent', 'did you mean "keys.different"?'],
    ['E999', 'did you mean "E'],
    // What people wrote is no evidence of itself: E1 is the first note of the time line.
    ['E1', 'must be a source'],
    ['seen by all of us', 'must be a source (dispatches and changes)'],
  ])('cites nothing that is not there: %s', async (name, told) => {
    await expect(writePostMortem(withWhy(`, evidence: ${name}`))).rejects.toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(told) as string,
      }),
    )
    await expect(writePostMortem(withWhy(`, evidence: ${name}`))).rejects.toThrow(
      new RegExp(`^whys\\[3\\]\\.evidence must be .*, got ${JSON.stringify(name)}\\.$`),
    )
  })

  it('links to what it cites, and says where it cites nothing', async () => {
    const pm = await writePostMortem(withWhy(''))
    expect(pm.causesWithoutEvidence).toBe(1)
    const html = postMortemHtml(pm)
    expect(html.match(/no evidence given/g)).toHaveLength(1)
    expect(html).toContain('1 of 4 steps has no evidence')
    expect(postMortemMarkdown(pm)).toContain('no evidence given')
    const whole = await writePostMortem(example)
    expect(whole.causesWithoutEvidence).toBe(0)
    expect(postMortemHtml(whole)).not.toContain('no evidence')
    expect(postMortemMarkdown(whole)).not.toContain('no evidence')
  })
})

describe('a card and a note', () => {
  it('that cite nothing are marked as what people noted; a source of the bundle is linked', async () => {
    const bundle = writeBundle({
      sources: [{ id: 'app', kind: 'log', path: 'app.txt' }],
      files: { 'app.txt': `${at(0)} ERROR twice\n` },
      impact: [
        { label: 'orders', value: 7 },
        { label: 'lines', value: 1, evidence: 'app' },
      ],
      timeline: [
        { at: at(10), phase: 'detect', text: 'a', source: 'app' },
        { at: at(20), phase: 'detect', text: 'b', source: 'the desk' },
      ],
    })
    const pm = await writePostMortem(bundle)
    expect(pm.impact.map(({ evidence }) => evidence)).toEqual([[], ['S1']])
    expect(pm.timeline.map(({ evidence }) => evidence)).toEqual([['S1'], []])
    expect(postMortemHtml(pm).match(/as noted/g)).toHaveLength(1)
    expect(postMortemMarkdown(pm).match(/as noted/g)).toHaveLength(1)
  })
})

describe('the evidence', () => {
  it.each([false, true])(
    'is what is cited, what the data shows, then the rest, with triage: %s',
    async (fromTriage) => {
      const pm = await writePostMortem(example, { fromTriage })
      const { impact, timeline, ranked, triggers, contributing, rates, causes, evidence } = pm
      const cited = new Set([
        ...[impact, timeline, ranked, triggers, contributing, rates].flatMap((list) =>
          list.flatMap((one) => one.evidence),
        ),
        ...causes.flatMap(({ cites }) => cites),
      ])
      expect(
        evidence
          .filter(({ standing }) => standing === 'cited')
          .map(({ id }) => id)
          .toSorted(),
      ).toEqual([...cited].toSorted())
      const { signals } = await examineBundle(example)
      const shown = new Set(signals.filter(({ value }) => value === true).flatMap((one) => one.evidence))
      const found = evidence.filter(({ standing }) => standing === 'found')
      expect(found.length).toBeGreaterThan(2)
      expect(found.filter(({ id }) => !shown.has(id))).toEqual([])
      expect(evidence.map(({ standing }) => standing)).toEqual([
        ...Array<string>(cited.size).fill('cited'),
        ...Array<string>(found.length).fill('found'),
        ...Array<string>(evidence.length - cited.size - found.length).fill('other'),
      ])
    },
  )

  it('has nothing of the wording of incident.yaml', async () => {
    const { evidence } = await writePostMortem(example, { fromTriage: true })
    expect(
      evidence.filter(({ source, query }) => source === 'incident.yaml' || /incident\.yaml/.test(query)),
    ).toEqual([])
  })

  it('that nothing cites is folded', async () => {
    const html = postMortemHtml(await writePostMortem(example))
    const [open = '', folded = ''] = html.slice(html.indexOf('id="evidence"')).split('<details')
    expect(open).toContain('each row carries a key of its own')
    expect(open).not.toContain('No field is missing')
    expect(open).not.toContain('touches the edge')
    expect(folded).toContain('touches the edge')
  })
})
