import { LineCounter, parseDocument } from 'yaml'
import { label, members } from '../../kernel/check.ts'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { type SourceKind, sourceKinds, type TimeSpan } from '../model.ts'
import { fieldsOf, list, type Members, nearestOf, spanOf, texts } from './checked.ts'
import { noteFields, type Notes, notesOf } from './notes.ts'

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

export interface Manifest extends Notes {
  readonly id: string
  readonly title: string
  readonly service?: string
  readonly summary?: string
  readonly window: TimeSpan
  readonly sources: readonly SourceSpec[]
  /** Files of text or Markdown that people wrote, inside the bundle. */
  readonly documents: readonly string[]
  readonly known: KnownConstants
  readonly customerImpact?: string
}

const maxSources = 200
const maxDocuments = 200

/**
 * Reads an `incident.yaml` (interfaces: incident bundle). Throws `OPTION_INVALID`, naming the field by its path, the value
 * and what was expected; for text that is no YAML, with line and column.
 */
export function readManifest(text: string): Manifest {
  const given = yamlOf(text)
  const version = given['onceward']
  if (version !== bundleVersion) throw optionInvalid('onceward', bundleVersion, version)
  fieldsOf(given, 'incident.yaml', manifestFields)
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
    ...notesOf(given),
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
  'customerImpact',
  ...noteFields,
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
  const given = fieldsOf(raw, name, ['id', 'kind', 'path', 'format', 'map', 'covers', 'zone', 'search'])
  const map: Partial<Record<FieldName, string>> = {}
  const mapped = fieldsOf(given['map'] ?? {}, `${name}.map`, fieldNames)
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
