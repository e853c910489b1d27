import { describe, expect, it } from 'vitest'
import { builtInCatalogue } from '../../../src/incidents/catalogue/catalogue.ts'
import type { Examination } from '../../../src/incidents/model.ts'
import { compose } from '../../../src/incidents/report/compose.ts'
import { type Block, cited, type Report } from '../../../src/incidents/report/document.ts'
import { renderHtml } from '../../../src/incidents/report/html.ts'
import { lintReport, type LintRules, lintRules, refuseUncited } from '../../../src/incidents/report/lint.ts'
import { renderMarkdown } from '../../../src/incidents/report/markdown.ts'
import { renderTerminal } from '../../../src/incidents/report/terminal.ts'
import type { Triage } from '../../../src/incidents/triage-shape.ts'
import { triage } from '../../../src/incidents/triage.ts'
import { isBroken } from './broken.ts'
import { examinationOf } from './examination.ts'
import { fulfilment } from './fulfilment.ts'
import { stories } from './causes-at-work.ts'
import { hostileTriage } from './hostile.ts'

const catalogue = builtInCatalogue()

function of(examination: Examination): Triage {
  return triage(examination, { catalogue })
}

const renderers: Readonly<Record<string, (report: Report) => string>> = {
  terminal: (report) => renderTerminal(report, { colours: false }),
  'terminal in colours': (report) => renderTerminal(report, { colours: true }),
  markdown: renderMarkdown,
  html: renderHtml,
}

describe('reports', () => {
  it('have evidence for every figure, for each cause there is', () => {
    for (const [id, made] of Object.entries(stories)) {
      const report = compose(of(examinationOf(made)))
      expect(lintReport(report), id).toEqual([])
    }
  })

  it.each(Object.keys(renderers))('are the same bytes for the same bundle: %s', (name) => {
    const render = (): string | undefined => renderers[name]?.(compose(of(fulfilment())))
    expect(render()).toBe(render())
  })

  it('do not depend on the order of signals', () => {
    const given = fulfilment()
    expect(of({ ...given, signals: given.signals.toReversed() })).toEqual(of(given))
  })

  it.each(Object.keys(renderers))(
    'name the causes, the contradiction, and each piece of evidence but in a terminal: %s',
    (name) => {
      const document = of(fulfilment())
      const text = renderers[name]?.(compose(document)) ?? ''
      const words = text
        .replaceAll(/\u001b\[[0-9;]*m/g, '')
        .replaceAll('\\', '')
        .replaceAll(/\s+/g, ' ')
      for (const expected of [
        'D02',
        'L08',
        'TCP carries a stream',
        'M3',
        'F1',
        'keys-per-reference',
        'very likely',
      ])
        expect(words).toContain(expected)
      if (name.startsWith('terminal')) return
      for (const { id } of document.evidence) expect(words).toMatch(new RegExp(`\\b${id}\\b`))
    },
  )

  it('are shorter in a terminal: what is cited has its evidence, what is for looking up is left out', () => {
    const document = of(fulfilment())
    const text = renderTerminal(compose(document), { colours: false })
    const [body = '', evidence = ''] = text.split('\nEvidence\n')
    const cites = [...body.replaceAll(/\s+/g, ' ').matchAll(/\[((?:[A-Z]\d+ ?)+)/g)].flatMap(([, ids = '']) =>
      ids.trim().split(' '),
    )
    expect(cites.length).toBeGreaterThan(10)
    const listed = [...evidence.matchAll(/^([A-Z]\d+) /gm)].map(([, id]) => id)
    expect(new Set(listed)).toEqual(new Set(cites))
    expect(text).not.toMatch(/^Signals$|Looked for and absent/m)
    expect(text).not.toMatch(/: remote$/m)
    expect(text.replaceAll(/\s+/g, ' ')).toContain('all signals that were looked for: --md FILE')
  })

  it('fit into 80 columns, whatever stands in logs', () => {
    const lines = renderTerminal(compose(hostileTriage()), { colours: false }).split('\n')
    const width = (line: string): number =>
      Array.from(line).length + (line.match(/\p{Script=Han}/gu) ?? []).length
    expect(lines.filter((line) => width(line) > 80)).toEqual([])
  })

  it('drive no terminal: control characters and turned writing are made visible', () => {
    for (const [name, render] of Object.entries(renderers)) {
      const text = render(compose(hostileTriage())).replaceAll(/\u001b\[(1|22|2|4|24|31|33|36|39)m/g, '')
      expect(text, name).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
      expect(text.isWellFormed(), name).toBe(true)
    }
  })

  it('are HTML without script, picture or link to elsewhere', () => {
    const html = renderHtml(compose(hostileTriage()))
    expect(html).not.toMatch(/<(script|img|iframe|object|link|form|svg|base)\b/i)
    expect(html.match(/<[a-z][^>]*\son\w+=/gi)).toBeNull()
    const targets = [...html.matchAll(/\b(?:href|src)="([^"]*)"/g)].map(([, target]) => target)
    expect(targets.every((target) => target?.startsWith('#') === true)).toBe(true)
    expect(html).toContain("default-src 'none'")
    const ids = new Set([...html.matchAll(/<dt id="([^"]*)"/g)].map(([, id]) => `#${id}`))
    expect(targets.filter((target) => !ids.has(target ?? ''))).toEqual([])
  })

  it('are Markdown in which logs are text: no markup, link or table cell of theirs', () => {
    const markdown = renderMarkdown(compose(hostileTriage())).replaceAll(/(`+) ?.*? ?\1/g, '')
    expect(markdown).not.toMatch(/(?<!\\)<|(?<!\\)\[link|https:\/\//)
    const tables = markdown.split('\n').filter((line) => line.startsWith('|'))
    const columns = tables.map((line) => line.split(/(?<!\\)\|/).length)
    expect(Math.max(...columns)).toBeLessThanOrEqual(6)
  })

  it('have bars as long as their probabilities', () => {
    const text = renderTerminal(compose(of(fulfilment())), { colours: false })
    expect(text).toMatch(/^D02 {2}█{24} above 99 % {2}very likely$/m)
    expect(text).toMatch(/^D06 {2}░{24} below 1 % {2}remote$/m)
  })
})

function reportOf(...blocks: readonly Block[]): Report {
  return {
    title: 't',
    blocks: [
      ...blocks,
      { kind: 'evidence', items: [{ id: 'E1', source: 's', statement: '3 rows', query: 'q' }] },
    ],
  }
}

const lintSentences: Readonly<Record<string, (rules: LintRules) => void>> = {
  'a figure without evidence is found, in any kind of block': (rules) => {
    const text = cited('There are 3 of them')
    const blocks: readonly Block[] = [
      { kind: 'heading', level: 2, text },
      { kind: 'text', sentences: [text] },
      { kind: 'list', items: [text] },
      { kind: 'command', text },
      { kind: 'table', head: ['a'], rows: [[text]] },
      { kind: 'bars', bars: [{ id: 'D01', title: 'x', probability: 0.5, label: 'l', cites: [] }] },
    ]
    for (const block of blocks) expect(lintReport(reportOf(block), rules), block.kind).toHaveLength(1)
  },
  'figures of other scripts are figures': (rules) => {
    expect(lintReport(reportOf({ kind: 'list', items: [cited('٣ rows')] }), rules)).toHaveLength(1)
  },
  'ids are no figures': (rules) => {
    expect(lintReport(reportOf({ kind: 'list', items: [cited('D02 and M3, by E1')] }), rules)).toEqual([])
  },
  'evidence that is not there is found': (rules) => {
    expect(lintReport(reportOf({ kind: 'list', items: [cited('words', ['E2'])] }), rules)).toHaveLength(1)
  },
  'a figure with evidence is let through': (rules) => {
    expect(lintReport(reportOf({ kind: 'list', items: [cited('There are 3', ['E1'])] }), rules)).toEqual([])
  },
}

const lintMutants: Readonly<Record<string, LintRules>> = {
  'finds nothing': { hasFigure: () => false },
  'takes ids for figures': { hasFigure: (text) => /\d/.test(text) },
  'knows one script': { hasFigure: (text) => lintRules.hasFigure(text) && /[0-9]/.test(text) },
}

describe('the lint of figures', () => {
  it.each(Object.entries(lintSentences))('%s', (_, holds) => {
    holds(lintRules)
  })

  it('refuses a report, naming the sentence', () => {
    expect(() => refuseUncited(reportOf({ kind: 'list', items: [cited('There are 3 of them')] }))).toThrow(
      /"There are 3 of them" has a figure and cites no evidence/,
    )
  })

  it.each(Object.entries(lintMutants))('notices one that %s', (_, rules) => {
    expect(Object.values(lintSentences).some((holds) => isBroken(() => holds(rules)))).toBe(true)
  })
})
