import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { count } from '../../kernel/check.ts'
import { messageOf, OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { makeRunFolder } from '../../testing/run-folder.ts'
import type { DrillReport, DrillResult } from '../report.ts'
import type { DrillOptions } from '../run-drills.ts'
import { parseTarget, runTargetDrill } from './run-target.ts'
import type { DrillTarget, TargetDrillInfo } from './target.ts'
import { type TargetDrill, targetDrills } from './target-drills.ts'

export type TargetOptions = Pick<DrillOptions, 'drills' | 'seed' | 'folder' | 'signal' | 'onProgress'>

export function listTargetDrills(): readonly TargetDrillInfo[] {
  return targetDrills.map(({ id, fault }) => ({ id, fault }))
}

/**
 * Puts a service of your own through drills: `target`, or the path of a module that exports it. Never rejects because
 * something is broken. Throws `OPTION_INVALID` (nothing was started).
 */
export async function runTargetDrills(
  target: DrillTarget | string,
  options: TargetOptions = {},
): Promise<DrillReport> {
  const chosen = chooseDrills(options.drills)
  const seed = count(options.seed ?? Math.floor(Math.random() * 2 ** 32), 'seed', {
    min: 0,
    max: 2 ** 32 - 1,
  })
  const parsed = parseTarget(typeof target === 'string' ? await loadTarget(target) : target)
  const name = parsed.name ?? (typeof target === 'string' ? basename(target) : 'target')
  const folder = makeRunFolder(options.folder ?? '.onceward/drills', 'drill').path
  const { signal, onProgress } = options
  const drills: DrillResult[] = []
  for (const drill of chosen) {
    const { id } = drill
    const evidence = join(folder, `${id}-target`)
    onProgress?.({ kind: 'begun', id, store: name, evidence })
    const result = await runTargetDrill(drill, {
      target: parsed,
      name,
      folder: evidence,
      seed,
      ...(signal === undefined ? {} : { signal }),
      say: (text) => onProgress?.({ kind: 'doing', id, store: name, text }),
    })
    drills.push(result)
    onProgress?.({ kind: 'ended', result })
  }
  return { seed, drills, skipped: [] }
}

async function loadTarget(path: string): Promise<unknown> {
  try {
    const loaded = (await import(pathToFileURL(resolve(path)).href)) as {
      target?: unknown
      default?: unknown
    }
    return loaded.target ?? loaded.default
  } catch (error) {
    throw new OncewardError('OPTION_INVALID', `The module ${path} could not be loaded: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function chooseDrills(ids: readonly string[] | undefined): readonly TargetDrill[] {
  if (ids === undefined || ids.length === 0) return targetDrills
  const known = targetDrills.map(({ id }) => id)
  const unknown = ids.find((id) => !known.includes(id))
  if (unknown !== undefined)
    throw optionInvalid('drill', `with a target, one of ${known.join(', ')}`, unknown)
  return targetDrills.filter(({ id }) => ids.includes(id))
}
