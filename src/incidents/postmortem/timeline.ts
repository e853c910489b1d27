import { timestamp } from '../../kernel/time.ts'
import type { TimelineNote } from '../bundle/notes.ts'
import type { Examination } from '../model.ts'
import type { Citations } from './citations.ts'
import type { TimelineEntry } from './shape.ts'

const always: ReadonlySet<TimelineEntry['phase']> = new Set(['detect', 'resolve', 'onset'])

interface Noted {
  readonly imported: readonly TimelineEntry[]
  readonly notes: readonly TimelineNote[]
  readonly citations: Citations
}

/** What people noted, what tools told, and what the data shows, in the order of time. */
export function timelineOf(
  { bundle, evidence: all }: Examination,
  { imported, notes, citations }: Noted,
): readonly TimelineEntry[] {
  const noted = notes.map(
    ({ atMs, phase, text, source = 'notes', importance }): TimelineEntry => ({
      at: timestamp(atMs),
      phase,
      text,
      source,
      importance: importance ?? (always.has(phase) ? 'high' : 'normal'),
      evidence: citations.sourceId(source),
    }),
  )
  const changes = bundle.changes.map((change): TimelineEntry => {
    const { atMs, name, kind, evidence } = change
    const told = toldOf(change)
    const named = kind === 'other' ? name : `${name} (${kind})`
    return {
      at: timestamp(atMs),
      phase: 'change',
      text: told === '' ? named : `${named}: ${told}`,
      source: 'changes',
      importance: 'normal',
      evidence: [evidence],
    }
  })
  const statements = new Map(all.map(({ id, statement }) => [id, statement]))
  const alerts = bundle.alerts.map(
    ({ atMs, name, evidence }): TimelineEntry => ({
      at: timestamp(atMs),
      phase: 'alert',
      text: alertText(name, statements.get(evidence)),
      source: 'alerts',
      importance: 'high',
      evidence: [evidence],
    }),
  )
  const onset = bundle.onset
  const begun: TimelineEntry[] =
    onset === undefined
      ? []
      : [
          {
            at: timestamp(onset.fromMs),
            phase: 'onset',
            text: `By the data it begins between here and ${timestamp(onset.toMs).slice(11, 16)} UTC.`,
            source: 'data',
            importance: 'high',
            evidence: [onset.evidence],
          },
        ]
  return [...noted, ...changes, ...alerts, ...begun, ...imported].toSorted((a, b) =>
    a.at === b.at ? 0 : a.at < b.at ? -1 : 1,
  )
}

/** What an alert's row says beside its name, from its evidence: a time, and then the text. */
function alertText(name: string, statement = ''): string {
  const told = statement.replace(/^\S+: /, '')
  const rest = told.startsWith(name) ? told.slice(name.length).trim() : told
  return rest === '' ? name : `${name}: ${rest}`
}

/** What a change's text tells beside its name and its kind, which stand before it. */
export function toldOf({ name, kind, text }: Examination['bundle']['changes'][number]): string {
  const rest = text.startsWith(name) ? text.slice(name.length).trimStart() : text
  return rest.toLowerCase().startsWith(`${kind} `) || rest.toLowerCase() === kind
    ? rest.slice(kind.length).trimStart()
    : rest
}
