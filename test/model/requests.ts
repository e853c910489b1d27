import { refOf, sha256Text } from '../../src/kernel/ids.ts'
import type { Entry, StepsDocument } from '../../src/ledger/entry.ts'
import type {
  ClaimRequest,
  RecallRequest,
  RenewRequest,
  ResolveRequest,
  SettleRequest,
} from '../../src/ledger/store.ts'
import type { ClaimItem, Key, RecallItem, RenewItem, ResolveItem, SettleItem, Who } from './commands.ts'

/** What the commands of one run are made of: the rows of the reference before the command, and a count. */
export interface Moment {
  readonly rows: ReadonlyMap<string, Entry>
  /** The same, before the command before. */
  readonly formerRows: ReadonlyMap<string, Entry>
  /** Every row that was seen after a command, by ref, the last one at the end. */
  readonly seen: ReadonlyMap<string, readonly Entry[]>
  /** Owners by ref and attempt. */
  readonly owners: ReadonlyMap<string, string>
  /** Number of the command: makes owners and digests unique. */
  readonly at: number
}

/** Leases and retentions that are over at once, or not within a run. */
const long = 1_000_000_000

export function refOfKey(key: Key): string {
  return refOf('model', operationOf(key), `key-${key}`)
}

function operationOf(key: Key): string {
  return key < 3 ? 'charge' : 'mail'
}

export function claimRequest(item: ClaimItem, moment: Moment): ClaimRequest {
  const { key, takeover } = item
  const ref = refOfKey(key)
  const row = moment.rows.get(ref)
  return {
    ref,
    scope: 'model',
    operation: operationOf(key),
    key: `key-${key}`,
    // Two of the keys are twins, one has no subject.
    ...(key === 3 ? {} : { subject: 'order:0' }),
    fingerprint: key === 2 ? '' : sha256Text('10 EUR'),
    safety: key === 1 ? 'blind' : key === 2 ? 'transactional' : 'keyed',
    to: item.to,
    owner: ownerToken(ref, moment),
    leaseMs: item.isLong ? long : 0,
    retainMs: item.retains ? long : 0,
    ...(takeover === undefined
      ? {}
      : {
          expect: {
            attempt: (row?.attempt ?? 1) + takeover.attemptOff,
            rev: (row?.rev ?? 1) + takeover.revOff,
            raisesAttempt: takeover.raisesAttempt,
            round: takeover.round,
            earlierUnknown: takeover.earlierUnknown,
            keepsFirstSend: takeover.keepsFirstSend,
          },
        }),
  }
}

export function settleRequest(item: SettleItem, moment: Moment): SettleRequest {
  const { key, who, attemptOff, writeOff, repeats, knows, value, error, steps, to, ...rest } = item
  const ref = refOfKey(key)
  const row = moment.rows.get(ref)
  const digest =
    repeats && row?.settledDigest !== undefined ? row.settledDigest : sha256Text(`${ref} ${moment.at}`)
  const known = knows === 'nothing' ? undefined : (knows === 'row' ? moment.rows : moment.formerRows).get(ref)
  return {
    ...rest,
    ref,
    ...(known === undefined ? {} : { known }),
    to,
    owner: ownerOf(ref, who, moment),
    attempt: (row?.attempt ?? 1) + attemptOff,
    ownerWrite: (row?.ownerWrite ?? 0) + (repeats ? 0 : writeOff),
    digest,
    ...(value === null ? {} : { value }),
    ...(error === null ? {} : { error: { code: 'MODEL', message: error } }),
    ...(steps === null ? {} : { steps: stepsOf(steps) }),
    ...(to === 'in_doubt' ? { why: error ?? 'no reason' } : {}),
  }
}

export function renewRequest({ key, who, attemptOff, isLong }: RenewItem, moment: Moment): RenewRequest {
  const ref = refOfKey(key)
  const attempt = (moment.rows.get(ref)?.attempt ?? 1) + attemptOff
  return { ref, owner: ownerOf(ref, who, moment), attempt, leaseMs: isLong ? long : 0 }
}

export function resolveRequest(item: ResolveItem, moment: Moment): ResolveRequest {
  const { key, attemptOff, revOff, to, value, error, by, steps } = item
  const ref = refOfKey(key)
  const row = moment.rows.get(ref)
  return {
    ref,
    expect: { attempt: (row?.attempt ?? 1) + attemptOff, rev: (row?.rev ?? 1) + revOff },
    to,
    valueKept: value !== null,
    ...(value === null ? {} : { value }),
    ...(error === null ? {} : { error: { code: 'MODEL', message: error } }),
    ...(to === 'in_doubt' ? { why: error ?? 'no reason' } : {}),
    ...(by === null ? {} : { resolution: { by, because: `${by} says so` } }),
    ...(steps === null ? {} : { steps: stepsOf(steps) }),
  }
}

/** `undefined` for an entry that was never seen. */
export function recallRequest(item: RecallItem, moment: Moment): RecallRequest | undefined {
  const ref = refOfKey(item.key)
  const seen = moment.seen.get(ref) ?? []
  const row = seen.at(-1 - Math.min(item.back, seen.length - 1))
  if (row === undefined) return undefined
  return {
    entry: {
      ...row,
      owner: item.isOwners ? row.owner : ownerToken(ref, moment),
      attempt: Math.max(row.attempt + item.attemptOff, 1),
      ownerWrite: Math.max(row.ownerWrite + item.writeOff, 0),
      epoch: item.isOfEarlierEpoch ? Math.max(row.epoch - 1, 1) : row.epoch,
      ...(item.state === null ? {} : inState(row, item.state)),
    },
  }
}

/** Rows that have ended, and no others, have a time at which they did. */
function inState(row: Entry, state: NonNullable<RecallItem['state']>): Partial<Entry> {
  const hasEnded = state === 'succeeded' || state === 'failed'
  return {
    state,
    finishedAtMs: hasEnded ? (row.finishedAtMs ?? row.claimedAtMs) : undefined,
    buriedState: undefined,
  }
}

function ownerToken(ref: string, { at }: Moment): string {
  return sha256Text(`${ref} owner ${at}`).slice(0, 22)
}

function ownerOf(ref: string, who: Who, moment: Moment): string {
  const row = moment.rows.get(ref)
  if (row === undefined || who === 'stranger') return ownerToken(ref, moment)
  return who === 'owner' ? row.owner : (moment.owners.get(`${ref} ${row.attempt - 1}`) ?? row.owner)
}

function stepsOf(count: number): StepsDocument {
  return {
    unlistedSinceMs: count,
    steps: Array.from({ length: count }, (_, index) => ({
      name: `step-${index}`,
      safety: 'keyed',
      state: 'started',
      attempts: 1,
      startedAtMs: index,
      firstPossibleSendAtMs: index,
      inputDigest: '',
      round: 0,
      earlierUnknown: false,
    })),
  }
}
