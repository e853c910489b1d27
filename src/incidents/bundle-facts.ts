import { sectionsOf } from './bundle/sections.ts'
import type { LoadedSource } from './bundle/row.ts'
import type { EvidenceBook } from './evidence-book.ts'
import type { BundleFacts, ClaimFact, SeriesFact } from './model.ts'
import { changesOf } from './signals/change-list.ts'
import { onsetFound } from './signals/changes.ts'
import { coversWindow, type Material, searchQuery, tableOf, textOf } from './signals/material.ts'
import { duplicateTimes, lossTimes, seriesOf, spanWith, timesOf, uniqueViolation } from './signals/onset.ts'
import { evidenceOf, iso, shortened } from './signals/saying.ts'
import { seriesWords } from './words.ts'

const manifestSource = 'incident.yaml'
const maxClaims = 200

/** What was read of a bundle, each part with its evidence. */
export function factsOf(material: Material, book: EvidenceBook): BundleFacts {
  const { bundle, window, onset } = material
  const { manifest } = bundle
  const noted = (place: string, statement: string): string =>
    book.add({ source: manifestSource, statement, query: `incident.yaml: ${place}` })
  const { service, summary } = manifest
  return {
    id: manifest.id,
    title: manifest.title,
    ...(service === undefined ? {} : { service }),
    ...(summary === undefined ? {} : { summary }),
    window,
    sources: bundle.sources.map((source) => ({
      id: source.id,
      kind: source.kind,
      path: source.path,
      rows: source.totals.rows,
      rejectedRows: source.rejectedRows,
      covers: source.spec.covers ?? source.span,
      coversWindow: coversWindow(source, window),
    })),
    known: bundle.known,
    timeline: manifest.timeline.map((note, at) => ({
      ...note,
      evidence: noted(`timeline[${at}]`, `${iso(note.atMs)}: ${note.text}`),
    })),
    ...listed(material, book),
    ...(onset === undefined
      ? {}
      : {
          onset: {
            fromMs: onset.fromMs,
            toMs: onset.toMs,
            evidence: book.add(
              onsetFound(
                material,
                onset,
                `The rate of ${seriesWords(onset.series.name)} rises between ${iso(onset.fromMs)} and ${iso(onset.toMs)}.`,
              ),
            ),
          },
        }),
    series: seriesFacts(material, book),
    claims: claimsOf(material, book),
    impact: manifest.impact.map((one, at) => ({
      ...one,
      evidence: noted(
        `impact[${at}]`,
        `${one.label}: ${one.value}${one.unit === undefined ? '' : ` ${one.unit}`}`,
      ),
    })),
    notes: bundle.notes,
  }
}

/** Changes and alerts, each with its row as evidence. */
function listed(m: Material, book: EvidenceBook): Pick<BundleFacts, 'changes' | 'alerts'> {
  const add = (id: string, name: string, said: { atMs: number; text: string }): string =>
    book.add(rowFound(m, id, { name, statement: `${iso(said.atMs)}: ${shortened(said.text, 300)}` }))
  return {
    changes: changesOf(m).map(({ source, ...change }) => ({
      ...change,
      evidence: add(source, change.name, change),
    })),
    alerts: m.rows('alerts').flatMap((row) => {
      if (row.at === undefined) return []
      const text = textOf(row)
      const name = row.name ?? shortened(text, 80)
      return [{ name, atMs: row.at, evidence: add(row.source, name, { atMs: row.at, text }) }]
    }),
  }
}

function rowFound(
  m: Material,
  id: string,
  { name, statement }: { name: string; statement: string },
): ReturnType<typeof evidenceOf> {
  const source = m.sources.find((one) => one.id === id)
  if (source === undefined) return { source: id, statement, query: '' }
  const pattern = name.slice(0, 60).replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return evidenceOf(source, statement, searchQuery(source, new RegExp(pattern, 'i')))
}

function seriesFacts(m: Material, book: EvidenceBook): SeriesFact[] {
  const { base } = m.groups
  const { dueSource } = m.losses
  const effects = m.of('effects')[0]
  const errors = m
    .rows('log')
    .filter(({ level }) => level !== undefined && /^(err|fatal|crit|severe|alert)/i.test(level))
  const unique = m.said(uniqueViolation, 'log')
  const refusals = m
    .rows('deliveries', 'requests')
    .filter(({ status }) => status !== undefined && /^4\d\d$/.test(status))
  const withValue = m.of('effects', 'requests', 'deliveries').filter(({ map }) => map.value !== undefined)
  const candidates: readonly (readonly [string, LoadedSource | undefined, readonly number[]])[] = [
    ['duplicates', base, duplicateTimes(m.groups)],
    ['losses', dueSource, lossTimes(m.losses)],
    ['effects', effects, timesOf(effects?.rows ?? [])],
    ['errors', ownerOf(m, errors[0]?.source), timesOf(errors)],
    ['unique-violations', ownerOf(m, unique[0]?.source), timesOf(unique)],
    [
      'missing-fields',
      withValue[0],
      timesOf((withValue[0]?.rows ?? []).filter(({ value }) => value === undefined)),
    ],
    ['refusals', ownerOf(m, refusals[0]?.source), timesOf(refusals)],
  ]
  return candidates.flatMap(([name, source, times]) => {
    if (source === undefined || times.length === 0) return []
    const { fromMs, bucketMs, counts } = seriesOf(name, source.id, {
      times,
      span: spanWith(m.window, source.span),
    })
    const total = counts.reduce((sum, count) => sum + count, 0)
    const statement = `${total} ${seriesWords(name)} were counted in ${source.id} from ${iso(fromMs)} on.`
    const query = source.format === 'text' ? searchQuery(source, /./) : `SELECT * FROM ${tableOf(source)}`
    return [{ name, fromMs, bucketMs, counts, evidence: book.add(evidenceOf(source, statement, query)) }]
  })
}

function ownerOf(m: Material, id: string | undefined): LoadedSource | undefined {
  return m.sources.find((source) => source.id === id)
}

const claiming =
  /because|caus(e|ed|es|ing)\b|due to|root cause|truncat|buffer|retr(y|ies)|limit|suspect|probably|likely|confirm/i

/** Texts that may state a cause or a fact. They are checked, never believed. */
function claimsOf(m: Material, book: EvidenceBook): ClaimFact[] {
  const { manifest } = m.bundle
  const noted = (place: string, text: string): ClaimFact => ({
    place,
    text,
    evidence: book.add({ source: manifestSource, statement: text, query: `incident.yaml: ${place}` }),
  })
  const claims: ClaimFact[] = [
    ...(manifest.summary === undefined ? [] : [noted('summary', manifest.summary)]),
    ...manifest.timeline.map(({ text }, at) => noted(`timeline[${at}]`, text)),
    ...manifest.whys.flatMap(({ why, because }, at) => [
      noted(`whys[${at}].why`, why),
      noted(`whys[${at}].because`, because),
    ]),
    ...m.bundle.documents.flatMap(({ path, text }) =>
      sectionsOf(text).map((section) => {
        const place = `${path}: ${section.id ?? shortened(section.title, 40)}`
        const statement = shortened(section.text, 300)
        return { place, text: section.text, evidence: book.add({ source: path, statement, query: place }) }
      }),
    ),
    ...changesOf(m).map(({ name, text, source }) => ({
      place: `changes: ${name}`,
      text,
      evidence: book.add(rowFound(m, source, { name, statement: shortened(text, 300) })),
    })),
  ]
  const seen = new Set<number>()
  for (const row of m.rows('log')) {
    if (claims.length >= maxClaims) break
    if (
      row.message === undefined ||
      row.template === undefined ||
      seen.has(row.template) ||
      !claiming.test(row.message)
    )
      continue
    seen.add(row.template)
    claims.push({
      place: `log: ${row.source}`,
      text: shortened(row.message, 500),
      evidence: book.add(
        rowFound(m, row.source, {
          name: shortened(row.message, 60).replace(/…$/, ''),
          statement: `“${shortened(row.message, 300)}”`,
        }),
      ),
    })
  }
  return claims.slice(0, maxClaims)
}
