import { countText, shareText } from '../../reconcile/values/format.ts'
import { minCases } from './decisions.ts'
import { columnOf, type Material, type Measured, type Measures, tableOf } from './material.ts'
import { evidenceOf, unknown } from './saying.ts'
import { halvesOf, splitOf } from './size-split.ts'

/** Of what was due, the large is lost: it was cut or could not be read. */
export const lossBySizeMeasures: Measures = { 'loss.by-size': lossBySize }

export function isLossBySize(m: Material): boolean {
  return lossBySize(m).value === true
}

function lossBySize(m: Material): Measured {
  const { due, dueSource, effectSource, why } = m.losses
  if (dueSource === undefined || effectSource === undefined || why !== undefined)
    return unknown(`Nothing can be said of losses: ${why ?? 'no source lists what was due'}.`)
  const cases = due.flatMap(({ rows, isLost }) => {
    const sizes = rows.flatMap(({ bytes }) => bytes ?? [])
    return sizes.length === 0 ? [] : [{ size: Math.max(...sizes), isGone: isLost }]
  })
  const lost = cases.filter(({ isGone }) => isGone).length
  if (dueSource.map.bytes === undefined || lost < minCases)
    return unknown('No column holds the sizes of what was due, or fewer than three of them are lost.')
  const { thresholdBytes, shareAbove, shareBelow, goneAbove } = splitOf(cases)
  const halves = halvesOf(cases)
  const isAlike = halves.thresholdBytes > 0 && halves.shareAbove < 1.5 * halves.shareBelow
  const statement = `${shareText(goneAbove)} of the ${countText(lost)} lost references with a size are larger than ${countText(thresholdBytes)} bytes; of what is larger ${shareText(shareAbove)} is lost, of the rest ${shareText(shareBelow)} (${dueSource.id} against ${effectSource.id}).`
  const [bytes, ref, done] = [
    columnOf(dueSource, 'bytes'),
    columnOf(dueSource, 'ref'),
    columnOf(effectSource, 'ref'),
  ]
  const query = `SELECT CAST(${bytes} AS BIGINT) > ${thresholdBytes} AS larger, ${ref} NOT IN (SELECT ${done} FROM ${tableOf(effectSource)} WHERE ${done} IS NOT NULL) AS lost, count(DISTINCT ${ref}) FROM ${tableOf(dueSource)} GROUP BY 1, 2 ORDER BY 1, 2`
  return {
    value: m.decisions.isOfLarge({ shareAbove, shareBelow, goneAbove }) ? true : isAlike ? false : 'unknown',
    statement,
    found: [evidenceOf(dueSource, statement, query)],
    numbers: { thresholdBytes, shareAbove, shareBelow },
  }
}
