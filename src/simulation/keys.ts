import { refOf } from '../kernel/ids.ts'
import { canonicalJson, fingerprintOf } from '../kernel/json.ts'
import { encodeKey } from '../ledger/key.ts'

/** Every run works the same few keys, so what is derived from them is derived once. */
export const operation = 'work'
export const maxKeys = 3
export const maxInputs = 2

export interface KeyNames {
  readonly name: string
  readonly ref: string
  /** By input. */
  readonly fingerprints: readonly string[]
}

export function inputOf(input: number): { readonly n: number } {
  return { n: input }
}

export const keys: readonly KeyNames[] = Array.from({ length: maxKeys }, (_, index) => ({
  name: `k${index}`,
  ref: refOf('default', operation, encodeKey(`k${index}`)),
  fingerprints: Array.from({ length: maxInputs }, (_nothing, input) =>
    fingerprintOf(canonicalJson(inputOf(input))),
  ),
}))

const byRef = new Map(keys.map((key) => [key.ref, key]))

export function labelOf(ref: string): string {
  return byRef.get(ref)?.name ?? ref
}

/** What is to happen once: the entry's effect, or a step's. */
export function unitOf(key: number, step?: string): string {
  return step === undefined ? `k${key}` : `k${key}/${step}`
}

/** The keyed step that comes before the last one. */
export const firstStep = 'pay'
export const lastStep = 'ship'

export function unitsOf(key: number, isStepped: boolean): readonly string[] {
  return isStepped ? [unitOf(key, firstStep), unitOf(key, lastStep)] : [unitOf(key)]
}
