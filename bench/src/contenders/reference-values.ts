import { orderOf } from './operations.ts'
import { type ReferenceRow, type Row, templateNumber } from './reference-row.ts'

/** What differs between operations. */
interface Fresh {
  readonly n: number
  /** Where the entry lies in the index of keys: neighbours lie together, as the product's refs do. */
  readonly place: string
  /** Text as random as a digest's. */
  readonly random: string
  readonly nowMs: number
}

type Maker = (fresh: Fresh) => unknown

const placeLength = 4
const neighbours = 100

/** Columns whose text is other for every operation, beside those that hold its number and its times. */
export const randomColumns: readonly string[] = ['owner', 'fingerprint', 'settled_digest']

/**
 * The values of a reference's rows: those of the row it was made after, but unique, timed and placed as the product
 * would. Cheap, because making values is not what a reference is measured for.
 */
export class ReferenceValues {
  readonly #inserted: readonly Maker[]
  readonly #updated: readonly Maker[]
  readonly #where: readonly Maker[]
  #state = 0x9e3779b9
  #block = -1
  #place = ''

  constructor({ inserted, claimed, changed, settled }: ReferenceRow) {
    const sinceMs = Number(claimed['claimed_at_ms'])
    this.#inserted = inserted.map((name) => makerOf(name, claimed, sinceMs))
    this.#updated = changed.map((name) => makerOf(name, settled, sinceMs))
    this.#where = ['ref', 'owner', 'attempt'].map((name) => makerOf(name, claimed, sinceMs))
  }

  /** Values for the INSERT (the columns that a claim fills) and for the UPDATE (what changes; then ref, owner and attempt). */
  operation(n: number): { readonly ref: string; readonly inserted: unknown[]; readonly updated: unknown[] } {
    const fresh = this.#fresh(n)
    const where = this.#where.map((make) => make(fresh))
    return {
      ref: where[0] as string,
      inserted: this.#inserted.map((make) => make(fresh)),
      updated: [...this.#updated.map((make) => make(fresh)), ...where],
    }
  }

  #fresh(n: number): Fresh {
    this.#state = (Math.imul(this.#state ^ (this.#state >>> 15), 0x2c1b3c6d) + n) | 0
    const block = Math.floor(n / neighbours)
    if (block !== this.#block) {
      this.#block = block
      this.#place = ((Math.imul(block + 1, 0x9e3779b1) >>> 12) & 0xfffff)
        .toString(32)
        .padStart(placeLength, '0')
    }
    const random = (this.#state >>> 0).toString(16).padStart(8, '0') + n.toString(36).padStart(8, '0')
    return { n, place: this.#place, random, nowMs: Date.now() }
  }
}

function makerOf(name: string, row: Row, sinceMs: number): Maker {
  const value = row[name]
  if (name.endsWith('_ms') && value !== null && Number(value) > 1e12) {
    const offsetMs = Number(value) - sinceMs
    return ({ nowMs }) => nowMs + offsetMs
  }
  if (typeof value !== 'string') return () => value
  if (name === 'ref') return ({ place, random }) => place + random.padEnd(value.length - placeLength, '0')
  if (randomColumns.includes(name)) return ({ random }) => random.padEnd(value.length, '0')
  const [before, after] = splitAtOrder(value)
  return after === undefined ? () => value : ({ n }) => `${before}${orderOf(n)}${after}`
}

/** Keys and subjects name the order: what stands before and after its number. */
export function splitAtOrder(text: string): readonly [string, string | undefined] {
  const [before = '', after] = text.split(String(orderOf(templateNumber)))
  return [before, after]
}
