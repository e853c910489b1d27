import { durationText, shareText } from '../../reconcile/values/format.ts'
import { zoneOf } from '../bundle/clock.ts'
import type { LoadedSource } from '../bundle/row.ts'
import type { SignalValue } from '../model.ts'
import { median } from './decisions.ts'
import { keysEvicted, keysExpired } from './dedupe-words.ts'
import { type Material, type Measured, type Measures, textOf } from './material.ts'
import { gapOf } from './groups.ts'
import { gapQuery, gapsOf } from './pairs.ts'
import { evidenceOf, unknown } from './saying.ts'

/** What the time between two effects of one reference is equal to. */
export const gapMeasures: Measures = {
  'gap.minutes': (m) =>
    overGaps(m, (gaps) => {
      const medianMs = median(gaps)
      const near = gaps.filter((gap) => Math.abs(gap - medianMs) <= medianMs * 0.1).length / gaps.length
      const isPerson = medianMs >= 30_000 && medianMs <= 3_600_000 && near < 0.6
      return {
        value: isPerson,
        words: `the median is ${durationText(medianMs)} and ${shareText(near)} of gaps lie within 10 % of it`,
        numbers: { medianMs },
      }
    }),
  'gap.fixed': (m) =>
    overGaps(m, (gaps) => {
      const medianMs = median(gaps)
      const share = gaps.filter((gap) => Math.abs(gap - medianMs) <= medianMs * 0.1).length / gaps.length
      const value = share >= 0.6 && medianMs >= 500 ? true : share < 0.3 || medianMs < 500 ? false : 'unknown'
      return {
        value,
        words: `${shareText(share)} of gaps lie within 10 % of their median, ${durationText(medianMs)}`,
        numbers: { medianMs, share },
      }
    }),
  'gap.client-timeout': clientTimeout,
  'gap.lease': (m) => {
    const leases = m.known('leaseMs')
    return explained(m, { constants: leases, name: 'leaseMs', what: 'lease', fits: m.decisions.isJustAbove })
  },
  'gap.period': (m) =>
    explained(m, {
      constants: m.known('cronPeriodMs'),
      name: 'periodMs',
      what: 'period',
      fits: m.decisions.isMultiple,
    }),
  'gap.beyond-ttl': (m) => {
    const [ttlMs] = m.known('dedupeTtlMs')
    if (ttlMs === undefined) return unknown('No lifetime of deduplication keys is known.')
    return overGaps(m, (gaps) => {
      const medianMs = median(gaps)
      const share = gaps.filter((gap) => gap > ttlMs).length / gaps.length
      const isBeyond = share >= 0.95 && medianMs < ttlMs * 10
      // Keys that had to make room lived shorter than they were meant to, nobody knows by how much.
      const isWithin = share < 0.5 && !hasEvictions(m)
      return {
        value: isBeyond ? true : isWithin ? false : 'unknown',
        words: `${shareText(share)} of gaps exceed the lifetime of deduplication keys, ${durationText(ttlMs)}${share < 0.5 && !isWithin ? ', but keys were evicted' : ''}`,
        numbers: { medianMs, ttlMs, share },
      }
    })
  },
  'gap.one-hour-dst': oneHour,
}

function hasEvictions(m: Material): boolean {
  return m
    .said(keysExpired, 'log', 'metrics')
    .some((row) => keysEvicted.test(textOf(row)) && (row.value === undefined || Number(row.value) !== 0))
}

interface Judged {
  readonly value: SignalValue
  readonly words: string
  readonly numbers: Readonly<Record<string, number>>
}

function overGaps(m: Material, judge: (gaps: readonly number[]) => Judged): Measured {
  const gaps = gapsOf(m)
  const { base } = m.groups
  if (base === undefined || gaps.length < 3)
    return unknown('Fewer than three duplicate references have times to compare.')
  const { value, words, numbers } = judge(gaps)
  const statement = `Of the gaps of ${gaps.length} duplicate references ${words}.`
  return { value, statement, found: [evidenceOf(base, statement, gapQuery(base))], numbers }
}

interface Explanation {
  readonly constants: readonly number[]
  /** Of the number. */
  readonly name: string
  readonly what: string
  readonly fits: (gapMs: number, constantMs: number) => boolean
}

/**
 * Of several constants the one that explains most gaps; of several sides the one whose gaps are explained best. The time
 * between two effects is not that between what asked for them where the work takes its own time.
 */
function explained(m: Material, { constants, name, what, fits }: Explanation): Measured {
  if (constants.length === 0) return unknown(`No ${what} is known.`)
  const tried = gapsBySide(m).flatMap(({ source, gaps }) =>
    gaps.length < 3
      ? []
      : constants.map((constant) => ({
          source,
          gaps,
          constant,
          yes: gaps.filter((gap) => fits(gap, constant)).length,
        })),
  )
  const [best] = tried.toSorted((a, b) => b.yes / b.gaps.length - a.yes / a.gaps.length)
  if (best === undefined) return unknown('Fewer than three duplicate references have times to compare.')
  const { source, gaps, constant, yes } = best
  const share = yes / gaps.length
  const statement = `Of the gaps of ${gaps.length} duplicate references in ${source.id} ${shareText(share)} are explained by the ${what} of ${durationText(constant)}.`
  return {
    value: m.decisions.byShare(yes, gaps.length),
    statement,
    found: [evidenceOf(source, statement, gapQuery(source))],
    numbers: { medianMs: median(gaps), [name]: constant, share },
  }
}

interface SideGaps {
  readonly source: LoadedSource
  readonly gaps: readonly number[]
}

function gapsBySide(m: Material): readonly SideGaps[] {
  const { base, list } = m.groups
  if (base === undefined) return []
  const others = (['requests', 'deliveries'] as const).flatMap((side) => {
    const gaps = list.flatMap((group) => gapOf({ rows: group[side] }) ?? [])
    const id = list.flatMap((group) => group[side]).find(({ at }) => at !== undefined)?.source
    const source = m.sources.find((one) => one.id === id)
    return source === undefined || source === base ? [] : [{ source, gaps }]
  })
  return [{ source: base, gaps: gapsOf(m) }, ...others]
}

function clientTimeout(m: Material): Measured {
  const timeouts = m.known('clientTimeoutMs')
  const delays = m.known('retryDelaysMs')
  if (timeouts.length === 0) return unknown('No timeout of a caller is known.')
  const sums = timeouts.flatMap((timeout) => [timeout, ...delays.map((delay) => timeout + delay)])
  const measured = explained(m, {
    constants: sums,
    name: 'timeoutMs',
    what: 'timeout (alone or with a retry delay)',
    fits: m.decisions.isJustAbove,
  })
  return measured
}

/** Zones of Europe, of the USA, and those that the bundle names. */
function oneHour(m: Material): Measured {
  return overGaps(m, (gaps) => {
    const medianMs = median(gaps)
    const hours = gaps.filter((gap) => Math.abs(gap - 3_600_000) <= 72_000).length
    const isHour = m.decisions.byShare(hours, gaps.length) === true
    const zones = [
      'Europe/Berlin',
      'Europe/London',
      'America/New_York',
      'America/Los_Angeles',
      ...m.sources.flatMap(({ spec }) => (spec.zone?.includes('/') === true ? [spec.zone] : [])),
    ]
    const from = m.groups.list[0]?.rows[0]?.at ?? m.window.fromMs
    const changed = zones.filter((zone) => offsetDiffers(zone, from))
    return {
      value: isHour && changed.length > 0,
      words: `${shareText(hours / gaps.length)} are one hour, and ${changed.length === 0 ? 'no zone looked at changes its offset that day' : `${changed.join(', ')} change their offset that day`}`,
      numbers: { medianMs },
    }
  })
}

function offsetDiffers(zone: string, ms: number): boolean {
  const offsetAt = zoneOf(zone, 'zone')
  return offsetAt(ms - 43_200_000) !== offsetAt(ms + 43_200_000)
}

/** The times between requests of one reference, in their order. */
export function intervalsOf(times: readonly number[]): number[] {
  return times.slice(1).map((at, index) => at - (times[index] ?? at))
}
