import type { Row } from '../sources/source.ts'

/** A key with its rows on either side: the cells behind the key (plan.ts: cellColumns). */
export interface KeyRows {
  readonly key: readonly string[]
  readonly left: readonly Row[]
  readonly right: readonly Row[]
}

export interface SideCount {
  /** With a key. */
  readonly rows: number
  readonly withoutKey: number
  /** The youngest time, where its column is named. */
  readonly latestMs: number | undefined
}

/** What an engine joins. */
export interface Joined {
  readonly engine: 'node' | 'duckdb' | 'postgres'
  readonly left: SideCount
  readonly right: SideCount
  /** Keys with more or less than one row on each side, or with one whose compared cells are not the same text. */
  others(this: void): AsyncIterable<KeyRows>
  close(this: void): Promise<void>
}

/** Which keys are looked at: of `follow`, those with a new row on either side, and those that were open. */
export interface Among {
  readonly leftSinceMs: number | undefined
  readonly rightSinceMs: number | undefined
  readonly keys: readonly (readonly string[])[]
}
