import { optionInvalid } from '../../kernel/errors.ts'
import { nearest } from '../../reconcile/sources/nearest.ts'
import type { Bundle } from '../bundle/bundle.ts'
import type { LoadedSource } from '../bundle/row.ts'
import type { Evidence, Examination, SignalValue } from '../model.ts'
import { searchQuery, tableOf } from '../signals/material.ts'
import { listed, when, whole } from '../words.ts'
import type { EvidenceEntry } from './shape.ts'

/*
 * What people may cite, by a name that stays when the bundle grows: a source, a signal, a change or an alert. An id such as
 * E7 is taken too. What incident.yaml says is no evidence for itself, and nothing cites it.
 */

const manifestSource = 'incident.yaml'

export interface Citations {
  /** Ids of evidence behind the names. Throws `OPTION_INVALID` for a name that there is not, with the nearest one. */
  readonly idsOf: (names: readonly string[], place: string) => readonly string[]
  /** Of those ids, the ones that are more than the wording of incident.yaml. */
  readonly measured: (ids: readonly string[]) => readonly string[]
  /** The entry of a source, if there is one of that name. */
  readonly sourceId: (name: string) => readonly string[]
}

export function citationsOf({ sources }: Bundle, { bundle, evidence, signals }: Examination): Citations {
  const known = new Map<string, readonly string[]>()
  const offer = (name: string, ids: readonly string[]): void => {
    if (ids.length > 0 && !known.has(name)) known.set(name, ids)
  }
  const real = evidence.filter(({ source }) => source !== manifestSource)
  const sourceIds = new Map(sources.map(({ id }, at) => [id, sourceEntryId(at)]))
  for (const [name, id] of sourceIds) offer(name, [id])
  for (const { id } of real) offer(id, [id])
  for (const signal of signals) offer(signal.id, signal.evidence)
  for (const { name, evidence: id } of [...bundle.changes, ...bundle.alerts]) offer(name, [id])
  const realIds = new Set(real.map(({ id }) => id))
  return {
    idsOf: (names, place) => [
      ...new Set(
        names.flatMap((name) => {
          const ids = known.get(name)
          if (ids !== undefined) return ids
          const near = nearest(name, [...known.keys()])
          const hint = near === undefined ? '' : ` (did you mean ${JSON.stringify(near)}?)`
          const expected = `a source (${listed([...sourceIds.keys()])}), a measured signal, a change, an alert or an id of this bundle's evidence${hint}`
          throw optionInvalid(`${place}.evidence`, expected, name)
        }),
      ),
    ],
    measured: (ids) => ids.filter((id) => realIds.has(id)),
    sourceId: (name) => [sourceIds.get(name) ?? []].flat(),
  }
}

function sourceEntryId(at: number): string {
  return `S${at + 1}`
}

interface Listing {
  readonly sources: readonly LoadedSource[]
  readonly examination: Examination
  readonly cited: ReadonlySet<string>
}

const maxUncited = 200

/**
 * What is cited first, then what the data shows beside it, then all else that was looked at: negative findings among it.
 * Sources stand in it where something cites them.
 */
export function evidenceList({ sources, examination, cited }: Listing): readonly EvidenceEntry[] {
  const values = new Map<string, SignalValue>()
  for (const { value, evidence } of examination.signals)
    for (const id of evidence) if (values.get(id) !== true) values.set(id, value)
  const measured = examination.evidence
    .filter(({ source }) => source !== manifestSource)
    .map((one): EvidenceEntry => {
      const standing = cited.has(one.id) ? 'cited' : values.get(one.id) === true ? 'found' : 'other'
      return { ...one, standing }
    })
  const files = sources
    .map(sourceEntry)
    .filter(({ id }) => cited.has(id))
    .map((one): EvidenceEntry => ({ ...one, standing: 'cited' }))
  const of = (standing: EvidenceEntry['standing']): readonly EvidenceEntry[] =>
    measured.filter((one) => one.standing === standing)
  return [...files, ...of('cited'), ...[...of('found'), ...of('other')].slice(0, maxUncited)]
}

function sourceEntry(source: LoadedSource, at: number): Evidence {
  const { id, kind, path, format, span, totals, files } = source
  const isText = format === 'text' || format === 'files'
  const times = span === null ? '' : `, from ${when(span.fromMs)} to ${when(span.toMs)}`
  const held =
    files === undefined
      ? `${whole(totals.rows)} rows of ${kind}${times}`
      : `${whole(files.length)} files of ${kind}`
  return {
    id: sourceEntryId(at),
    source: id,
    statement: `${path}: ${held}.`,
    query: isText ? searchQuery(source, /./) : `SELECT * FROM ${tableOf(source)}`,
  }
}
