import * as fc from 'fast-check'
import type { EntryState } from '../../src/ledger/entry.ts'

/*
 * What the model test does to two stores, as plain data: fast-check prints it and shrinks it. Requests name the row by
 * an index and the owner by "who", so that the same command means the same to both stores.
 */

/** Which entry: an index into a few keys, so that commands meet. */
export type Key = number
/** The row's owner now, the owner of the attempt before, or somebody else. */
export type Who = 'owner' | 'former' | 'stranger'

export interface ClaimItem {
  readonly key: Key
  readonly to: 'claimed' | 'started'
  readonly isLong: boolean
  readonly retains: boolean
  /** Absent: an insert. Present: a takeover whose expectation is off by so much. */
  readonly takeover?: {
    readonly attemptOff: number
    readonly revOff: number
    readonly raisesAttempt: boolean
    readonly round: number
    readonly earlierUnknown: boolean
    readonly keepsFirstSend: boolean
  }
}

export interface SettleItem {
  readonly key: Key
  readonly who: Who
  readonly attemptOff: number
  /** 1: the owner's next write. 0: the number of its last one. Less: an old one. */
  readonly writeOff: number
  readonly to: Exclude<EntryState, 'tombstone'>
  readonly endsLease: boolean
  readonly round: number
  readonly earlierUnknown: boolean
  readonly valueKept: boolean
  readonly value: Uint8Array | null
  readonly error: string | null
  readonly steps: number | null
  /** The digest of the owner's last write: this is that write once more. */
  readonly repeats: boolean
  /** The row that the owner says it knew: none, the one there is, or the one of a command before. */
  readonly knows: 'nothing' | 'row' | 'former row'
}

export interface RenewItem {
  readonly key: Key
  readonly who: Who
  readonly attemptOff: number
  readonly isLong: boolean
}

export interface ResolveItem {
  readonly key: Key
  readonly attemptOff: number
  readonly revOff: number
  readonly to: 'succeeded' | 'failed' | 'released' | 'in_doubt'
  readonly value: Uint8Array | null
  readonly error: string | null
  readonly by: string | null
  readonly steps: number | null
}

export interface RecallItem {
  readonly key: Key
  /** Which of the rows that were seen of this entry, counted back from the last. */
  readonly back: number
  readonly isOwners: boolean
  readonly attemptOff: number
  readonly writeOff: number
  readonly isOfEarlierEpoch: boolean
  readonly state: Exclude<EntryState, 'tombstone'> | null
}

export type Command =
  | { readonly do: 'claim'; readonly items: readonly ClaimItem[] }
  | { readonly do: 'settle'; readonly items: readonly SettleItem[] }
  | { readonly do: 'renew'; readonly items: readonly RenewItem[] }
  | { readonly do: 'resolve'; readonly items: readonly ResolveItem[] }
  | {
      readonly do: 'list'
      readonly states: readonly EntryState[] | null
      readonly subject: number | null
      readonly lapsed: boolean
      readonly limit: number
    }
  | { readonly do: 'recall'; readonly items: readonly RecallItem[] }
  /** A failover that loses rows: they are gone, and another lineage begins. */
  | { readonly do: 'lose'; readonly keys: readonly Key[] }
  | { readonly do: 'twins' }
  | { readonly do: 'purge'; readonly limit: number; readonly tombstones: 'stay' | 'go' | 'wait' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'reopen' }

export const keyCount = 4

const key = fc.nat({ max: keyCount - 1 })
const who = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Who>('owner') },
  fc.constantFrom<Who>('former', 'stranger'),
)
/** Mostly right, sometimes off by one. */
const off = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1))
const value = fc.option(fc.uint8Array({ maxLength: 12 }))
const text = fc.option(
  fc.string({ unit: 'binary', maxLength: 8 }).map((given) => given.replaceAll('\u0000', '0')),
)
const round = fc.nat({ max: 2 })
const steps = fc.option(fc.nat({ max: 3 }))

const claim: fc.Arbitrary<ClaimItem> = fc
  .record({
    key,
    to: fc.constantFrom('claimed', 'started'),
    isLong: fc.boolean(),
    retains: fc.boolean(),
    takeover: fc.option(
      fc.record({
        attemptOff: off,
        revOff: off,
        raisesAttempt: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
        round,
        earlierUnknown: fc.boolean(),
        keepsFirstSend: fc.boolean(),
      }),
      { freq: 2 },
    ),
  })
  .map(({ takeover, ...item }) => ({ ...item, ...(takeover === null ? {} : { takeover }) }))

const settle: fc.Arbitrary<SettleItem> = fc.record({
  key,
  who,
  attemptOff: off,
  writeOff: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, fc.constantFrom(-1, 0, 2)),
  to: fc.constantFrom('claimed', 'started', 'started', 'released', 'succeeded', 'failed', 'in_doubt'),
  endsLease: fc.boolean(),
  round,
  earlierUnknown: fc.boolean(),
  valueKept: fc.boolean(),
  value,
  error: text,
  steps,
  knows: fc.constantFrom('nothing', 'row', 'row', 'former row'),
  repeats: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
})

const renew: fc.Arbitrary<RenewItem> = fc.record({ key, who, attemptOff: off, isLong: fc.boolean() })

const resolve: fc.Arbitrary<ResolveItem> = fc.record({
  key,
  attemptOff: off,
  revOff: off,
  to: fc.constantFrom('succeeded', 'failed', 'released', 'in_doubt', 'in_doubt'),
  value,
  error: text,
  by: text,
  steps,
})

const recall: fc.Arbitrary<RecallItem> = fc.record({
  key,
  back: fc.nat({ max: 6 }),
  isOwners: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
  attemptOff: off,
  writeOff: off,
  isOfEarlierEpoch: fc.boolean(),
  state: fc.option(fc.constantFrom('claimed', 'started', 'released', 'succeeded', 'failed', 'in_doubt'), {
    freq: 2,
  }),
})

/** A batch holds an entry once. */
function batch<T extends { readonly key: Key }>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> {
  return fc.uniqueArray(item, { minLength: 1, maxLength: keyCount, selector: (one) => one.key })
}

const states = fc.option(
  fc.subarray<EntryState>(
    ['claimed', 'started', 'released', 'succeeded', 'failed', 'in_doubt', 'tombstone'],
    { minLength: 1 },
  ),
)

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('claim' as const), items: batch(claim) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('settle' as const), items: batch(settle) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const), items: batch(renew) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resolve' as const), items: batch(resolve) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('recall' as const), items: batch(recall) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('lose' as const),
      keys: fc.uniqueArray(key, { maxLength: keyCount }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      states,
      subject: fc.option(fc.nat({ max: 1 })),
      lapsed: fc.boolean(),
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'twins' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('purge' as const),
      limit: fc.integer({ min: 1, max: 5 }),
      tombstones: fc.constantFrom('stay', 'go', 'wait'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 2000 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' } as const) },
)

export const commands: fc.Arbitrary<readonly Command[]> = fc.array(command, {
  minLength: 1,
  maxLength: 40,
  size: 'max',
})
