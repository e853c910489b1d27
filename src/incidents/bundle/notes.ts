import { optionInvalid } from '../../kernel/errors.ts'
import { type Phase, phases } from '../model.ts'
import { dateOf, fieldsOf, list, type Members, nearestOf, textOf, texts, timeOf } from './checked.ts'

/* What people note in incident.yaml, beside what the sources show. */

export const importances = ['high', 'normal'] as const
export type Importance = (typeof importances)[number]

export interface TimelineNote {
  readonly atMs: number
  readonly phase: Phase
  readonly text: string
  readonly source?: string
  readonly importance?: Importance
}

export interface ImpactNote {
  readonly label: string
  readonly value: string
  readonly unit?: string
  /** As `WhyNote.evidence`. */
  readonly evidence: readonly string[]
}

/** One step of the causal chain. Without `from` it goes on from the step before. */
export interface WhyNote {
  readonly why: string
  readonly because: string
  /** Names of what it is seen by: sources, signals or ids of evidence. Whether they exist is known once the bundle is examined. */
  readonly evidence: readonly string[]
  /** The number of the step that it branches from, from 1. */
  readonly from?: number
}

const controlTypes = ['preventive', 'detective', 'containment'] as const
const outcomes = ['worked', 'failed', 'missed'] as const

export interface ControlNote {
  readonly name: string
  readonly type: (typeof controlTypes)[number]
  /** Never without `why`. */
  readonly outcome?: (typeof outcomes)[number]
  readonly why?: string
}

const statuses = ['proposed', 'open', 'in progress', 'done', 'verified', 'dropped'] as const

export interface RemediationNote {
  readonly action: string
  readonly owner?: string
  /** `2026-06-12`. */
  readonly due?: string
  readonly status?: (typeof statuses)[number]
  readonly closes?: string
}

export interface Notes {
  readonly timeline: readonly TimelineNote[]
  readonly impact: readonly ImpactNote[]
  readonly controls: readonly ControlNote[]
  readonly whys: readonly WhyNote[]
  readonly remediation: readonly RemediationNote[]
  readonly openQuestions: readonly string[]
  /** What set it off, apart from what made it possible. */
  readonly triggers: readonly string[]
  readonly wentWell: readonly string[]
  readonly wentBadly: readonly string[]
  readonly luck: readonly string[]
}

export const noteFields = [
  'timeline',
  'impact',
  'controls',
  'whys',
  'remediation',
  'openQuestions',
  'triggers',
  'wentWell',
  'wentBadly',
  'luck',
] as const

const maxNotes = 5000
const maxCited = 20

export function notesOf(given: Members): Notes {
  const each = <T>(field: string, read: (raw: unknown, name: string) => T): T[] =>
    list(given[field], field, maxNotes).map((raw, at) => read(raw, `${field}[${at}]`))
  return {
    timeline: each('timeline', timelineNote),
    impact: each('impact', impactNote),
    controls: each('controls', controlNote),
    whys: list(given['whys'], 'whys', maxNotes).map(whyNote),
    remediation: each('remediation', remediationNote),
    openQuestions: each('openQuestions', textOf),
    triggers: each('triggers', textOf),
    wentWell: each('wentWell', textOf),
    wentBadly: each('wentBadly', textOf),
    luck: each('luck', textOf),
  }
}

function timelineNote(raw: unknown, name: string): TimelineNote {
  const given = fieldsOf(raw, name, ['at', 'phase', 'text', 'source', 'importance'])
  return {
    atMs: timeOf(given['at'], `${name}.at`),
    phase: nearestOf(given['phase'], phases, `${name}.phase`),
    text: textOf(given['text'], `${name}.text`),
    ...texts(given, ['source'], `${name}.`),
    ...word(given, name, { importance: importances }),
  }
}

function impactNote(raw: unknown, name: string): ImpactNote {
  const given = fieldsOf(raw, name, ['label', 'value', 'unit', 'evidence'])
  return {
    label: textOf(given['label'], `${name}.label`),
    value: textOf(given['value'], `${name}.value`),
    ...texts(given, ['unit'], `${name}.`),
    evidence: cited(given, name),
  }
}

function controlNote(raw: unknown, name: string): ControlNote {
  const given = fieldsOf(raw, name, ['name', 'type', 'outcome', 'why'])
  const note = {
    name: textOf(given['name'], `${name}.name`),
    type: nearestOf(given['type'], controlTypes, `${name}.type`),
    ...word(given, name, { outcome: outcomes }),
    ...texts(given, ['why'], `${name}.`),
  }
  // What is stated stands above what the time line says: nobody could tell later what it rests on.
  if (note.outcome !== undefined && note.why === undefined)
    throw optionInvalid(`${name}.why`, `the reason for the outcome "${note.outcome}"`, given['why'])
  return note
}

function whyNote(raw: unknown, at: number): WhyNote {
  const name = `whys[${at}]`
  const given = fieldsOf(raw, name, ['why', 'because', 'evidence', 'from'])
  const { from } = given
  if (from !== undefined && !(Number.isInteger(from) && Number(from) >= 1 && Number(from) <= at))
    throw optionInvalid(`${name}.from`, 'the number of an earlier step, from 1', from)
  return {
    why: textOf(given['why'], `${name}.why`),
    because: textOf(given['because'], `${name}.because`),
    evidence: cited(given, name),
    ...(from === undefined ? {} : { from: Number(from) }),
  }
}

function remediationNote(raw: unknown, name: string): RemediationNote {
  const given = fieldsOf(raw, name, ['action', 'owner', 'due', 'status', 'closes'])
  const { due } = given
  return {
    action: textOf(given['action'], `${name}.action`),
    ...texts(given, ['owner', 'closes'], `${name}.`),
    ...(due === undefined || due === null ? {} : { due: dateOf(due, `${name}.due`) }),
    ...word(given, name, { status: statuses }),
  }
}

/** An optional field that is one of a list of words. */
function word<K extends string, T extends string>(
  given: Members,
  name: string,
  allowed: Readonly<Record<K, readonly T[]>>,
): { [field in K]?: T } {
  const found = (Object.keys(allowed) as K[]).flatMap((field) => {
    const value = given[field]
    return value === undefined || value === null
      ? []
      : [[field, nearestOf(value, allowed[field], `${name}.${field}`)] as const]
  })
  return Object.fromEntries(found) as { [field in K]?: T }
}

/** One name or a list of them. */
function cited({ evidence }: Members, name: string): readonly string[] {
  const given = Array.isArray(evidence) || evidence === undefined || evidence === null ? evidence : [evidence]
  return list(given, `${name}.evidence`, maxCited).map((one) => textOf(one, `${name}.evidence`))
}
