import { listed, percent, when } from '../words.ts'
import type { Triage } from '../triage-shape.ts'
import { adviceBlocks, followUpBlocks } from './compose-advice.ts'
import { planBlocks } from './compose-plan.ts'
import { type Block, type Cited, cited, type Report } from './document.ts'
import { refuseUncited } from './lint.ts'

/** The report of a triage, for any of the renderers. Throws where a figure would stand without evidence. */
export function compose(triage: Triage): Report {
  return refuseUncited({
    title: `Triage: ${triage.title}`,
    blocks: [
      heading(1, `Triage: ${triage.title}`, ['B1']),
      ...problemBlocks(triage),
      ...causeBlocks(triage),
      ...contradictionBlocks(triage),
      ...planBlocks(triage),
      ...adviceBlocks(triage),
      ...followUpBlocks(triage),
      ...signalBlocks(triage),
      ...readingBlocks(triage),
    ],
  })
}

export function heading(level: 1 | 2 | 3, text: string, cites: readonly string[] = []): Block {
  return { kind: 'heading', level, text: cited(text, cites) }
}

/** What follows is for looking up. */
function forReference(level: 2 | 3, text: string): Block {
  return { kind: 'heading', level, text: cited(text), isReference: true }
}

function problemBlocks({
  incident,
  severity,
  severityWhy,
  problem,
  problemEvidence,
  window,
  abstained,
  hypotheses,
  missing,
}: Triage): readonly Block[] {
  const lead = hypotheses[0]
  const verdict =
    lead === undefined
      ? []
      : abstained
        ? [cited(`No cause is named: ${lead.id} leads, ${lowerFirst(lead.title)}.`, ['C1'])]
        : [
            cited(`Leading cause: ${lead.id}, ${lowerFirst(lead.title)} (${lead.label}).`, [
              'C1',
              ...support(lead),
            ]),
          ]
  const help = missing.length === 0 ? [] : [cited(`Most would be gained by supplying: ${listed(missing)}.`)]
  return [
    {
      kind: 'text',
      sentences: [
        cited(`${incident}, ${severity.toUpperCase()}: ${severityWhy.text}`, ['B1', ...severityWhy.evidence]),
        cited(`Window: ${minute(window.from)} to ${minute(window.to)}.`, ['B1']),
      ],
    },
    { kind: 'text', sentences: [cited(problem, problemEvidence), ...verdict, ...help] },
  ]
}

type Hypothesis = Triage['hypotheses'][number]

function support({ supporting }: Hypothesis): readonly string[] {
  return [...new Set(supporting.flatMap(({ evidence }) => evidence))]
}

function causeBlocks(triage: Triage): readonly Block[] {
  const { hypotheses, explanations, ruledOut } = triage
  const bars = hypotheses.map((each) => ({
    id: each.id,
    title: each.title,
    probability: each.probability,
    label: each.label,
    cites: ['C1', ...support(each)],
  }))
  const accounts = explanations
    .filter(({ probability }, at) => at === 0 || probability >= 0.05)
    .map(({ causes, probability }) => cited(`${causes.join(' with ')}: ${percent(probability)}.`, ['C1']))
  return [
    heading(2, 'Causes'),
    {
      kind: 'text',
      sentences: [
        cited(
          'Each bar is the probability that the cause took part. Causes may act together, so that the bars need not add up to the whole.',
        ),
      ],
    },
    { kind: 'bars', bars },
    heading(3, 'Accounts of one cause, or of two together'),
    { kind: 'list', items: accounts },
    ...hypotheses.flatMap((each) => causeBlock(each, triage)),
    ...(ruledOut.length === 0 ? [] : [heading(3, 'Ruled out'), ruledOutList(triage)]),
  ]
}

/** Many causes that fall for one reason are one line; their titles are in the catalogue. */
function ruledOutList({ ruledOut }: Triage): Block {
  const byWhy = Map.groupBy(ruledOut, ({ why, evidence }) => JSON.stringify([why, evidence]))
  return {
    kind: 'list',
    items: [...byWhy.values()].flatMap((causes): readonly Cited[] => {
      const [first] = causes
      if (first === undefined) return []
      if (causes.length <= 3)
        return causes.map(({ hypothesis, title, why, evidence }) =>
          cited(`${hypothesis}, ${lowerFirst(title)}: ${why}.`, evidence),
        )
      return [cited(`${listed(causes.map(({ hypothesis }) => hypothesis))}: ${first.why}.`, first.evidence)]
    }),
  }
}

function causeBlock(each: Hypothesis, triage: Triage): readonly Block[] {
  const says = (signal: string): string => triage.signals.find(({ id }) => id === signal)?.statement ?? signal
  const line = (weighed: Hypothesis['supporting'][number]): Cited =>
    cited(`${signed(weighed.logOdds)}  ${says(weighed.signal)} (${weighed.signal})`, [...weighed.evidence])
  const { supporting, disconfirming } = each
  const title = `${each.id} ${each.title}: ${each.label}`
  return [
    each.label === 'remote' ? forReference(3, title) : heading(3, title),
    { kind: 'text', sentences: [cited(each.mechanism, ['C1'])] },
    ...section('For it, in log-odds:', supporting.map(line)),
    ...section('Against it:', disconfirming.map(line)),
    ...section(
      'If it is this one:',
      each.predicts.map((text) => cited(text, ['C1'])),
    ),
    { kind: 'text', sentences: [cited(`Cheapest test, step ${each.cheapestStep}:`, ['C1'])] },
    { kind: 'command', text: cited(each.cheapestTest, ['C1']) },
  ]
}

export function section(title: string, items: readonly Cited[]): readonly Block[] {
  if (items.length === 0) return []
  return [
    { kind: 'text', sentences: [cited(title)] },
    { kind: 'list', items },
  ]
}

/** `2026-02-07 13:42 UTC` of an RFC 3339 time. */
function minute(time: string): string {
  return when(Date.parse(time))
}

function signed(logOdds: number): string {
  return logOdds > 0 ? `+${logOdds.toFixed(1)}` : `−${Math.abs(logOdds).toFixed(1)}`
}

function contradictionBlocks({ contradictions }: Triage): readonly Block[] {
  if (contradictions.length === 0) return []
  const items = contradictions.map(({ claim, fact, source, evidence }) =>
    cited(`${claim} But: ${fact} (${source})`, evidence),
  )
  return [heading(2, 'Contradictions'), { kind: 'list', items }]
}

function signalBlocks({ signals, unknown }: Triage): readonly Block[] {
  const rows = (value: boolean): readonly (readonly Cited[])[] =>
    signals
      .filter((signal) => signal.value === value)
      .map(({ id, class: kind, statement, evidence }) => [cited(id), cited(kind), cited(statement, evidence)])
  const table = (title: string, value: boolean): readonly Block[] =>
    rows(value).length === 0
      ? []
      : [heading(3, title), { kind: 'table', head: ['signal', 'class', 'what was seen'], rows: rows(value) }]
  return [
    forReference(2, 'Signals'),
    ...table('Seen', true),
    ...table('Looked for and absent', false),
    ...(unknown.length === 0
      ? []
      : [heading(3, 'Not known'), { kind: 'text' as const, sentences: [cited(`${unknown.join(', ')}.`)] }]),
  ]
}

function readingBlocks({ notes, evidence }: Triage): readonly Block[] {
  return [
    ...(notes.length === 0
      ? []
      : [
          heading(2, 'How the bundle was read'),
          { kind: 'list' as const, items: notes.map((note) => cited(note, ['B1'])) },
        ]),
    heading(2, 'Evidence'),
    { kind: 'evidence', items: evidence },
  ]
}

/** Titles begin with a capital, and stand inside sentences here. */
export function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? `${text[0]?.toLowerCase()}${text.slice(1)}` : text
}
