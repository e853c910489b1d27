import { shareText } from '../../reconcile/values/format.ts'
import type { BundleRow } from '../bundle/row.ts'
import { type Material, type Measured, searchQuery } from './material.ts'
import { duplicateTimes, lossTimes } from './onset.ts'
import { evidenceOf, nothingFound, saidFound, unknown } from './saying.ts'

const poolPattern =
  /(pool|connections?|threads?|queue)\W+(\w+\W+){0,5}(exhaust\w*|saturat\w*|full|depleted|timed? ?out|unavailable|limit reached)|(exhaust\w*|saturat\w*|waiting for (a )?(free )?)\W*(\w+\W+){0,3}(pool|connection|thread)|too many (connections|clients)|\b53300\b|remaining connection slots|timeout acquiring/i

/** Full or awaited pools and queues beside the duplicates. */
export function pool(m: Material): Measured {
  const full = [...m.said(poolPattern, 'log'), ...saturated(m.rows('metrics'))].filter(
    ({ at }) => at !== undefined,
  )
  const measuring = m.rows('metrics').some(({ name = '' }) => poolName.test(name)) || m.covers('log')
  const times = [...duplicateTimes(m.groups), ...(m.groups.list.length === 0 ? lossTimes(m.losses) : [])]
  const pools = m.of('metrics', 'log')
  if (!measuring) return unknown('No metric or log tells of pools or queues.')
  if (full.length === 0)
    return {
      value: false,
      statement: 'No pool or queue was full or waited for.',
      found: nothingFound(m, ['metrics', 'log'], { pattern: poolPattern, what: 'full pool or queue' }),
      numbers: { share: 0 },
    }
  const minutes = new Set(
    full.flatMap(({ at = 0 }) => [-2, -1, 0, 1].map((away) => Math.floor(at / 60_000) + away)),
  )
  const yes = times.filter((at) => minutes.has(Math.floor(at / 60_000))).length
  const share = times.length === 0 ? 0 : yes / times.length
  const found = saidFound(m, full, { pattern: poolPattern, what: 'a full or awaited pool or queue' })
  const statement = `${shareText(share)} of ${times.length} duplicates or losses lie within two minutes of a full pool or queue.`
  const [source] = pools
  const own =
    source === undefined ? [] : [evidenceOf(source, statement, searchQuery(source, /pool|queue|connection/i))]
  return {
    value: m.decisions.byShare(yes, times.length),
    statement,
    found: [...own, ...found],
    numbers: { share },
  }
}

const poolName = /pool|connections?|threads?|queue|in_?flight|backends/i
const waits = /wait|pending|queued|backlog|blocked/i
const inUse = /active|used|in_?use|busy|utili[sz]ation|saturation|checked_?out/i

/** Samples where something waits, or where use stands at its maximum again and again. */
export function saturated(metrics: readonly BundleRow[]): readonly BundleRow[] {
  const byName = Map.groupBy(
    metrics.filter(({ name = '', value }) => poolName.test(name) && value !== undefined),
    ({ name = '' }) => name,
  )
  const limits = new Map(
    [...byName]
      .filter(([name]) => /max|limit|size|capacity/i.test(name))
      .map(([name, rows]) => [name, Math.max(...rows.slice(0, 1000).map(({ value }) => Number(value)))]),
  )
  const found: BundleRow[] = []
  for (const [name, rows] of byName) {
    if (limits.has(name)) continue
    if (waits.test(name)) found.push(...rows.filter(({ value }) => Number(value) > 0))
    else if (inUse.test(name)) {
      const isRatio = rows.every(({ value }) => Number(value) <= 1) || /util|satur|percent|ratio/i.test(name)
      const top = rows.reduce((most, { value }) => Math.max(most, Number(value)), 0)
      const own = [...limits].find(([limit]) => limit.split(/[_.]/)[0] === name.split(/[_.]/)[0])?.[1]
      const limit = own ?? (isRatio ? (top > 1.5 ? 95 : 0.95) : undefined)
      if (limit !== undefined) found.push(...rows.filter(({ value }) => Number(value) >= limit))
      else {
        const atTop = rows.filter(({ value }) => Number(value) === top)
        if (top > 0 && atTop.length >= 3 && atTop.length < rows.length * 0.5) found.push(...atTop)
      }
    }
  }
  return found
}
