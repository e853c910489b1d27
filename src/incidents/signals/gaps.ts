import { durationText, shareText } from '../../reconcile/values/format.ts'
import { zoneOf } from '../bundle/clock.ts'
import type { SignalValue } from '../model.ts'
import { median } from './decisions.ts'
import type { Material, Measured, Measures } from './material.ts'
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
      const value = share >= 0.95 && medianMs < ttlMs * 10 ? true : share < 0.5 ? false : 'unknown'
      return {
        value,
        words: `${shareText(share)} of gaps exceed the lifetime of deduplication keys, ${durationText(ttlMs)}`,
        numbers: { medianMs, ttlMs, share },
      }
    })
  },
  'gap.one-hour-dst': oneHour,
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
  return { value, statement, found: [evidenceOf(base, statement, gapQuery(m))], numbers }
}

interface Explanation {
  readonly constants: readonly number[]
  /** Of the number. */
  readonly name: string
  readonly what: string
  readonly fits: (gapMs: number, constantMs: number) => boolean
}

/** Of several constants the one that explains most gaps. */
function explained(m: Material, { constants, name, what, fits }: Explanation): Measured {
  if (constants.length === 0) return unknown(`No ${what} is known.`)
  return overGaps(m, (gaps) => {
    const best = constants
      .map((constant) => ({ constant, yes: gaps.filter((gap) => fits(gap, constant)).length }))
      .toSorted((a, b) => b.yes - a.yes)[0] ?? { constant: 0, yes: 0 }
    return {
      value: m.decisions.byShare(best.yes, gaps.length),
      words: `${shareText(best.yes / gaps.length)} are explained by the ${what} of ${durationText(best.constant)}`,
      numbers: { medianMs: median(gaps), [name]: best.constant, share: best.yes / gaps.length },
    }
  })
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
