import { expect, it } from 'vitest'
import { drills } from '../../src/drills/catalogue.ts'
import type { PlaceKind } from '../../src/drills/places/place.ts'
import { seed, size, useDrills } from './places.ts'
import { planIn, recounted, signalsIn } from './recounted.ts'

const minute = 60_000

/** Each drill holds on the store, reaches what it must, and its evidence comes to the numbers of its report. */
export function describeHolds(kind: PlaceKind, share: number): void {
  const hold = useDrills()
  const all = drills.filter(({ stores }) => stores.includes(kind)).map(({ id }) => id)
  // The short run takes another share of them each time; `npm run verify` all.
  const ids = size === 'small' ? all.filter((_, index) => index % share === seed % share) : all

  it.each(ids)(`%s holds on ${kind}`, { timeout: 30 * minute }, async (id) => {
    const result = await hold(id, kind)
    const { invariants, violations, faults, durationMs, evidence } = result
    for (const [name, residual] of Object.entries(result.residuals ?? {}))
      console.log(`${name}: ${JSON.stringify(residual)}`)
    console.log(
      `${id} on ${kind}: ${faults} faults, ${JSON.stringify(invariants)} in ${durationMs} ms (seed ${seed})`,
    )
    expect(violations ?? []).toEqual([])
    const mustReach = drills.find((drill) => drill.id === id)?.mustReach ?? []
    expect(invariants).toEqual(Object.fromEntries(mustReach.map((check) => [check, 'held'])))
    expect(result.held).toBe(true)
    expect(result).toMatchObject({ ...recounted(evidence), duplicated: 0, lost: 0 })
    expect(signalsIn(evidence)).toContain('SIGKILL')
    expect(planIn(evidence)).toMatchObject({ drill: id, seed })
  })
}
