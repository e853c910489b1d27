import { join } from 'node:path'
import { builtInCatalogue } from '../../../src/incidents/catalogue/catalogue.ts'
import { examineBundle } from '../../../src/incidents/examine.ts'
import type { Triage } from '../../../src/incidents/triage-shape.ts'
import { triage } from '../../../src/incidents/triage.ts'
import { folder } from './read.ts'

const kept = new Map<string, Promise<Triage>>()

/** What triage makes of a bundle; each is read once. */
export function triaged(bundle: string): Promise<Triage> {
  const known = kept.get(bundle)
  if (known !== undefined) return known
  const found = examineBundle(join(folder, bundle)).then((examination) =>
    triage(examination, { catalogue: builtInCatalogue() }),
  )
  kept.set(bundle, found)
  return found
}
