import { join } from 'node:path'
import { count } from '../kernel/check.ts'
import { isOncewardError, messageOf, optionInvalid } from '../kernel/errors.ts'
import { makeRunFolder } from '../testing/run-folder.ts'
import { drills as catalogue } from './catalogue.ts'
import type { DrillSize } from './checks.ts'
import type { Drill } from './drill.ts'
import { recount } from './evidence.ts'
import type { PlaceKind } from './places/place.ts'
import { type Places, throwawayPlaces, usersPlaces } from './places/places.ts'
import type { DrillReport, DrillResult, SkippedDrill } from './report.ts'
import { runDrill } from './run-drill.ts'

export interface DrillOptions {
  /** Ids of drills; default: all. */
  readonly drills?: readonly string[]
  /** A store of your own, `sqlite:./file.db` or `postgres://…`. Default: throw-away ones of both kinds. */
  readonly store?: string
  /** 0 to 2^32 - 1: the same seed gives the same faults. Default: another one each time, told in the report. */
  readonly seed?: number
  /** How often the failover drills fail over. Default 2. */
  readonly failovers?: number
  /** How much is tried. Default `whole`. */
  readonly size?: DrillSize
  /** Where evidence is kept, a folder for each run. Default `.onceward/drills`. */
  readonly folder?: string
  /** Aborted: everything that was started is ended, and `runDrills` rejects with the reason. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: DrillProgress) => void
}

export type DrillProgress =
  | { readonly kind: 'begun'; readonly id: string; readonly store: string; readonly evidence: string }
  /** What is going on. */
  | { readonly kind: 'doing'; readonly id: string; readonly store: string; readonly text: string }
  | { readonly kind: 'ended'; readonly result: DrillResult }
  | { readonly kind: 'skipped'; readonly skipped: SkippedDrill }

/** One drill as `onceward drill --list` shows it. */
export interface DrillInfo {
  readonly id: string
  readonly fault: string
  readonly stores: readonly PlaceKind[]
  readonly mustReach: readonly string[]
}

export function listDrills(): readonly DrillInfo[] {
  return catalogue.map(({ id, fault, stores, mustReach }) => ({ id, fault, stores, mustReach }))
}

/**
 * Holds drills, one after the other, each on every kind of store that it applies to. Never rejects because an invariant
 * is broken: the report says so. Throws `OPTION_INVALID`, `STORE_UNAVAILABLE` and its kin (nothing was started).
 */
export async function runDrills(options: DrillOptions = {}): Promise<DrillReport> {
  const chosen = chooseDrills(options.drills)
  const seed = count(options.seed ?? Math.floor(Math.random() * 2 ** 32), 'seed', {
    min: 0,
    max: 2 ** 32 - 1,
  })
  count(options.failovers ?? 2, 'failovers', { min: 1, max: 1000 })
  const places = options.store === undefined ? throwawayPlaces() : await usersPlaces(options.store)
  const folder = makeRunFolder(options.folder ?? '.onceward/drills', 'drill').path
  const drills: DrillResult[] = []
  const skipped: SkippedDrill[] = []
  const skip = (one: SkippedDrill): void => {
    skipped.push(one)
    options.onProgress?.({ kind: 'skipped', skipped: one })
  }
  try {
    for (const drill of chosen) {
      const kinds = places.kinds.filter((kind) => drill.stores.includes(kind))
      if (kinds.length === 0) {
        const store = places.kinds.join(', ')
        skip({
          id: drill.id,
          store,
          why: `its fault does not exist there: it is for ${drill.stores.join(', ')}`,
        })
      }
      for (const kind of kinds) {
        const held = await holdOn({ drill, kind, places, seed, folder, options })
        if ('why' in held) skip(held)
        else drills.push(held)
      }
    }
  } finally {
    await places.close()
  }
  return { seed, drills, skipped }
}

interface Holding {
  readonly drill: Drill
  readonly kind: PlaceKind
  readonly places: Places
  readonly seed: number
  readonly folder: string
  readonly options: DrillOptions
}

async function holdOn(holding: Holding): Promise<DrillResult | SkippedDrill> {
  const { drill, kind, places, seed, options } = holding
  const { id } = drill
  const { signal, onProgress } = options
  const evidence = join(holding.folder, `${id}-${kind}`)
  const beganAtMs = performance.now()
  const place = await places.make(kind).catch((error: unknown) => {
    if (isOncewardError(error) && error.code === 'DEPENDENCY_MISSING') return error.message
    throw error
  })
  if (typeof place === 'string') return { id, store: kind, why: place }
  const store = place.name
  try {
    const why = drill.skips?.(place)
    if (why !== undefined) return { id, store, why }
    onProgress?.({ kind: 'begun', id, store, evidence })
    const result = await runDrill(drill, {
      place,
      folder: evidence,
      seed,
      ...(options.size === undefined ? {} : { size: options.size }),
      ...(options.failovers === undefined ? {} : { failovers: options.failovers }),
      ...(signal === undefined ? {} : { signal }),
      say: (text) => onProgress?.({ kind: 'doing', id, store, text }),
    }).catch((error: unknown) => {
      if (signal?.aborted === true) throw error
      const durationMs = Math.round(performance.now() - beganAtMs)
      return notHeld(drill, { store, evidence, durationMs, error: messageOf(error) })
    })
    onProgress?.({ kind: 'ended', result })
    return result
  } finally {
    await place.close()
  }
}

/** A drill that broke down has reached nothing. */
function notHeld(
  drill: Drill,
  about: Pick<DrillResult, 'store' | 'evidence' | 'durationMs'> & { readonly error: string },
): DrillResult {
  const invariants = Object.fromEntries(drill.mustReach.map((check) => [check, 'not-reached'] as const))
  return { id: drill.id, held: false, invariants, faults: 0, ...recount(about.evidence), ...about }
}

function chooseDrills(ids: readonly string[] | undefined): readonly Drill[] {
  if (ids === undefined || ids.length === 0) return catalogue
  const known = catalogue.map(({ id }) => id)
  const unknown = ids.find((id) => !known.includes(id))
  if (unknown !== undefined) throw optionInvalid('drill', `one of ${known.join(', ')}`, unknown)
  return catalogue.filter(({ id }) => ids.includes(id))
}
