import { OncewardError } from '../../kernel/errors.ts'
import { canonicalJson, fingerprintOf, type Json } from '../../kernel/json.ts'
import { attemptCauses } from './attempts.ts'
import type { Catalogue, Cause, Fix, Mitigation } from './cause.ts'
import { checkCause, checkFix, checkMitigation } from './check.ts'
import { jobCauses } from './jobs.ts'
import { lossCauses } from './losses.ts'
import { neitherCauses } from './neither.ts'
import { fixes, mitigations } from './remedies.ts'
import { workerCauses } from './workers.ts'

export interface Entries {
  readonly causes: readonly Cause[]
  readonly mitigations: readonly Mitigation[]
  readonly fixes: readonly Fix[]
}

/** Checks the entries each by itself and against one another. Throws `OPTION_INVALID`. */
export function makeCatalogue(entries: Entries): Catalogue {
  const causes = sorted(entries.causes.map((cause) => checkCause(cause, `cause ${cause.id}`)))
  const actions = sorted(entries.mitigations.map((each) => checkMitigation(each, `mitigation ${each.id}`)))
  const changes = sorted(entries.fixes.map((fix) => checkFix(fix, `fix ${fix.id}`)))
  refuseTwice(
    [...causes, ...actions, ...changes].map(({ id }) => id),
    'id',
  )
  refuseTwice(
    causes.map(({ test }) => test.step),
    'step',
  )
  for (const cause of causes) {
    refuseUnknown(cause.mitigations, actions, `cause ${cause.id}: mitigation`)
    refuseUnknown(cause.fixes, changes, `cause ${cause.id}: fix`)
  }
  const content = { causes, mitigations: actions, fixes: changes }
  return { ...content, digest: fingerprintOf(canonicalJson(content as unknown as Json)) }
}

/** The catalogue that comes with Onceward, with entries of one's own added. */
export function catalogueWith(own: Entries): Catalogue {
  return makeCatalogue({
    causes: [...attemptCauses, ...workerCauses, ...jobCauses, ...lossCauses, ...neitherCauses, ...own.causes],
    mitigations: [...mitigations, ...own.mitigations],
    fixes: [...fixes, ...own.fixes],
  })
}

export function builtInCatalogue(): Catalogue {
  return catalogueWith({ causes: [], mitigations: [], fixes: [] })
}

function sorted<T extends { readonly id: string }>(entries: readonly T[]): readonly T[] {
  const order = (id: string): string => id.replace(/\d+/, (digits) => digits.padStart(6, '0'))
  return entries.toSorted((a, b) => (order(a.id) < order(b.id) ? -1 : 1))
}

function refuseTwice(names: readonly string[], what: string): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    throw new OncewardError('OPTION_INVALID', `The ${what} ${twice} is in the catalogue twice.`)
}

function refuseUnknown(
  ids: readonly string[],
  entries: readonly { readonly id: string }[],
  what: string,
): void {
  const unknown = ids.find((id) => !entries.some((entry) => entry.id === id))
  if (unknown !== undefined)
    throw new OncewardError('OPTION_INVALID', `${what} ${unknown} is not in the catalogue.`)
}
