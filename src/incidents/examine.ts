import { type Bundle, readBundle } from './bundle/bundle.ts'
import type { LoadOptions } from './bundle/load.ts'
import { factsOf } from './bundle-facts.ts'
import { evidenceBook } from './evidence-book.ts'
import type { Examination, Signal, SignalSpec } from './model.ts'
import { signalSpecs } from './model.ts'
import type { Decisions } from './signals/decisions.ts'
import { type Material, materialOf, type Measured } from './signals/material.ts'
import { measures } from './signals/measures.ts'

/**
 * Reads a bundle and measures every signal on it. Throws `OPTION_INVALID` for what is wrong in its manifest; what cannot
 * be read of a source is said in the notes.
 */
export async function examineBundle(directory: string, options: LoadOptions = {}): Promise<Examination> {
  return examine(await readBundle(directory, options))
}

export function examine(bundle: Bundle, decisions?: Decisions): Examination {
  const material = materialOf(bundle, decisions)
  const book = evidenceBook()
  const facts = factsOf(material, book)
  const signals = signalSpecs.map((spec) => {
    const measured = settled(measuredOf(spec, material), spec, material)
    const evidence = (measured.found ?? []).map((found) => book.add(found))
    return signalOf(spec, measured, evidence)
  })
  return { bundle: facts, evidence: book.read(), signals }
}

function measuredOf(spec: SignalSpec, material: Material): Measured {
  const measure = measures[spec.id]
  if (measure === undefined) throw new Error(`no measure for the signal ${spec.id}`)
  return measure(material)
}

/** An absence counts only where a source that would show it was supplied and covers the window. */
export function settled(measured: Measured, spec: SignalSpec, material: Pick<Material, 'covers'>): Measured {
  if (measured.value !== false) return measured
  const lacking = spec.needs.find((kinds) => !kinds.some((kind) => material.covers(kind)))
  if (lacking === undefined && (measured.found ?? []).length > 0) return measured
  const why =
    lacking === undefined
      ? ''
      : ` No source of ${lacking.join(', ')} covers the window, so its absence says nothing.`
  return { ...measured, value: 'unknown', statement: `${measured.statement}${why}` }
}

function signalOf(spec: SignalSpec, measured: Measured, evidence: readonly string[]): Signal {
  const { value, statement, numbers, names } = measured
  const finite = Object.entries(numbers ?? {}).filter(([, number]) => Number.isFinite(number))
  return {
    id: spec.id,
    statement,
    class: spec.class,
    value,
    evidence: [...new Set(evidence)],
    ...(finite.length > 0 ? { numbers: Object.fromEntries(finite) } : {}),
    ...(names !== undefined && names.length > 0 ? { names } : {}),
  }
}
