import { visible } from '../report/visible.ts'
import { percent, whole } from '../words.ts'
import type { PostMortem } from './shape.ts'

/** The same as Markdown. What would be a link, a tag or a cell's end in a text of others is not. */
export function postMortemMarkdown(pm: PostMortem): string {
  const { title, incident, window, summary } = pm
  const when = `${minute(window.from)} to ${minute(window.to)} UTC`
  const head = [`# ${safe(title)}`, '', `${safe(incident)}, ${when}`, ...given(summary)]
  const body = [...whatHappened(pm), ...whatFollows(pm)].flatMap(([name, lines]) =>
    lines.length === 0 ? [] : ['', `## ${name}`, '', ...lines],
  )
  return `${[...head, ...body].join('\n')}\n`
}

type Part = readonly [title: string, lines: readonly string[]]

function whatHappened(pm: PostMortem): readonly Part[] {
  const impact = pm.impact.map(
    ({ label, value, unit = '' }) => `- ${safe(label)}: ${safe(`${value} ${unit}`.trim())}`,
  )
  const timeline = pm.timeline.map(({ at, phase, text, source, importance }) => {
    const said = importance === 'high' ? `**${safe(text)}**` : safe(text)
    return [minute(at), phase, said, safe(source)]
  })
  const ranked = pm.ranked.map(
    ({ id, title, probability, label }) => `- ${id} ${safe(title)}: ${percent(probability)}, ${label}`,
  )
  const others = pm.contributing.map(({ at, name }) => `- ${minute(at)} ${safe(name)} (another change)`)
  return [
    ['Impact', [...impact, ...given(pm.customerImpact)]],
    ['Time line', table(['UTC', 'phase', 'what', 'source'], timeline)],
    ['Why it happened', [...chain(pm, 0, 0), ...ranked]],
    ['What set it off', [...pm.triggers.map(({ text }) => `- ${safe(text)}`), ...others]],
  ]
}

function whatFollows(pm: PostMortem): readonly Part[] {
  const controls = pm.controls.map(({ name, type, outcome, why }) => [safe(name), type, outcome, safe(why)])
  const remediation = pm.remediation.map(({ action, owner, due, status, closes = '' }) =>
    [action, owner, due, status, closes].map(safe),
  )
  const evidence = pm.evidence.map(
    ({ id, source, statement }) => `- **${id}** ${safe(statement)} (${safe(source)})`,
  )
  const files = pm.pack.map(({ path, bytes, sha256 }) => [safe(path), whole(bytes), sha256])
  return [
    ['Controls', table(['control', 'kind', 'it', 'why'], controls)],
    ['What will be done', table(['action', 'owner', 'due', 'status', 'closes'], remediation)],
    ['What went well', items(pm.wentWell)],
    ['What went badly', items(pm.wentBadly)],
    ['What was luck', items(pm.luck)],
    ['Open questions', items(pm.openQuestions)],
    ['Evidence', evidence],
    ['What was looked at', table(['file', 'bytes', 'SHA-256'], files)],
  ]
}

function given(text: string | undefined): readonly string[] {
  return text === undefined ? [] : ['', safe(text)]
}

function items(texts: readonly string[]): readonly string[] {
  return texts.map((text) => `- ${safe(text)}`)
}

function chain(pm: PostMortem, from: number, depth: number): readonly string[] {
  return pm.causes.flatMap((why, at) =>
    (why.from ?? at) === from
      ? [
          `${'  '.repeat(depth)}- **${safe(why.why)}** Because ${safe(why.because)}`,
          ...chain(pm, at + 1, depth + 1),
        ]
      : [],
  )
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
