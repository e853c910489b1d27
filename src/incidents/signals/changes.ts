import { durationText } from '../../reconcile/values/format.ts'
import type { BundleRow } from '../bundle/row.ts'
import { decimal, seriesWords } from '../words.ts'
import { timeInKey } from '../../reconcile/values/time-in-key.ts'
import { aboutOf, type Change, changeFound, changesOf, keyChange } from './change-list.ts'
import { pairRelated } from './related-changes.ts'
import { scaling } from './scaling.ts'
import {
  columnOf,
  coversWindow,
  type Material,
  type Measured,
  type Measures,
  searchQuery,
  tableOf,
} from './material.ts'
import { evidenceOf, iso, shortened, unknown } from './saying.ts'
import { type Onset, uniqueViolation } from './onset.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** When it began, and what had changed before. Being near proves nothing: what a change can do is for the causes to say. */
export const changeMeasures: Measures = {
  'onset.step': (m) =>
    ofOnset(m, (onset) => {
      const isRise = !onset.isFromFirst && onset.before < 0.2 * onset.after
      return {
        value:
          isRise && onset.staysShare >= 1 / 3
            ? true
            : onset.before < onset.after && isRise
              ? 'unknown'
              : false,
        words: `the rate rises from ${rate(onset, 'before')} to ${rate(onset, 'after')} at ${span(onset)} and stays for ${Math.round(onset.staysShare * 100)} % of what follows`,
        numbers: { before: onset.before, after: onset.after },
      }
    }),
  'onset.burst': burst,
  'onset.from-first': (m) =>
    ofOnset(m, (onset) => ({
      value: onset.isFromFirst,
      words: onset.isFromFirst
        ? 'there is no clean time before the first of them'
        : `there is a clean time before ${iso(onset.fromMs)}`,
      numbers: {},
    })),
  'onset.at-deploy': (m) => atChange(m, ['deploy'], 'deploy'),
  'onset.at-flag': (m) => atChange(m, ['flag', 'config'], 'flag or configuration change'),
  'change.keys': changeKeys,
  'change.dedupe': (m) =>
    changed(
      m,
      /dedup\w*|duplicate (check|filter|detection)|idempoten\w*[ _-]?(check|filter|table|store|lookup|predicate)|already[- ]processed|seen[- ]?(check|set|table)/i,
      'the dedupe check',
    ),
  'change.retries': (m) =>
    changed(
      m,
      /retr(y|ies|ying)\b.*(enabl|turn|on\b|rais|increas|add|true|introduc|max|attempt|backoff)|(enabl|turn|rais|increas|add|introduc)\w*\b.*\bretr(y|ies)|retry[_-]?enabled|batch_retry/i,
      'retries',
    ),
  'change.scaling': scaling,
  'change.sizes': (m) =>
    changed(
      m,
      /(buffer|tcp_[rw]mem|[rw]mem|max[_ -]?(message|body|request|receive|payload)|body[_ -]?(size|limit)|message[_ -]?(size|limit)|recv[_ -]?limit|client_max_body|limit)\b.*(reduc|lower|shrink|cut|from|to|decreas|tun|→|->)|(reduc|lower|shrink|decreas|tun)\w*\b.*(buffer|message|body|payload)|batch[_ -]?size\w*.*(rais|increas|from|to|double|→)|(rais|increas)\w*.*batch/i,
      'sizes or limits',
    ),
  'change.pair-related': pairRelated,
  'change.edge': (m) =>
    changed(
      m,
      /secret|certificate|\bcert\b|\btls\b|\bssl\b|allow-?list|white-?list|firewall|\bwaf\b|\bproxy\b|\bip (range|address|list)|egress|endpoint[ _-]?url|webhook[ _-]?(url|endpoint)|\bdns\b|signing|rotat/i,
      'the edge (secrets, certificates, lists, endpoints)',
    ),
}

function rate({ series, before, after }: Onset, side: 'before' | 'after'): string {
  return `${decimal(side === 'before' ? before : after)} in ${durationText(series.bucketMs)}`
}

function span({ fromMs, toMs }: Onset): string {
  return fromMs === toMs ? iso(toMs) : `${iso(fromMs)} to ${iso(toMs)}`
}

interface Judged {
  readonly value: Measured['value']
  readonly words: string
  readonly numbers: Readonly<Record<string, number>>
}

function ofOnset(m: Material, judge: (onset: Onset) => Judged): Measured {
  const { onset } = m
  if (onset === undefined)
    return unknown('There are fewer than three duplicates or losses with times: no onset can be told.')
  const { value, words, numbers } = judge(onset)
  const statement = `Of ${seriesWords(onset.series.name)} ${words}.`
  return { value, statement, found: [onsetFound(m, onset, statement)], numbers }
}

export function onsetFound(m: Material, { series }: Onset, statement: string): ReturnType<typeof evidenceOf> {
  const source = m.sources.find(({ id }) => id === series.source)
  if (source === undefined) return { source: series.source, statement, query: '' }
  if (series.name === 'unique-violations')
    return evidenceOf(source, statement, searchQuery(source, uniqueViolation))
  const at = columnOf(source, 'at')
  const ref = columnOf(source, 'ref')
  const table = tableOf(source)
  const later = `SELECT ${at}, row_number() OVER (PARTITION BY ${ref} ORDER BY ${at}) AS n FROM ${table}`
  const rows = series.name === 'duplicates' && source.map.ref !== undefined ? `(${later}) WHERE n > 1` : table
  return evidenceOf(
    source,
    statement,
    `SELECT date_trunc('minute', CAST(${at} AS TIMESTAMPTZ)) AS minute, count(*) FROM ${rows} GROUP BY 1 ORDER BY 1`,
  )
}

/** Few stretches of time that hold nearly all, with as good as nothing between them. */
function burst(m: Material): Measured {
  return ofOnset(m, (onset) => {
    const { counts } = onset.series
    const total = counts.reduce((sum, count) => sum + count, 0)
    const busy: { count: number; length: number }[] = []
    let quiet = Infinity
    const gap = Math.max(2, Math.round(counts.length * 0.02))
    for (const count of counts) {
      if (count === 0) {
        quiet++
        continue
      }
      const last = busy.at(-1)
      if (last === undefined || quiet > gap) busy.push({ count, length: 1 })
      else {
        last.count += count
        last.length += quiet + 1
      }
      quiet = 0
    }
    const largest = busy.toSorted((a, b) => b.count - a.count).slice(0, 5)
    const length = largest.reduce((sum, one) => sum + one.length, 0)
    const share = largest.reduce((sum, one) => sum + one.count, 0) / Math.max(1, total)
    const isBurst = share >= 0.85 && length <= counts.length * 0.25 && total / Math.max(1, busy.length) >= 3
    return {
      value: isBurst,
      words: `${Math.round(share * 100)} % lie in ${largest.length} ${largest.length === 1 ? 'stretch that fills' : 'stretches that fill'} ${Math.round((length / counts.length) * 100)} % of the time`,
      numbers: { bursts: largest.length, share },
    }
  })
}

function atChange(m: Material, kinds: readonly Change['kind'][], what: string): Measured {
  const { onset } = m
  const changes = changesOf(m)
  if (onset === undefined) return unknown('No onset was found that a change could lie before.')
  const candidates = [
    ...changes.filter(({ kind }) => kinds.includes(kind)),
    ...(kinds.includes('deploy') ? newVersions(m) : []),
  ]
  const near = candidates
    .filter(({ atMs }) => atMs <= onset.toMs)
    .map((change) => ({ change, gapMs: Math.max(0, onset.fromMs - change.atMs) }))
    .toSorted((a, b) => a.gapMs - b.gapMs)
  const [nearest] = near
  if (nearest !== undefined && nearest.gapMs <= hourMs && !onset.isFromFirst) {
    const statement = `The ${what} ${nearest.change.name} at ${iso(nearest.change.atMs)} lies ${durationText(nearest.gapMs)} before the onset of ${seriesWords(onset.series.name)}, ${span(onset)}.`
    return {
      value: true,
      statement,
      found: [changeFound(m, nearest.change, statement)],
      numbers: { gapMs: nearest.gapMs },
      names: near.filter(({ gapMs }) => gapMs <= hourMs).map(({ change }) => change.name),
    }
  }
  const [source] = m.of('changes')
  if (source === undefined) return unknown('No source lists changes.')
  const statement =
    nearest === undefined
      ? `No ${what} is listed before the onset at ${span(onset)}.`
      : `The nearest ${what}, ${nearest.change.name}, lies ${durationText(nearest.gapMs)} before the onset at ${span(onset)}.`
  const query = source.format === 'text' ? searchQuery(source, /./) : `SELECT * FROM ${tableOf(source)}`
  const isFar = nearest === undefined || nearest.gapMs > dayMs
  return {
    value: isFar && m.of('changes').some((one) => coversWindow(one, m.window)) ? false : 'unknown',
    statement,
    found: [evidenceOf(source, statement, query)],
    ...(nearest === undefined ? {} : { numbers: { gapMs: nearest.gapMs } }),
  }
}

/** The first traffic of a version that was not there from the beginning. */
function newVersions(m: Material): Change[] {
  const firsts = new Map<string, BundleRow>()
  for (const row of m.rows('effects', 'requests', 'deliveries', 'log')) {
    const known = firsts.get(row.version ?? '')
    if (row.version !== undefined && row.at !== undefined && (known?.at ?? Infinity) > row.at)
      firsts.set(row.version, row)
  }
  return [...firsts]
    .toSorted((a, b) => (a[1].at ?? 0) - (b[1].at ?? 0))
    .slice(1)
    .map(([version, row]) => ({
      name: `version ${version}`,
      atMs: row.at ?? 0,
      kind: 'deploy' as const,
      text: '',
      message: '',
      source: row.source,
    }))
}

/** Changes before the onset that are about something, by their text. */
function changed(m: Material, pattern: RegExp, what: string): Measured {
  const changes = changesOf(m)
  const [source] = m.of('changes')
  const onsetMs = m.onset?.toMs ?? m.window.toMs
  const found = changes.filter((change) => pattern.test(aboutOf(change)) && change.atMs <= onsetMs)
  if (found.length > 0) {
    const names = found.toSorted((a, b) => b.atMs - a.atMs).map(({ name }) => name)
    const statement = `${found.length === 1 ? 'A change' : `${found.length} changes`} before the onset touch${found.length === 1 ? 'es' : ''} ${what}: ${found
      .slice(0, 4)
      .map(({ name, atMs }) => `${shortened(name, 60)} (${iso(atMs)})`)
      .join(', ')}.`
    const [first] = found
    return {
      value: true,
      statement,
      found: first === undefined ? [] : [changeFound(m, first, statement)],
      names,
    }
  }
  if (source === undefined) return unknown('No source lists changes.')
  const where = m.onset === undefined ? 'listed' : 'before the onset'
  const statement =
    changes.length === 1
      ? `The one change ${where} does not touch ${what}.`
      : `None of ${changes.length} changes ${where} touches ${what}.`
  return { value: false, statement, found: [evidenceOf(source, statement, searchQuery(source, pattern))] }
}

/** By the changes, or by the form of keys, which changes in the rows at one time. */
function changeKeys(m: Material): Measured {
  const measured = changed(m, keyChange, 'keys or idempotency')
  if (measured.value === true) return measured
  for (const source of m.of('requests', 'effects', 'ledger', 'deliveries')) {
    const keyed = source.rows
      .filter(({ key, at }) => key !== undefined && at !== undefined)
      .toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0))
    if (keyed.length < 10) continue
    const forms = keyed.map(({ key = '' }) => formOf(key))
    const turn = forms.findIndex(
      (form, at) => at > 2 && form !== forms[0] && forms.slice(at).every((later) => later !== forms[0]),
    )
    if (turn === -1 || turn > forms.length - 3 || new Set(forms.slice(0, turn)).size > 1) continue
    const at = keyed[turn]?.at ?? 0
    const statement = `The form of keys in ${source.id} changes at ${iso(at)}: from ${forms[0] ?? ''} to ${forms[turn] ?? ''}.`
    return {
      value: true,
      statement,
      found: [
        evidenceOf(
          source,
          statement,
          `SELECT ${columnOf(source, 'at')}, ${columnOf(source, 'key')} FROM ${tableOf(source)} ORDER BY 1`,
        ),
      ],
      names: [`keys since ${iso(at)}`],
    }
  }
  return measured
}

function formOf(key: string): string {
  if (/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(key)) return 'UUID'
  if (timeInKey(key) !== undefined) return 'a time'
  if (/^[0-9a-f]{32,64}$/i.test(key)) return 'a digest'
  return key
    .replaceAll(/\d+/g, '9')
    .replaceAll(/[a-z]+/gi, 'a')
    .slice(0, 20)
}
