import { describe, expect, it } from 'vitest'
import { drills } from '../../src/drills/catalogue.ts'
import type { PlaceKind } from '../../src/drills/places/place.ts'
import { seed, size, useDrills } from './places.ts'

const minute = 60_000

/** A drill, the store it is held on, a broken guard, and what must come of it. */
type Case = readonly [id: string, kind: PlaceKind, mutant: string, broken: readonly string[]]

/** Ordered so that every third one, from wherever, is of several faults: one failover, one crash or cut. */
const cases: readonly Case[] = [
  ['sync-failover', 'postgres', 'outcome-acknowledged-early', ['I7']],
  ['async-failover', 'postgres', 'recall-skipped', ['I7']],
  ['split-brain', 'postgres', 'recall-overwrites-newer-attempt', ['I5']],
  ['crash-each-await', 'sqlite', 'lapsed-blind-runs', ['I1', 'I5']],
  ['reply-cut', 'sqlite', 'every-error-means-not-done', ['I1']],
  ['request-cut', 'sqlite', 'unknown-counts-as-done', ['I2']],
  ['commit-reply-cut', 'postgres', 'claims-are-not-recognised', ['I8']],
  ['stampede', 'sqlite', 'checks-then-acts', ['I1']],
  ['forty-millisecond-race', 'sqlite', 'checks-then-acts', ['I1']],
  ['zombie-worker', 'sqlite', 'settles-unfenced', ['I4']],
  ['slow-effect', 'sqlite', 'no-heartbeat', ['I8']],
  ['payload-swap', 'sqlite', 'fingerprint-ignored', ['I6']],
  ['clock-jump', 'postgres', 'others-judge-by-their-own-clock', ['I8']],
  ['peer-forgets', 'sqlite', 'key-lifetime-ignored', ['I1']],
  ['disk-full', 'sqlite', 'outage-fails-open', ['I1', 'I5']],
  ['poison-result', 'sqlite', 'result-not-kept-frees-the-key', ['I1']],
  ['cancelled-commit', 'postgres', 'notices-are-ignored', ['I5', 'I7']],
]

/** A drill that does not notice a broken guard proves nothing. */
describe('a guard that is broken', () => {
  const hold = useDrills()
  const module = new URL('./mutations.ts', import.meta.url).href

  // Two to eight seconds each: the short run takes another third of them each time.
  const taken = cases.filter((_, index) => size !== 'small' || index % 3 === seed % 3)

  it.each(taken)('is found by %s on %s: %s', { timeout: minute }, async (...[id, kind, mutant, broken]) => {
    const result = await hold(id, kind, { size: 'small', mutation: { module, id: mutant } })
    console.log(
      `${id} finds ${mutant}: ${JSON.stringify(result.invariants)} in ${result.durationMs} ms (seed ${seed})`,
    )
    expect(result.held).toBe(false)
    const found = Object.entries(result.invariants).filter(([, verdict]) => verdict === 'broken')
    expect(found.map(([check]) => check)).toEqual(expect.arrayContaining([...broken]))
  })

  it('is there for every drill', () => {
    expect(new Set(cases.map(([id]) => id))).toEqual(new Set(drills.map(({ id }) => id)))
  })
})
