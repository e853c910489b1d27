import type { BundleFacts } from '../model.ts'
import { decimal, listed, seriesWords, span, tellsOfHarm, when, whole } from '../words.ts'
import { type Baseline, firesAtMs, type ThresholdRules, thresholdRules } from './baseline.ts'
import type { ChosenFix } from './remedies.ts'

/** A sentence and the evidence that it rests on. */
export interface Said {
  readonly text: string
  readonly evidence: readonly string[]
}

export interface Verification {
  readonly signal: string
  readonly threshold: string
  readonly within: string
  readonly evidence: readonly string[]
}

export function verifications(
  bundle: BundleFacts,
  found: readonly Baseline[],
  rules: ThresholdRules = thresholdRules,
): readonly Verification[] {
  return found.map((baseline) => {
    const { series, before, after } = baseline
    const { most, windowMs } = rules.verify(baseline)
    const perHour = (rate: number): string => decimal((rate * 3_600_000) / series.bucketMs)
    return {
      signal: series.name,
      threshold: `at most ${whole(most)} (before the onset ${perHour(before)} an hour, after it ${perHour(after)})`,
      within: span(windowMs),
      evidence: [series.evidence, ...(bundle.onset === undefined ? [] : [bundle.onset.evidence])],
    }
  })
}

export interface ReplayedAlert extends Said {
  readonly series: string
  readonly atMs: number
}

/** Which alert would have fired when, replayed on the counts of the bundle; the earliest first. */
export function replayAlerts(
  found: readonly Baseline[],
  rules: ThresholdRules = thresholdRules,
): readonly ReplayedAlert[] {
  return found
    .flatMap((baseline): readonly ReplayedAlert[] => {
      const threshold = rules.alert(baseline)
      const atMs = firesAtMs(baseline, threshold)
      if (atMs === undefined) return []
      const { name, evidence } = baseline.series
      const text = `An alert on ${whole(threshold.most + 1)} ${seriesWords(name)} or more in ${span(threshold.windowMs)} would have fired at ${when(atMs)}.`
      return [{ series: name, atMs, text, evidence: [evidence] }]
    })
    .toSorted((a, b) => a.atMs - b.atMs)
}

/**
 * When people or their alerts first noticed: the first alert, or the first entry of the time line that detects. Where some
 * tell of the harm itself, those count: a time line often begins with what nobody saw at its time.
 */
function noticed({
  timeline,
  alerts,
  window,
}: BundleFacts): { readonly atMs: number; readonly evidence: string } | undefined {
  const notices = [
    ...timeline.filter(({ phase }) => phase === 'detect'),
    ...alerts.map((alert) => ({ ...alert, text: alert.name })),
  ]
    .filter(({ atMs }) => atMs >= window.fromMs)
    .toSorted((a, b) => a.atMs - b.atMs)
  return notices.find(({ text }) => tellsOfHarm.test(text)) ?? notices[0]
}

export function detectionGap(bundle: BundleFacts, alerts: readonly ReplayedAlert[]): readonly Said[] {
  const { onset } = bundle
  const first = noticed(bundle)
  const said: Said[] = []
  if (onset !== undefined && first !== undefined && first.atMs >= onset.fromMs)
    said.push({
      text: `From the onset to the first notice ${span(first.atMs - onset.fromMs)} went by (${when(onset.fromMs)} to ${when(first.atMs)}).`,
      evidence: [onset.evidence, first.evidence],
    })
  const alert = alerts[0]
  if (alert !== undefined) said.push(gained(alert, first))
  if (said.length > 0) return said
  return [
    { text: 'Neither an onset nor a notice is in the bundle, so that no gap can be told.', evidence: [] },
  ]
}

function gained(alert: ReplayedAlert, first: ReturnType<typeof noticed>): Said {
  if (first === undefined || first.atMs <= alert.atMs) return alert
  return {
    text: `${alert.text.slice(0, -1)}, ${span(first.atMs - alert.atMs)} before the first notice.`,
    evidence: [...alert.evidence, first.evidence],
  }
}

export function hardening(fixes: readonly ChosenFix[]): readonly string[] {
  return [...new Set(fixes.slice(0, 4).map(({ fix }) => fix.hardening))]
}

const nearMs = 7 * 86_400_000

interface Timed extends Said {
  readonly atMs: number
}

/**
 * What happened when, told of systems and never of people: texts that people wrote are not repeated here, since they
 * may name somebody.
 */
export function timelineNote(bundle: BundleFacts): readonly Said[] {
  const { onset, changes, timeline, window } = bundle
  const until = onset?.toMs ?? window.toMs
  const before = changes.filter(({ atMs }) => atMs <= until && atMs >= until - nearMs).slice(-4)
  const notes = before.map(
    (change): Timed => ({
      atMs: change.atMs,
      text: `At ${when(change.atMs)} the change ${change.name} was in place.`,
      evidence: [change.evidence],
    }),
  )
  if (onset !== undefined)
    notes.push({
      atMs: onset.fromMs,
      text: `Between ${when(onset.fromMs)} and ${when(onset.toMs)} it began to show.`,
      evidence: [onset.evidence],
    })
  const words = {
    detect: 'it was noticed',
    escalate: 'help was called',
    mitigate: 'a mitigation was in place',
    resolve: 'it was over',
  }
  for (const [phase, text] of Object.entries(words)) {
    const entry = phase === 'detect' ? noticed(bundle) : timeline.find((each) => each.phase === phase)
    if (entry !== undefined)
      notes.push({
        atMs: entry.atMs,
        text: `At ${when(entry.atMs)} ${text}.`,
        evidence: [entry.evidence],
      })
  }
  return notes.length > 0
    ? notes.toSorted((a, b) => a.atMs - b.atMs)
    : [{ text: 'The bundle has no time line, change or onset to tell of.', evidence: [] }]
}

export function together(said: readonly Said[]): Said {
  return {
    text: said.map(({ text }) => text).join(' '),
    evidence: [...new Set(said.flatMap(({ evidence }) => evidence))],
  }
}

/** What the bundle is, as evidence of itself. */
export function windowText({ id, window, sources }: BundleFacts): string {
  const kinds = [...new Set(sources.map(({ kind }) => kind))]
  return `Bundle ${id} covers ${when(window.fromMs)} to ${when(window.toMs)} with ${kinds.length === 0 ? 'no sources' : listed(kinds)}.`
}
