import { join } from 'node:path'
import { afterAll } from 'vitest'
import { drills } from '../../src/drills/catalogue.ts'
import type { DrillSize } from '../../src/drills/checks.ts'
import type { Place, PlaceKind } from '../../src/drills/places/place.ts'
import { type Places, throwawayPlaces } from '../../src/drills/places/places.ts'
import type { DrillResult } from '../../src/drills/report.ts'
import { runDrill, type RunDrillOptions } from '../../src/drills/run-drill.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'

/** `small` in `npm test`; more in `npm run verify` and the long proof. */
export const size: DrillSize =
  { verify: 'whole' as const, full: 'full' as const }[process.env['ONCEWARD_TEST_SIZE'] ?? ''] ?? 'small'

export const seed: number = Number(process.env['ONCEWARD_TEST_SEED'] ?? Math.floor(Math.random() * 1_000_000))

const failovers = size === 'full' ? 20 : 2

type Hold = (id: string, kind: PlaceKind, more?: Partial<RunDrillOptions>) => Promise<DrillResult>

/** Holds drills on throw-away stores; the evidence stays until the file is over. */
export function useDrills(): Hold {
  const places: Places = throwawayPlaces()
  const evidence = makeTemporaryDirectory()
  let held = 0
  afterAll(async () => {
    await places.close()
    evidence.remove()
  })
  return async (id, kind, more = {}) => {
    const drill = drills.find((one) => one.id === id)
    if (drill === undefined) throw new Error(`there is no drill ${id}`)
    const place: Place = await places.make(kind)
    held += 1
    const folder = join(evidence.path, `${held}-${id}`)
    try {
      return await runDrill(drill, { place, folder, seed, size, failovers, ...more })
    } finally {
      await place.close()
    }
  }
}
