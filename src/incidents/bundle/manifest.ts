import { LineCounter, parseDocument } from 'yaml'
import { label, members, oneOf } from '../../kernel/check.ts'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { nearest } from '../../reconcile/sources/nearest.ts'
import { parseInstant } from '../../reconcile/values/instant.ts'
import { type Phase, phases, type SourceKind, sourceKinds, type TimeSpan } from '../model.ts'

export const bundleVersion = 'incident/v1'

export const sourceFormats = ['jsonl', 'csv', 'parquet', 'text'] as const
export type SourceFormat = (typeof sourceFormats)[number]

/** Our fields; `map` gives each its column. */
export const fieldNames = [
  'at',
  'ref',
  'key',
  'effect',
  'payload',
  'worker',
  'host',
  'version',
  'status',
  'level',
  'message',
  'durationMs',
  'bytes',
  'attempt',
  'segment',
  'run',
  'endpoint',
  'event',
  'kind',
  'name',
  'value',
  'session',
] as const
export type FieldName = (typeof fieldNames)[number]

export interface SourceSpec {
  readonly id: string
  readonly kind: SourceKind
  /** A file or a glob inside the bundle; a folder where it holds code or configuration. */
  readonly path: string
  readonly format?: SourceFormat
  readonly map: Readonly<Partial<Record<FieldName, string>>>
  readonly covers?: TimeSpan
  /** The zone of times that carry none: `Europe/Berlin`, `+02:00`. */
  readonly zone?: string
  /** What was searched for, where the file holds what a search found: it shows no absence. */
  readonly search?: string
}

export type KnownConstants = Readonly<Record<string, number | readonly number[]>>

export const importances = ['high', 'normal'] as const
export type Importance = (typeof importances)[number]

export interface TimelineNote {
  readonly atMs: number
  readonly phase: Phase
  readonly text: string
  readonly source?: string
  readonly importance?: Importance
}

/** One step of the causal chain. Without `from` it goes on from the step before. */
export interface WhyNote {
  readonly why: string
  readonly because: string
  readonly evidence?: string
  /** The number of the step that it branches from, from 1. */
  readonly from?: number
}

export interface ControlNote {
  readonly name: string
  readonly type: 'preventive' | 'detective' | 'containment'
  readonly outcome?: 'worked' | 'failed' | 'missed'
  readonly why?: string
}

export interface Manifest {
  readonly id: string
  readonly title: string
  readonly service?: string
  readonly summary?: string
  readonly window: TimeSpan
  readonly sources: readonly SourceSpec[]
  /** Files of text or Markdown that people wrote, inside the bundle. */
  readonly documents: readonly string[]
  readonly known: KnownConstants
  readonly timeline: readonly TimelineNote[]
  readonly impact: readonly { readonly label: string; readonly value: string; readonly unit?: string }[]
  readonly controls: readonly ControlNote[]
  readonly whys: readonly WhyNote[]
  readonly remediation: readonly {
    readonly action: string
    readonly owner?: string
    readonly due?: string
    readonly status?: string
    readonly closes?: string
  }[]
  readonly customerImpact?: string
  readonly openQuestions: readonly string[]
  /** What set it off, apart from what made it possible. */
  readonly triggers: readonly string[]
  readonly wentWell: readonly string[]
  readonly wentBadly: readonly string[]
  readonly luck: readonly string[]
}

const maxTextBytes = 16_384
const maxSources = 200
const maxDocuments = 200
const maxNotes = 5000

type Members = Readonly<Record<string, unknown>>

/**
 * Reads an `incident.yaml` (interfaces: incident bundle). Throws `OPTION_INVALID`, naming the field by its path, the value
 * and what was expected; for text that is no YAML, with line and column.
 */
export function readManifest(text: string): Manifest {
  const given = yamlOf(text)
  const version = given['onceward']
  if (version !== bundleVersion) throw optionInvalid('onceward', bundleVersion, version)
  only(given, manifestFields, 'incident.yaml')
  const window = spanOf(given['window'], 'window')
  const sources = list(given['sources'], 'sources', maxSources).map(sourceOf)
  const ids = sources.map(({ id }) => id)
  const twice = ids.find((id, at) => ids.indexOf(id) !== at)
  if (twice !== undefined) throw optionInvalid('sources[].id', 'an id of its own for each source', twice)
  return {
    id: label(given['id'], 'id', 200),
    title: label(given['title'], 'title', 1000),
    ...texts(given, ['service', 'summary', 'customerImpact'], ''),
    window,
    sources,
    documents: list(given['documents'], 'documents', maxDocuments).map((path, at) =>
      label(path, `documents[${at}]`, 4096),
    ),
    known: knownOf(given['known']),
    timeline: list(given['timeline'], 'timeline', maxNotes).map(timelineOf),
    ...notesOf(given),
    ...sentencesOf(given),
  }
}

const manifestFields = [
  'onceward',
  'id',
  'title',
  'service',
  'summary',
  'window',
  'sources',
  'documents',
  'known',
  'timeline',
  'impact',
  'controls',
  'whys',
  'remediation',
  'customerImpact',
  'openQuestions',
  'triggers',
  'wentWell',
  'wentBadly',
  'luck',
]

function yamlOf(text: string): Members {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0])
    const message = `incident.yaml is no YAML: ${error.message} (line ${line}, column ${col}).`
    throw new OncewardError('OPTION_INVALID', message)
  }
  // A bundle has no need of aliases; a few are allowed, a bomb is not.
  return members(aliasesBounded(document), 'incident.yaml') as Members
}

function aliasesBounded(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch {
    throw new OncewardError('OPTION_INVALID', 'incident.yaml repeats more by aliases than is allowed (100).')
  }
}

function sourceOf(raw: unknown, at: number): SourceSpec {
  const name = `sources[${at}]`
  const given = members(raw, name) as Members
  only(given, ['id', 'kind', 'path', 'format', 'map', 'covers', 'zone', 'search'], name)
  const map: Partial<Record<FieldName, string>> = {}
  const mapped = members(given['map'] ?? {}, `${name}.map`) as Members
  only(mapped, fieldNames, `${name}.map`)
  for (const [field, column] of Object.entries(mapped))
    map[field as FieldName] = label(column, `${name}.map.${field}`, 500)
  return {
    id: label(given['id'], `${name}.id`, 100),
    kind: nearestOf(given['kind'], sourceKinds, `${name}.kind`),
    path: label(given['path'], `${name}.path`, 4096),
    ...(given['format'] === undefined
      ? {}
      : { format: nearestOf(given['format'], sourceFormats, `${name}.format`) }),
    map,
    ...(given['covers'] === undefined ? {} : { covers: spanOf(given['covers'], `${name}.covers`) }),
    ...(given['zone'] === undefined ? {} : { zone: label(given['zone'], `${name}.zone`, 100) }),
    ...(given['search'] === undefined ? {} : { search: label(given['search'], `${name}.search`, 500) }),
  }
}

function knownOf(raw: unknown): KnownConstants {
  const known: Record<string, number | readonly number[]> = {}
  for (const [name, value] of Object.entries(members(raw ?? {}, 'known'))) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    const numbers = values.map((one) => {
      if (typeof one === 'number' && Number.isFinite(one) && one > 0) return one
      throw optionInvalid(`known.${name}`, 'a number above 0, or a list of them', value)
    })
    known[name] = Array.isArray(value) ? numbers : (numbers[0] ?? 0)
  }
  return known
}

function timelineOf(raw: unknown, at: number): TimelineNote {
  const name = `timeline[${at}]`
  const given = members(raw, name) as Members
  return {
    atMs: timeOf(given['at'], `${name}.at`),
    phase: oneOf(given['phase'], phases, `${name}.phase`),
    text: textOf(given['text'], `${name}.text`),
    ...texts(given, ['source'], `${name}.`),
    ...(given['importance'] === undefined
      ? {}
      : { importance: oneOf(given['importance'], importances, `${name}.importance`) }),
  }
}

function sentencesOf(
  given: Members,
): Pick<Manifest, 'openQuestions' | 'triggers' | 'wentWell' | 'wentBadly' | 'luck'> {
  const each = (field: string): readonly string[] =>
    list(given[field], field, maxNotes).map((value, at) => textOf(value, `${field}[${at}]`))
  return {
    openQuestions: each('openQuestions'),
    triggers: each('triggers'),
    wentWell: each('wentWell'),
    wentBadly: each('wentBadly'),
    luck: each('luck'),
  }
}

function notesOf(given: Members): Pick<Manifest, 'impact' | 'controls' | 'whys' | 'remediation'> {
  const each = <T>(field: string, read: (one: Members, name: string) => T): T[] =>
    list(given[field], field, maxNotes).map((raw, at) =>
      read(members(raw, `${field}[${at}]`) as Members, `${field}[${at}]`),
    )
  return {
    impact: each('impact', (one, name) => ({
      label: textOf(one['label'], `${name}.label`),
      value: textOf(one['value'], `${name}.value`),
      ...texts(one, ['unit'], `${name}.`),
    })),
    controls: each('controls', (one, name) => ({
      name: textOf(one['name'], `${name}.name`),
      type: oneOf(one['type'], ['preventive', 'detective', 'containment'], `${name}.type`),
      ...(one['outcome'] === undefined
        ? {}
        : { outcome: oneOf(one['outcome'], ['worked', 'failed', 'missed'], `${name}.outcome`) }),
      ...texts(one, ['why'], `${name}.`),
    })),
    whys: each('whys', whyOf),
    remediation: each('remediation', (one, name) => ({
      action: textOf(one['action'], `${name}.action`),
      ...texts(one, ['owner', 'due', 'status', 'closes'], `${name}.`),
    })),
  }
}

function whyOf(one: Members, name: string): WhyNote {
  const at = Number(/\d+/.exec(name)?.[0] ?? 0)
  const { from } = one
  if (from !== undefined && !(Number.isInteger(from) && Number(from) >= 1 && Number(from) <= at))
    throw optionInvalid(`${name}.from`, 'the number of an earlier step, from 1', from)
  return {
    why: textOf(one['why'], `${name}.why`),
    because: textOf(one['because'], `${name}.because`),
    ...texts(one, ['evidence'], `${name}.`),
    ...(from === undefined ? {} : { from: Number(from) }),
  }
}

/** The optional texts of an object that are there. */
function texts<T extends string>(
  given: Members,
  names: readonly T[],
  prefix: string,
): Partial<Record<T, string>> {
  const found = names.flatMap((name) => {
    const value = given[name]
    return value === undefined || value === null ? [] : [[name, textOf(value, `${prefix}${name}`)] as const]
  })
  return Object.fromEntries(found) as Partial<Record<T, string>>
}

/** YAML makes numbers and dates of some texts; what a person wrote as text is taken as that. */
function textOf(value: unknown, name: string): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return label(value, name, maxTextBytes)
}

function list(raw: unknown, name: string, max: number): readonly unknown[] {
  if (raw === undefined || raw === null) return []
  if (Array.isArray(raw) && raw.length <= max) return raw as readonly unknown[]
  throw optionInvalid(name, `a list of at most ${max}`, Array.isArray(raw) ? `${raw.length} entries` : raw)
}

function spanOf(raw: unknown, name: string): TimeSpan {
  const given = members(raw, name) as Members
  only(given, ['from', 'to'], name)
  const span = { fromMs: timeOf(given['from'], `${name}.from`), toMs: timeOf(given['to'], `${name}.to`) }
  if (span.toMs <= span.fromMs) throw optionInvalid(`${name}.to`, `a time after ${name}.from`, given['to'])
  return span
}

/** In the bundle's own file a zone is required: nothing there could tell which is meant. */
function timeOf(value: unknown, name: string): number {
  const instant = typeof value === 'string' ? parseInstant(value, 'iso') : undefined
  if (instant === undefined || !instant.hasZone)
    throw optionInvalid(name, 'a time with its zone such as 2026-06-03T02:14:00Z', value)
  return instant.ms
}

function only(given: Members, allowed: readonly string[], name: string): void {
  const extra = Object.keys(given).find((field) => !allowed.includes(field))
  if (extra === undefined) return
  const near = nearest(extra, allowed)
  const hint = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`
  throw new OncewardError(
    'OPTION_INVALID',
    `${name} has no field ${JSON.stringify(extra)}.${hint} It may have ${allowed.join(', ')}.`,
  )
}

function nearestOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T {
  if (typeof value === 'string' && !(allowed as readonly string[]).includes(value)) {
    const near = nearest(value, allowed)
    if (near !== undefined)
      throw optionInvalid(name, `one of ${allowed.join(', ')} (did you mean ${near}?)`, value)
  }
  return oneOf(value, allowed, name)
}
