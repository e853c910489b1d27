import { timestamp } from '../../kernel/time.ts'
import type { Bundle } from '../bundle/bundle.ts'
import type { Examination } from '../model.ts'
import type { Triage } from '../triage-shape.ts'
import { type Citations, citationsOf, evidenceList } from './citations.ts'
import { controlVerdicts } from './controls.ts'
import { excerptsOf } from './excerpts.ts'
import { histogramsOf } from './histograms.ts'
import { blamelessRemarks } from './lint.ts'
import type { Cause, PostMortem, RateChart, RemediationItem, TimelineEntry } from './shape.ts'
import { timelineOf, toldOf } from './timeline.ts'

export interface PostMortemParts {
  readonly bundle: Bundle
  readonly examination: Examination
  /** With `--from-triage`. */
  readonly triage?: Triage | undefined
  readonly imported?: readonly TimelineEntry[]
  readonly pack?: PostMortem['pack']
}

/**
 * All that a post-mortem says. Pure: the same parts give the same document. Throws `OPTION_INVALID` where incident.yaml
 * cites what there is not.
 */
export function postMortemOf({
  bundle,
  examination,
  triage,
  imported = [],
  pack = [],
}: PostMortemParts): PostMortem {
  const { manifest } = bundle
  const facts = examination.bundle
  const citations = citationsOf(bundle, examination)
  const timeline = timelineOf(examination, { imported, notes: manifest.timeline, citations })
  const causes = causesOf(manifest.whys, citations)
  const { service, summary, customerImpact } = manifest
  const said = {
    ...(summary === undefined ? {} : { summary }),
    impact: manifest.impact.map(({ evidence, ...card }, at) => ({
      ...card,
      evidence: citations.idsOf(evidence, `impact[${at}]`),
    })),
    ...(customerImpact === undefined ? {} : { customerImpact }),
    timeline,
    excerpts: excerptsOf(bundle, facts.onset?.fromMs),
    causes,
    causesWithoutEvidence: causes.filter(({ cites }) => cites.length === 0).length,
    ranked: rankedOf(triage, citations),
    ...changesOf(examination, manifest.triggers),
    controls: controlVerdicts(manifest.controls, {
      timeline,
      causes: [...manifest.whys.map(({ why, because }) => `${why} ${because}`), ...manifest.triggers],
    }),
    remediation: remediationOf(manifest.remediation, triage),
    wentWell: manifest.wentWell,
    wentBadly: manifest.wentBadly,
    luck: manifest.luck,
    openQuestions: [...manifest.openQuestions, ...openOf(triage)],
    rates: ratesOf(examination),
    histograms: histogramsOf(bundle),
  }
  return {
    onceward: 'post-mortem/v1',
    incident: manifest.id,
    title: manifest.title,
    ...(service === undefined ? {} : { service }),
    ...(triage === undefined ? {} : { severity: triage.severity }),
    window: { from: timestamp(manifest.window.fromMs), to: timestamp(manifest.window.toMs) },
    ...said,
    evidence: evidenceList({ sources: bundle.sources, examination, cited: citedIn(said) }),
    pack,
    notes: facts.notes,
    lint: blamelessRemarks(manifest, {
      names: [...facts.changes, ...facts.alerts].map(({ name }) => name),
      imported,
    }),
  }
}

type Citing = Pick<
  PostMortem,
  'impact' | 'timeline' | 'causes' | 'ranked' | 'triggers' | 'contributing' | 'rates'
>

function citedIn(said: Citing): ReadonlySet<string> {
  const { impact, timeline, causes, ranked, triggers, contributing, rates } = said
  return new Set([
    ...[impact, timeline, ranked, triggers, contributing, rates].flatMap((list) =>
      list.flatMap(({ evidence }) => evidence),
    ),
    ...causes.flatMap(({ cites }) => cites),
  ])
}

function causesOf(whys: Bundle['manifest']['whys'], citations: Citations): readonly Cause[] {
  return whys.map(({ evidence, ...step }, at) => ({
    ...step,
    ...(evidence.length === 0 ? {} : { evidence: evidence.join(', ') }),
    cites: citations.idsOf(evidence, `whys[${at}]`),
  }))
}

function rankedOf(triage: Triage | undefined, { measured }: Citations): PostMortem['ranked'] {
  return (triage?.hypotheses ?? []).map(({ id, title, probability, label, supporting }) => ({
    id,
    title,
    probability,
    label,
    evidence: measured([...new Set(supporting.flatMap(({ evidence }) => evidence))]),
  }))
}

const hourMs = 3_600_000

/**
 * What is said to have set it off, with the changes that it names; else the change right before the onset, as far as times say. All
 * others contributed, or not.
 */
function changesOf(
  { bundle }: Examination,
  given: readonly string[],
): Pick<PostMortem, 'triggers' | 'contributing'> {
  const { changes, onset } = bundle
  const before = changes.filter(
    ({ atMs }) => onset !== undefined && atMs <= onset.toMs && atMs >= onset.fromMs - hourMs,
  )
  const nearest = before.toSorted((a, b) => b.atMs - a.atMs)[0]
  const said = given.map((text) => ({
    text,
    evidence: changes.filter(({ name }) => text.includes(name)).map(({ evidence }) => evidence),
  }))
  const told = new Set(said.flatMap(({ evidence }) => evidence))
  const found =
    nearest === undefined || given.length > 0
      ? []
      : [
          {
            text: `${nearest.name}, the change nearest before the onset`,
            evidence: [nearest.evidence, ...(onset === undefined ? [] : [onset.evidence])],
          },
        ]
  return {
    triggers: [...said, ...found],
    contributing: changes
      .filter((change) => (given.length > 0 ? !told.has(change.evidence) : change !== nearest))
      .map((change) => ({
        at: timestamp(change.atMs),
        name: change.name,
        text: toldOf(change),
        evidence: [change.evidence],
      })),
  }
}

/** What triage proposes stands behind what was agreed, without an owner: it is nobody's yet. */
function remediationOf(
  agreed: Bundle['manifest']['remediation'],
  triage: Triage | undefined,
): readonly RemediationItem[] {
  const own = agreed.map(({ action, owner = 'nobody yet', due = 'no date', status = 'open', closes }) => ({
    action,
    owner,
    due,
    status,
    ...(closes === undefined ? {} : { closes }),
  }))
  const proposed = (triage?.fixes ?? []).slice(0, 3).map(({ change, closes }) => ({
    action: change,
    owner: 'nobody yet',
    due: 'no date',
    status: 'proposed by triage',
    closes: closes.join(', '),
  }))
  return [...own, ...proposed]
}

function openOf(triage: Triage | undefined): readonly string[] {
  if (triage === undefined) return []
  const lacking =
    triage.missing.length === 0 ? [] : [`Sources that would decide more: ${triage.missing.join(', ')}.`]
  const abstained = triage.abstained ? ['The evidence does not decide between the causes.'] : []
  return [...abstained, ...lacking]
}

const charted: readonly string[] = ['duplicates', 'losses', 'effects', 'errors']

function ratesOf({ bundle }: Examination): readonly RateChart[] {
  const { onset, changes } = bundle
  return bundle.series
    .filter(({ name, counts }) => charted.includes(name) && counts.some((count) => count > 0))
    .map(({ name, fromMs, bucketMs, counts, evidence }) => ({
      name,
      from: timestamp(fromMs),
      bucketMs,
      counts,
      ...(onset === undefined ? {} : { onset: { from: timestamp(onset.fromMs), to: timestamp(onset.toMs) } }),
      changes: changes
        .filter(({ atMs }) => atMs >= fromMs && atMs <= fromMs + bucketMs * counts.length)
        .map((change) => ({ at: timestamp(change.atMs), name: change.name })),
      evidence: [evidence],
    }))
}
