import { countText, shareText } from '../../reconcile/values/format.ts'
import { type Presence, presenceKinds, presencesOf, sizedOf } from './field-presence.ts'
import { loadThirdsOf } from './load-thirds.ts'
import { isLossBySize } from './loss-by-size.ts'
import { columnOf, type Material, type Measured, type Measures, tableOf } from './material.ts'
import { rowSizes } from './row-sizes.ts'
import { evidenceOf, nothingFound, saidFound, shortened, unknown } from './saying.ts'
import { halvesOf, splitOf } from './size-split.ts'

/** Fields that are missing: in which rows, above which size, under which load. */
export const missingFieldMeasures: Measures = {
  'field.missing': missing,
  'field.missing-by-size': missingBySize,
}

const saidMissing =
  /(field|property|hold_for_review|\w+_\w+)\b.*\b(missing|absent|disappear\w*|not (present|set)|null|dropped)|(missing|absent) (field|property)/i

function missing(m: Material): Measured {
  const measured = presencesOf(m).map((presence) => missingIn(m, presence))
  const found = measured.find(({ value }) => value === true) ?? measured[0]
  if (found !== undefined) return found.value === false ? unlessLost(m, found) : found
  const lines = m.said(saidMissing, 'log', 'alerts')
  if (lines.length > 0) {
    const [first] = lines
    const name = /\b([a-z]+_[a-z_]+)\b/i.exec(first?.message ?? first?.name ?? '')?.[1]
    return {
      value: true,
      statement: 'Logs tell of a field that is missing.',
      found: saidFound(m, lines, { pattern: saidMissing, what: 'a missing field' }),
      numbers: { share: 0, rows: lines.length },
      ...(name === undefined ? {} : { names: [name] }),
    }
  }
  if (m.of(...presenceKinds).every(({ map }) => map.value === undefined && map.payload === undefined))
    return unknown('No column’s values go missing; if one field is in question, map value to its column.')
  return unlessLost(m, {
    value: false,
    statement: 'No field is missing.',
    found: nothingFound(m, ['log', ...presenceKinds], { pattern: saidMissing, what: 'missing field' }),
  })
}

/** What could not be read for its size left no row, and no row that is there tells which of its fields were cut. */
function unlessLost(m: Material, measured: Measured): Measured {
  return isLossBySize(m)
    ? unknown('No field is missing in what arrived, but what is lost is large, and nothing shows its fields.')
    : measured
}

function missingIn(m: Material, presence: Presence): Measured {
  const { source, name, cases, isMapped } = presence
  const gone = cases.filter(({ isGone }) => isGone)
  const share = gone.length / Math.max(1, cases.length)
  const onsetMs = m.onset?.series.name === 'missing-fields' ? m.onset.fromMs : undefined
  const before = cases.filter(({ row: { at } }) => onsetMs !== undefined && at !== undefined && at < onsetMs)
  const goneBefore = before.filter(({ isGone }) => isGone).length
  const hadIt = goneBefore <= before.length * 0.05
  const isFound = !isMapped || (gone.length >= 3 && share < 0.98 && hadIt)
  const statement = `The field “${shortened(name, 60)}” is missing in ${countText(gone.length)} of ${countText(cases.length)} rows${cases.length < source.rows.length ? ' looked at' : ''} of ${source.id} (${shareText(share)})${before.length === 0 ? '' : `; before the onset in ${goneBefore} of ${before.length}`}.`
  return {
    value: isFound ? true : gone.length === 0 ? false : 'unknown',
    statement,
    found: [evidenceOf(source, statement, presenceQuery(presence))],
    numbers: { share, rows: gone.length },
    names: [name],
  }
}

function presenceQuery({ source, column }: Presence): string {
  const bytes =
    source.map.bytes === undefined
      ? ''
      : `, min(CAST(${columnOf(source, 'bytes')} AS BIGINT)) AS smallest, max(CAST(${columnOf(source, 'bytes')} AS BIGINT)) AS largest`
  return `SELECT ${isGoneIn(column)} AS missing, count(*)${bytes} FROM ${tableOf(source)} GROUP BY 1`
}

function isGoneIn(column: string): string {
  return `lower(coalesce(CAST(${column} AS VARCHAR), '')) IN ('', 'null', 'none', 'undefined')`
}

/** The minute of a time as text, in milliseconds or in seconds. */
function minuteOf(column: string): string {
  const text = `CAST(${column} AS VARCHAR)`
  const number = `TRY_CAST(${text} AS DOUBLE)`
  const seconds = `CASE WHEN ${number} > 1e11 THEN ${number} / 1000 ELSE ${number} END`
  return `coalesce(date_trunc('minute', TRY_CAST(${text} AS TIMESTAMPTZ)), to_timestamp(floor((${seconds}) / 60) * 60))`
}

const saidLarge =
  /(only|just) (seen )?(on|for|in) (large|big)|large (batches|messages|payloads).*(missing|absent|drop)|(missing|absent|drop\w*).*(large|big) (batch|message|payload)/i

/** A size, a count of items or a load above which the field is missing and below which it is there. */
function missingBySize(m: Material): Measured {
  const sizeOf = rowSizes(m)
  const measured = presencesOf(m).flatMap((presence) => [
    ...(bySize(m, presence, sizeOf) ?? []),
    ...(byLoad(m, presence) ?? []),
  ])
  const found = measured.find(({ value }) => value === true)
  if (found !== undefined) return found
  const lines = m.said(saidLarge, 'log', 'alerts', 'changes')
  if (measured.length === 0 && lines.length > 0)
    return {
      value: true,
      statement: 'Logs say that it is seen with large messages alone.',
      found: saidFound(m, lines, { pattern: saidLarge, what: 'large messages' }),
    }
  return (
    measured[0] ?? unknown('No source holds sizes, or busy and quiet minutes, of a field that is missing.')
  )
}

type Sizes = ReturnType<typeof rowSizes>

function bySize(m: Material, presence: Presence, sizeOf: Sizes): readonly Measured[] | undefined {
  const { source, name } = presence
  const cases = sizedOf(presence.cases, sizeOf)
  const gone = cases.filter(({ isGone }) => isGone).length
  if (gone < 3 || gone === cases.length) return undefined
  const { thresholdBytes, shareAbove, shareBelow } = splitOf(cases)
  const halves = halvesOf(cases)
  const statement = `“${shortened(name, 60)}” is missing in ${shareText(shareAbove)} of rows of ${source.id} larger than ${countText(thresholdBytes)} and in ${shareText(shareBelow)} of smaller ones.`
  const isAlike = halves.thresholdBytes > 0 && halves.shareAbove < 1.5 * halves.shareBelow
  return [
    {
      value: m.decisions.isParted(shareAbove, shareBelow) ? true : isAlike ? false : 'unknown',
      statement,
      found: [evidenceOf(source, statement, presenceQuery(presence))],
      numbers: { thresholdBytes, shareAbove, shareBelow },
      names: [name],
    },
  ]
}

/** Never false: rates of single minutes differ by chance, too. */
function byLoad(m: Material, presence: Presence): readonly Measured[] | undefined {
  const { source, name, column } = presence
  const timed = presence.cases.flatMap(({ row: { at }, isGone }) =>
    at === undefined ? [] : [{ at, isGone }],
  )
  if (source.map.at === undefined || timed.filter(({ isGone }) => isGone).length < 3) return undefined
  const thirds = loadThirdsOf(timed)
  if (thirds === undefined) return undefined
  const { busyRate, quietRate, shareBusy, shareQuiet } = thirds
  const statement = `From its first absence on “${shortened(name, 60)}” is missing in ${shareText(shareBusy)} of rows of ${source.id} in the busiest third of minutes (${busyRate.toFixed(1)} a minute) and in ${shareText(shareQuiet)} in the quietest (${quietRate.toFixed(1)} a minute).`
  const query = `SELECT ${minuteOf(columnOf(source, 'at'))} AS minute, count(*) AS rows, count(*) FILTER (WHERE ${isGoneIn(column)}) AS missing FROM ${tableOf(source)} GROUP BY 1 ORDER BY 2 DESC`
  return [
    {
      value: m.decisions.isParted(shareBusy, shareQuiet) ? true : 'unknown',
      statement,
      found: [evidenceOf(source, statement, query)],
      numbers: { shareAbove: shareBusy, shareBelow: shareQuiet },
      names: [name],
    },
  ]
}
