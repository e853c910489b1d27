import { escaped } from '../report/escaped.ts'
import { htmlPage } from '../report/page.ts'
import { percent, whole } from '../words.ts'
import { histogramChart, rateChart } from './charts.ts'
import type { Cause, ControlVerdict, EvidenceEntry, Mark, PostMortem, TimelineEntry } from './shape.ts'
import { postMortemStyles } from './styles.ts'

/** The page of the archive. Its filters are check boxes and a style sheet. */
export function postMortemHtml(pm: PostMortem): string {
  const sections = [
    head(pm),
    impact(pm),
    timeline(pm),
    charts(pm),
    excerpts(pm),
    causes(pm),
    triggers(pm),
    controls(pm),
    remediation(pm),
    lessons(pm),
    evidence(pm),
    lint(pm),
  ].filter((part) => part !== '')
  return htmlPage(`Post-mortem: ${pm.title}`, sections, `${postMortemStyles}${filterStyles(pm)}`)
}

function cites(ids: readonly string[]): string {
  const links = ids.map((id) => `<a href="#${encodeURIComponent(id)}">${escaped(id)}</a>`).join(' ')
  return links === '' ? '' : ` <small class="cites">[${links}]</small>`
}

function minute(at: string): string {
  return `<time datetime="${escaped(at)}">${escaped(`${at.slice(0, 10)} ${at.slice(11, 16)}`)}</time>`
}

function head({ title, incident, service, severity, window, summary }: PostMortem): string {
  const facts = [
    incident,
    ...(service === undefined ? [] : [service]),
    ...(severity === undefined ? [] : [severity]),
    `${window.from.slice(0, 16).replace('T', ' ')} to ${window.to.slice(0, 16).replace('T', ' ')} UTC`,
  ]
  return `<header><h1>${escaped(title)}</h1><p class="facts">${facts.map((fact) => `<span>${escaped(fact)}</span>`).join(' ')}</p>${summary === undefined ? '' : `<p class="lead">${escaped(summary)}</p>`}</header>`
}

function impact({ impact: cards, customerImpact }: PostMortem): string {
  if (cards.length === 0 && customerImpact === undefined) return ''
  const shown = cards.map(
    ({ label, value, unit, evidence: ids }) =>
      `<div class="card"><dt>${escaped(label)}</dt><dd>${escaped(value)}${unit === undefined ? '' : ` <small>${escaped(unit)}</small>`}${ids.length === 0 ? ' <small class="cites">as noted</small>' : cites(ids)}</dd></div>`,
  )
  const list = shown.length === 0 ? '' : `<dl class="cards">${shown.join('')}</dl>`
  const said =
    customerImpact === undefined ? '' : `<h3>What customers saw</h3><p>${escaped(customerImpact)}</p>`
  return section('impact', 'Impact', `${list}${said}`)
}

function section(id: string, title: string, body: string): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}">${escaped(title)}</h2>${body}</section>`
}

const marks: Readonly<Record<Mark, string>> = {
  onset: 'onset',
  change: 'change',
  alert: 'alert',
  detect: 'detect',
  escalate: 'escalate',
  mitigate: 'mitigate',
  resolve: 'resolve',
}

function phasesOf({ timeline: entries }: PostMortem): readonly Mark[] {
  return (Object.keys(marks) as Mark[]).filter((mark) => entries.some(({ phase }) => phase === mark))
}

function sourcesOf({ timeline: entries }: PostMortem): readonly string[] {
  return [...new Set(entries.map(({ source }) => source))].toSorted()
}

/** A box that is not checked hides its rows. */
function filterStyles(pm: PostMortem): string {
  const hide = (box: string, rows: string): string => `main:has(#${box}:not(:checked)) .${rows}{display:none}`
  return [
    ...phasesOf(pm).map((phase) => hide(`f-${phase}`, `p-${phase}`)),
    ...sourcesOf(pm).map((_, at) => hide(`f-s${at}`, `s-${at}`)),
    'main:has(#f-high:checked) .normal{display:none}',
  ].join('\n')
}

function timeline(pm: PostMortem): string {
  const { timeline: entries } = pm
  if (entries.length === 0) return ''
  const sources = sourcesOf(pm)
  const box = (id: string, text: string, isOn: boolean): string =>
    `<label><input type="checkbox" id="${id}"${isOn ? ' checked' : ''}> ${escaped(text)}</label>`
  const filters = [
    `<fieldset><legend>Phases</legend>${phasesOf(pm)
      .map((phase) => box(`f-${phase}`, marks[phase], true))
      .join(' ')}</fieldset>`,
    sources.length < 2
      ? ''
      : `<fieldset><legend>Sources</legend>${sources.map((source, at) => box(`f-s${at}`, source, true)).join(' ')}</fieldset>`,
    `<fieldset><legend>Importance</legend>${box('f-high', 'only what is important', false)}</fieldset>`,
  ]
  const row = ({ at, phase, text, source, importance, evidence: ids }: TimelineEntry): string =>
    `<tr class="p-${phase} s-${sources.indexOf(source)} ${importance}"><th scope="row">${minute(at)}</th><td><span class="phase phase-${phase}">${marks[phase]}</span></td><td>${importance === 'high' ? '<strong>' : ''}${escaped(text)}${importance === 'high' ? '</strong>' : ''}${cites(ids)}</td><td>${escaped(source)}</td></tr>`
  return section(
    'timeline',
    'Time line',
    `<form class="filters">${filters.join('')}</form><div class="wide" tabindex="0" role="region" aria-label="Time line, in UTC"><table class="timeline"><thead><tr><th scope="col">UTC</th><th scope="col">phase</th><th scope="col">what</th><th scope="col">source</th></tr></thead><tbody>${entries.map(row).join('')}</tbody></table></div>`,
  )
}

function charts({ rates, histograms }: PostMortem): string {
  if (rates.length + histograms.length === 0) return ''
  const drawn = [
    ...rates.map((rate) => `${rateChart(rate)}<p class="source">Measured${cites(rate.evidence)}</p>`),
    ...histograms.map(histogramChart),
  ]
  return section('figures', 'In figures', drawn.join(''))
}

function excerpts({ excerpts: lines }: PostMortem): string {
  if (lines.length === 0) return ''
  const shown = lines.map(
    ({ at, source, line, text, count }) =>
      `<li><code>${escaped(text)}</code> <small>${escaped(`${count > 1 ? `${whole(count)} alike, this one: ` : ''}${source}${line > 0 ? `, line ${line}` : ''}${at === undefined ? '' : `, ${at.slice(11, 19)} UTC`}`)}</small></li>`,
  )
  return section('excerpts', 'From the logs', `<ul class="excerpts">${shown.join('')}</ul>`)
}

function causes({ causes: whys, causesWithoutEvidence: open, ranked }: PostMortem): string {
  if (whys.length === 0 && ranked.length === 0) return ''
  const counted =
    open === 0
      ? ''
      : `<p class="lacking">${open} of ${whys.length} ${whys.length === 1 ? 'step' : 'steps'} ${open === 1 ? 'has' : 'have'} no evidence.</p>`
  const chain = whys.length === 0 ? '' : `${branch(whys, 0)}${counted}`
  const list = ranked.map(
    ({ id, title, probability, label, evidence: ids }) =>
      `<li><strong>${escaped(`${id} ${title}`)}</strong> ${escaped(`${percent(probability)}, ${label}`)}${cites(ids)}</li>`,
  )
  const triage = list.length === 0 ? '' : `<h3>What the evidence ranks</h3><ol>${list.join('')}</ol>`
  return section('causes', 'Why it happened', `${chain}${triage}`)
}

/** The steps that come from step `from` (0: the first), each with what comes from it. */
function branch(whys: readonly Cause[], from: number): string {
  const steps = whys.flatMap((why, at) => ((why.from ?? at) === from ? [{ why, number: at + 1 }] : []))
  if (steps.length === 0) return ''
  const shown = steps.map(({ why, number }) => {
    const seen = why.cites.length === 0 ? ' <span class="lacking">no evidence given</span>' : cites(why.cites)
    return `<li><p class="why">${escaped(why.why)}</p><p>Because ${escaped(why.because)}${seen}</p>${branch(whys, number)}</li>`
  })
  return `<ul class="whys">${shown.join('')}</ul>`
}

function triggers({ triggers: found, contributing }: PostMortem): string {
  if (found.length + contributing.length === 0) return ''
  const set = found.map(({ text, evidence: ids }) => `<li>${escaped(text)}${cites(ids)}</li>`)
  const changes = contributing.map(
    ({ at, name, text, evidence: ids }) =>
      `<li>${minute(at)} <strong>${escaped(name)}</strong>${text === '' ? '' : `: ${escaped(text)}`}${cites(ids)}</li>`,
  )
  return section(
    'triggers',
    'What set it off',
    `${set.length === 0 ? '' : `<ul>${set.join('')}</ul>`}${changes.length === 0 ? '' : `<h3>Other changes in the time before</h3><ul>${changes.join('')}</ul>`}`,
  )
}

function controls({ controls: all }: PostMortem): string {
  if (all.length === 0) return ''
  const row = ({ name, type, outcome, why, derived }: ControlVerdict): string =>
    `<tr><th scope="row">${escaped(name)}</th><td class="short" data-label="kind">${type}</td><td data-label="it"><span class="outcome outcome-${outcome.replace(' ', '-')}">${outcome}</span></td><td data-label="why">${escaped(why)}${derived === undefined ? '' : `<br><small>By the texts alone: ${derived.outcome}. ${escaped(derived.why)}</small>`}</td></tr>`
  return section(
    'controls',
    'Controls',
    `<div class="wide" tabindex="0" role="region" aria-label="Controls, what they did"><table><thead><tr><th scope="col">control</th><th scope="col">kind</th><th scope="col">it</th><th scope="col">why</th></tr></thead><tbody>${all.map(row).join('')}</tbody></table></div>`,
  )
}

function remediation({ remediation: items }: PostMortem): string {
  if (items.length === 0) return ''
  const rows = items.map(
    ({ action, owner, due, status, closes }) =>
      `<tr><th scope="row">${escaped(action)}</th><td class="some" data-label="owner">${escaped(owner)}</td><td class="short" data-label="due">${escaped(due)}</td><td class="some" data-label="status">${escaped(status)}</td><td data-label="closes">${escaped(closes ?? '')}</td></tr>`,
  )
  return section(
    'remediation',
    'What will be done',
    `<div class="wide" tabindex="0" role="region" aria-label="Remediation"><table><thead><tr><th scope="col">action</th><th scope="col">owner</th><th scope="col">due</th><th scope="col">status</th><th scope="col">closes</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`,
  )
}

function lessons(pm: PostMortem): string {
  const parts = (
    [
      ['What went well', pm.wentWell],
      ['What went badly', pm.wentBadly],
      ['What was luck', pm.luck],
      ['Open questions', pm.openQuestions],
    ] as const
  ).flatMap(([title, items]) =>
    items.length === 0
      ? []
      : [`<h3>${title}</h3><ul>${items.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`],
  )
  return parts.length === 0 ? '' : section('lessons', 'Lessons', parts.join(''))
}

function evidence({ evidence: items, pack, notes }: PostMortem): string {
  const shown = (wanted: readonly EvidenceEntry['standing'][]): readonly string[] =>
    items
      .filter(({ standing }) => wanted.includes(standing))
      .map(
        ({ id, source, statement, query }) =>
          `<dt id="${escaped(id)}">${escaped(id)} <small>${escaped(source)}</small></dt><dd>${escaped(statement)}<br><code>${escaped(query)}</code></dd>`,
      )
  const [open, folded] = [shown(['cited', 'found']), shown(['other'])]
  const rest =
    folded.length === 0
      ? ''
      : `<details><summary>${folded.length} more that nothing above cites, what was looked for and not found among them</summary><dl>${folded.join('')}</dl></details>`
  const files = pack.map(
    ({ path, bytes, sha256, isImported }) =>
      `<tr><th scope="row">${escaped(path)}${isImported === true ? ' <small>imported</small>' : ''}</th><td class="short" data-label="bytes">${whole(bytes)}</td><td><code>${escaped(sha256)}</code></td></tr>`,
  )
  const table =
    files.length === 0
      ? ''
      : `<h3>What was looked at</h3><div class="wide" tabindex="0" role="region" aria-label="Files that were looked at"><table><thead><tr><th scope="col">file</th><th scope="col">bytes</th><th scope="col">SHA-256</th></tr></thead><tbody>${files.join('')}</tbody></table></div>`
  const read =
    notes.length === 0
      ? ''
      : `<h3>How it was read</h3><ul>${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>`
  return section('evidence', 'Evidence', `<dl>${open.join('')}</dl>${rest}${table}${read}`)
}

function lint({ lint: remarks }: PostMortem): string {
  if (remarks.length === 0) return ''
  const items = remarks.map(
    ({ place, text, why, suggestion }) =>
      `<li><code>${escaped(place)}</code> “${escaped(text)}” ${escaped(why)}. ${escaped(suggestion)}</li>`,
  )
  return section('wording', 'Wording to look at before this is sent', `<ul>${items.join('')}</ul>`)
}
