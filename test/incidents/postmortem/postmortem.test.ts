import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type PostMortem,
  postMortemHtml,
  postMortemMarkdown,
  readPostMortem,
  revisionsOf,
  writePostMortem,
} from '../../../src/incidents/index.ts'
import { root } from '../../support/repo.ts'
import { at, writeBundle } from '../support/bundle.ts'
import { manifestWith } from '../support/manifest.ts'

const example = join(root, 'examples/triage-bundle')

describe('a post-mortem', () => {
  it('says what the bundle holds, the same bytes each time', async () => {
    const pm = await writePostMortem(example)
    expect(pm).toMatchObject({
      onceward: 'post-mortem/v1',
      incident: 'INC-EXAMPLE',
      impact: [
        { label: 'batches dispatched twice', value: '26', evidence: [expect.stringMatching(/^E\d+$/)] },
        { evidence: ['S1'] },
      ],
      customerImpact: expect.stringContaining('a parcel twice'),
      triggers: [{ text: expect.stringContaining('idempotency_key_format_v2') }],
      contributing: [{ name: 'batch_retry_enabled', text: 'retries of batches with exponential backoff' }],
      ranked: [],
      remediation: [{ owner: 'fulfilment team', due: '2026-02-14', status: 'done' }, { status: 'open' }],
    })
    expect(pm.timeline.map(({ phase }) => phase)).toEqual([
      'change',
      'change',
      'onset',
      'detect',
      'escalate',
      'mitigate',
      'resolve',
    ])
    expect(pm.timeline[1]?.text).toBe(
      'idempotency_key_format_v2 (flag): keys of dispatch are timestamps instead of UUIDs',
    )
    expect(pm.rates.map(({ name, onset }) => [name, onset !== undefined])).toEqual([
      ['duplicates', true],
      ['effects', true],
    ])
    expect(pm.histograms[0]?.bars.reduce((sum, { count }) => sum + count, 0)).toBe(26)
    const known = new Set(pm.evidence.map(({ id }) => id))
    expect(pm.timeline.flatMap(({ evidence }) => evidence).filter((id) => !known.has(id))).toEqual([])
    const again = await writePostMortem(example)
    expect(postMortemHtml(again)).toBe(postMortemHtml(pm))
    expect(postMortemMarkdown(again)).toBe(postMortemMarkdown(pm))
  })

  it('counts more sizes than a call takes arguments', async () => {
    const count = 200_000
    const rows = Array.from({ length: count }, (_, row) => `${at(row / 100)},m${row},${1000 + row}`)
    const bundle = writeBundle({
      sources: [{ id: 'messages', kind: 'deliveries', path: 'm.csv' }],
      files: { 'm.csv': `at,id,bytes\n${rows.join('\n')}\n` },
    })
    const { histograms } = await writePostMortem(bundle)
    const sizes = histograms.find(({ title }) => title === 'Sizes of messages')
    expect(sizes?.bars.reduce((sum, bar) => sum + bar.count, 0)).toBe(count)
  })

  it('names each file of the bundle with its digest', async () => {
    const { pack } = await writePostMortem(example)
    expect(pack.map(({ path }) => path)).toEqual(['changes.jsonl', 'dispatches.csv', 'incident.yaml'])
    const digest = createHash('sha256')
      .update(readFileSync(join(example, 'dispatches.csv')))
      .digest('hex')
    expect(pack[1]?.sha256).toBe(digest)
  })

  it('shows of log lines that are alike the one nearest to the onset, and errors before warnings', async () => {
    const line = (second: number, level: string, message: string): string =>
      JSON.stringify({ at: at(second), level, message })
    const lines = [
      ...Array.from({ length: 30 }, (_, index) => line(index * 60, 'WARN', `shelf ${index} is empty`)),
      line(1000, 'ERROR', 'insert refused for order 7'),
      line(50, 'INFO', 'all is well'),
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm'].map((word) =>
        line(1, 'WARN', `${word.repeat(9)} ${word.repeat(5)} went ${word.repeat(7)}`),
      ),
    ]
    const bundle = writeBundle({
      sources: [{ id: 'app', kind: 'log', path: 'app.jsonl' }],
      files: { 'app.jsonl': `${lines.join('\n')}\n` },
    })
    const { excerpts } = await writePostMortem(bundle)
    expect(excerpts).toHaveLength(12)
    expect(excerpts.at(-1)).toMatchObject({ text: 'insert refused for order 7', line: 31, count: 1 })
    expect(excerpts.filter(({ text }) => text.startsWith('shelf'))).toMatchObject([{ line: 1, count: 30 }])
    expect(excerpts.some(({ text }) => text === 'all is well')).toBe(false)
  })

  it('says what alerts say, and takes changes that triggers name for those', async () => {
    const bundle = writeBundle({
      sources: [
        { id: 'alerts', kind: 'alerts', path: 'alerts.csv' },
        { id: 'changes', kind: 'changes', path: 'changes.csv' },
      ],
      files: {
        'alerts.csv': `at,name,message\n${at(60)},OPS-7,charges above 5 a minute\n`,
        'changes.csv': `at,kind,name,message\n${at(30)},flag,new_keys,turned on\n${at(20)},deploy,shop,4.2\n`,
      },
      triggers: ['The flag new_keys'],
    })
    const { timeline, triggers, contributing } = await writePostMortem(bundle)
    expect(timeline.map(({ text }) => text)).toEqual([
      'shop (deploy): 4.2',
      'new_keys (flag): turned on',
      'OPS-7: charges above 5 a minute',
    ])
    expect(triggers).toEqual([{ text: 'The flag new_keys', evidence: timeline[1]?.evidence }])
    expect(contributing.map(({ name, text }) => [name, text])).toEqual([['shop', '4.2']])
  })

  it('has what people wrote beside the sources in its pack', async () => {
    const bundle = writeBundle({
      sources: [{ id: 'app', kind: 'log', path: 'app.txt' }],
      documents: ['calls.md'],
      files: { 'app.txt': `${at(0)} ERROR twice\n`, 'calls.md': '# A call\nIt was late.\n' },
    })
    const { pack } = await writePostMortem(bundle)
    expect(pack.map(({ path }) => path)).toEqual(['app.txt', 'calls.md', 'incident.yaml'])
  })

  it('takes what triage knows, where it is asked to', async () => {
    const pm = await writePostMortem(example, { fromTriage: true })
    expect(pm.severity).toMatch(/^sev-[123]$/)
    expect(pm.ranked[0]?.id).toBe('D02')
    expect(pm.remediation.at(-1)).toMatchObject({ status: 'proposed by triage', owner: 'nobody yet' })
    const known = new Set(pm.evidence.map(({ id }) => id))
    expect(pm.ranked.flatMap(({ evidence }) => evidence).filter((id) => !known.has(id))).toEqual([])
  })

  it('branches where a step says what it comes from, and has no step that comes from a later one', async () => {
    const { causes } = await writePostMortem(example)
    expect(causes.map(({ from }) => from)).toEqual([undefined, undefined, 1])
    expect(() => manifestWith('whys: [{ why: a, because: b, from: 1 }]')).toThrow(
      /whys\[0\]\.from must be the number of an earlier step/,
    )
  })

  it('is Markdown in which texts of others are no links, tags or ends of cells', () => {
    const text = '<b>|[x](http://evil) `code`'
    const pm = {
      ...blank,
      title: text,
      timeline: [
        { at: blank.window.from, phase: 'detect', text, source: 's', importance: 'high', evidence: [] },
      ],
    } as PostMortem
    const said = postMortemMarkdown(pm)
    expect(said).not.toMatch(/(?<!\\)[<[]/)
    expect(
      said
        .split('\n')
        .find((line) => line.includes('detect'))
        ?.match(/(?<!\\)\|/g),
    ).toHaveLength(5)
  })
})

const blank: PostMortem = {
  onceward: 'post-mortem/v1',
  incident: 'I',
  title: 'T',
  window: { from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T01:00:00.000Z' },
  impact: [],
  timeline: [],
  excerpts: [],
  causes: [],
  causesWithoutEvidence: 0,
  ranked: [],
  triggers: [],
  contributing: [],
  controls: [],
  remediation: [],
  wentWell: [],
  wentBadly: [],
  luck: [],
  openQuestions: [],
  rates: [],
  histograms: [],
  evidence: [],
  pack: [],
  notes: [],
  lint: [],
}

describe('two revisions', () => {
  it('differ by what was added, removed and changed', async () => {
    const before = await writePostMortem(example)
    const after: PostMortem = {
      ...before,
      title: 'Another title',
      remediation: [{ ...(before.remediation[0] as PostMortem['remediation'][number]), status: 'verified' }],
      openQuestions: ['A new one?'],
      causes: before.causes.map((cause, step) => (step === 1 ? { ...cause, evidence: 'dispatches' } : cause)),
    }
    expect(revisionsOf(before, before)).toEqual([])
    expect(revisionsOf(before, after).map(({ section, change }) => `${section} ${change}`)).toEqual([
      'title changed',
      'causes changed',
      'remediation removed',
      'remediation changed',
      'openQuestions removed',
      'openQuestions added',
    ])
    expect(readPostMortem(JSON.stringify(before), 'x').incident).toBe('INC-EXAMPLE')
    expect(() => readPostMortem('{"onceward":"post-mortem/v1"}', 'x.json')).toThrow(
      /--diff must be what postmortem --json printed/,
    )
    expect(() => readPostMortem('{}', 'x.json')).toThrow(
      /--diff must be what postmortem --json printed, got "x.json"/,
    )
  })
})
