import { type Lineage, StoreFault, type Witness } from './store.ts'

/** The lineage that a server shows, and what else tells whether it is the history that is known. */
export interface FoundLineage {
  readonly lineage: Lineage
  /** True when the server is on another timeline than the one its lineage was begun on. */
  readonly isElsewhere: boolean
  /** True when nothing was lent on this way to the server before: then this server is where the way leads now. */
  readonly isFresh: boolean
}

/** What a handle on a store knows of its lineages. */
export class KnownLineages {
  readonly #left = new Set<string>()
  #newest: Lineage | undefined

  get newest(): Lineage | undefined {
    return this.#newest
  }

  get haveChanged(): boolean {
    return this.#left.size > 0
  }

  /** Goes on under `lineage`. */
  follow(lineage: Lineage): Lineage {
    if (this.#newest !== undefined && this.#newest.nonce !== lineage.nonce) this.#left.add(this.#newest.nonce)
    this.#newest = lineage
    return lineage
  }

  /**
   * What a writer does about what it finds:
   * - `follow`: it is the lineage that is known, or somebody has begun a later one.
   * - `begin`: rows may be missing, and nobody has said so yet: one with this epoch is to be begun.
   * - `stale`: a lineage that was left before, on an old connection: a primary that has been replaced.
   */
  judge({ lineage, isElsewhere, isFresh }: FoundLineage): Judgement {
    const known = this.#newest
    const epoch = Math.max(lineage.epoch, known?.epoch ?? 0) + 1
    if (this.#left.has(lineage.nonce)) return isFresh ? { kind: 'begin', epoch } : { kind: 'stale' }
    if (isElsewhere) return { kind: 'begin', epoch }
    if (known === undefined || known.nonce === lineage.nonce || lineage.epoch > known.epoch)
      return { kind: 'follow' }
    return { kind: 'begin', epoch }
  }
}

export type Judgement =
  | { readonly kind: 'follow' | 'stale' }
  | { readonly kind: 'begin'; readonly epoch: number }

/** For a write that named, or believed in, another lineage than the one that stands. Nothing of it was written. */
export function lineageConflict(location: string, lineage: Lineage): StoreFault {
  return new StoreFault(
    'conflict',
    `${location}: the store's lineage has changed to epoch ${lineage.epoch}`,
    {
      lineage,
    },
  )
}

export function isSameLineage(one: Lineage, other: Lineage): boolean {
  return one.epoch === other.epoch && one.nonce === other.nonce
}

/** Whether a row that was acknowledged is not there any more, or only an older one. */
export function isMissing({ rev, untilMs }: Witness, revNow: number | undefined, nowMs: number): boolean {
  return revNow === undefined ? nowMs < untilMs : revNow < rev
}
