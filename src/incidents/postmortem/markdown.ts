import { visible } from '../report/visible.ts'
import { percent, whole } from '../words.ts'
import type { EvidenceEntry, Histogram, PostMortem, RateChart } from './shape.ts'

/** The same as Markdown, its charts as tables. What would be a link, a tag or a cell's end in a text of others is not. */
export function postMortemMarkdown(pm: PostMortem): string {
  const { title, incident, window, summary, service, severity } = pm
  const facts = [incident, service, severity].flatMap((fact) => (fact === undefined ? [] : [safe(fact)]))
  const when = `${minute(window.from)} to ${minute(window.to)} UTC`
  const head = [`# ${safe(title)}`, '', [...facts, when].join(', '), ...given(summary)]
  const body = [...whatHappened(pm), ...whatFollows(pm)].flatMap(([name, lines]) =>
    lines.length === 0 ? [] : ['', `## ${name}`, '', ...lines],
  )
  return `${[...head, ...body].join('\n')}\n`
}

type Part = readonly [title: string, lines: readonly string[]]

function whatHappened(pm: PostMortem): readonly Part[] {
  const impact = pm.impact.map(
    ({ label, value, unit = '', evidence }) =>
      `- ${safe(label)}: ${safe(`${value} ${unit}`.trim())}${evidence.length === 0 ? ' (as noted)' : cites(evidence)}`,
  )
  const timeline = pm.timeline.map(({ at, phase, text, source, importance, evidence }) => {
    const said = importance === 'high' ? `**${safe(text)}**` : safe(text)
    return [minute(at), phase, `${said}${cites(evidence)}`, safe(source)]
  })
  const excerpts = pm.excerpts.map(
    ({ at, source, line, text, count }) =>
      `- ${at === undefined ? '' : `${at.slice(11, 19)} UTC `}${safe(source)}${line > 0 ? `, line ${line}` : ''}: ${safe(text)}${count > 1 ? ` (${whole(count)} alike)` : ''}`,
  )
  return [
    ['Impact', [...impact, ...given(pm.customerImpact)]],
    ['Time line', table(['UTC', 'phase', 'what', 'source'], timeline)],
    ['In figures', [...pm.rates.flatMap(rateTable), ...pm.histograms.flatMap(histogramTable)]],
    ['From the logs', excerpts],
    ['Why it happened', causes(pm)],
    ['What set it off', triggers(pm)],
  ]
}

function causes(pm: PostMortem): readonly string[] {
  const { causes: whys, causesWithoutEvidence: open } = pm
  const ranked = pm.ranked.map(
    ({ id, title, probability, label, evidence }) =>
      `- ${id} ${safe(title)}: ${percent(probability)}, ${label}${cites(evidence)}`,
  )
  return [
    ...chain(pm, 0, 0),
    ...(open === 0 ? [] : ['', `${open} of ${whys.length} steps without evidence.`]),
    ...(ranked.length === 0 ? [] : ['', '### What the evidence ranks', '', ...ranked]),
  ]
}

function triggers(pm: PostMortem): readonly string[] {
  const others = pm.contributing.map(
    ({ at, name, text, evidence }) =>
      `- ${minute(at)} ${safe(name)}${text === '' ? '' : `: ${safe(text)}`}${cites(evidence)}`,
  )
  return [
    ...pm.triggers.map(({ text, evidence }) => `- ${safe(text)}${cites(evidence)}`),
    ...(others.length === 0 ? [] : ['', '### Other changes in the time before', '', ...others]),
  ]
}

function whatFollows(pm: PostMortem): readonly Part[] {
  const controls = pm.controls.map(({ name, type, outcome, why, derived }) => {
    const beside = derived === undefined ? '' : ` (By the texts alone: ${derived.outcome}. ${derived.why})`
    return [safe(name), type, outcome, safe(`${why}${beside}`)]
  })
  const remediation = pm.remediation.map(({ action, owner, due, status, closes = '' }) =>
    [action, owner, due, status, closes].map(safe),
  )
  const files = pm.pack.map(({ path, bytes, sha256, isImported }) => [
    `${safe(path)}${isImported === true ? ' (imported)' : ''}`,
    whole(bytes),
    sha256,
  ])
  return [
    ['Controls', table(['control', 'kind', 'it', 'why'], controls)],
    ['What will be done', table(['action', 'owner', 'due', 'status', 'closes'], remediation)],
    ['What went well', items(pm.wentWell)],
    ['What went badly', items(pm.wentBadly)],
    ['What was luck', items(pm.luck)],
    ['Open questions', items(pm.openQuestions)],
    ['Evidence', evidenceLists(pm)],
    ['What was looked at', table(['file', 'bytes', 'SHA-256'], files)],
    ['How it was read', items(pm.notes)],
    [
      'Wording to look at before this is sent',
      pm.lint.map(
        ({ place, text, why, suggestion }) =>
          `- ${safe(place)}: “${safe(text)}” ${safe(why)}. ${safe(suggestion)}`,
      ),
    ],
  ]
}

function evidenceLists({ evidence: all }: PostMortem): readonly string[] {
  const listOf = (wanted: readonly EvidenceEntry['standing'][]): readonly string[] =>
    all
      .filter(({ standing }) => wanted.includes(standing))
      .map(
        ({ id, source, statement, query }) =>
          `- **${id}** ${safe(statement)} (${safe(source)}) ${safe(query)}`,
      )
  const rest = listOf(['other'])
  const more = rest.length === 0 ? [] : ['', '### More that nothing above cites', '', ...rest]
  return [...listOf(['cited', 'found']), ...more]
}

const maxRows = 24

/** The whole time in a few rows: of many buckets several are added up to one. */
function rateTable({
  name,
  from,
  bucketMs,
  counts,
  onset,
  changes,
  evidence: ids,
}: RateChart): readonly string[] {
  const each = Math.ceil(counts.length / maxRows)
  const rows = counts.flatMap((_, at) => {
    if (at % each !== 0) return []
    const beganMs = Date.parse(from) + at * bucketMs
    const sum = counts.slice(at, at + each).reduce((total, count) => total + count, 0)
    return [[minute(new Date(beganMs).toISOString()), whole(sum)]]
  })
  const total = counts.reduce((sum, count) => sum + count, 0)
  const marks = [
    ...(onset === undefined ? [] : [`Onset between ${minute(onset.from)} and ${minute(onset.to)} UTC.`]),
    ...changes.map((change) => `${minute(change.at)} UTC: ${safe(change.name)}.`),
  ]
  return [
    `### ${safe(name)}: ${whole(total)} in all${cites(ids)}`,
    '',
    ...(marks.length === 0 ? [] : [marks.join(' '), '']),
    ...table(['UTC', `in ${Math.round((bucketMs * each) / 60_000)} min`], rows),
    '',
  ]
}

function histogramTable({ title, unit, bars, limits }: Histogram): readonly string[] {
  const rows = bars.map(({ upTo, count }, at) => [
    upTo,
    whole(count),
    limits
      .filter(({ afterBar, position }) => position !== undefined && afterBar === at)
      .map(({ name, value }) => safe(`${name} ${value}`))
      .join(', '),
  ])
  const beyond = limits
    .filter(({ position }) => position === undefined)
    .map(({ name, value }) => `Beyond the scale: ${safe(`${name} ${value}`)}.`)
  return [
    `### ${safe(title)}`,
    '',
    ...table(['up to', unit, 'known limit'], rows),
    '',
    ...(beyond.length === 0 ? [] : [beyond.join(' '), '']),
  ]
}

function given(text: string | undefined): readonly string[] {
  return text === undefined ? [] : ['', safe(text)]
}

function items(texts: readonly string[]): readonly string[] {
  return texts.map((text) => `- ${safe(text)}`)
}

function cites(ids: readonly string[]): string {
  return ids.length === 0 ? '' : ` (${ids.join(', ')})`
}

function chain(pm: PostMortem, from: number, depth: number): readonly string[] {
  return pm.causes.flatMap((step, at) => {
    if ((step.from ?? at) !== from) return []
    const seen = step.cites.length === 0 ? ' **(no evidence given)**' : cites(step.cites)
    return [
      `${'  '.repeat(depth)}- **${safe(step.why)}** Because ${safe(step.because)}${seen}`,
      ...chain(pm, at + 1, depth + 1),
    ]
  })
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

function minute(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)}`
}

function safe(text: string): string {
  return visible(text).replaceAll(/[\\`*_{}[\]<>()#|!~]/g, (character) => `\\${character}`)
}
