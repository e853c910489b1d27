import { describe, expect, it } from 'vitest'
import { nowMs, rowOf } from '../../test/support/rows.ts'
import { type Entry, type EntryState, entryStates } from './entry.ts'
import type { ClaimRequest, ResolveRequest, SettleRequest } from './store.ts'
import { claimRow, purgeRow, recallRow, renewRow, resolveRow, settleRow } from './transitions.ts'

const at = { nowMs, epoch: 2 }

function claimOf(row: Entry, to: 'claimed' | 'started'): ClaimRequest {
  const { ref, scope, operation, key, fingerprint, safety, leaseMs, retainMs, attempt, rev, round } = row
  const expectation = {
    attempt,
    rev,
    raisesAttempt: true,
    round,
    earlierUnknown: false,
    keepsFirstSend: true,
  }
  const identity = { ref, scope, operation, key, fingerprint, safety }
  return { ...identity, to, owner: 'owner-2', leaseMs, retainMs, expect: expectation }
}

function settleOf(
  row: Entry,
  to: SettleRequest['to'],
  given: { ownerWrite?: number; digest?: string } = {},
): SettleRequest {
  const { ref, owner, attempt, round, earlierUnknown } = row
  const content = { to, round, earlierUnknown, endsLease: true, valueKept: true, digest: `to ${to}` }
  return {
    ref,
    owner,
    attempt,
    ownerWrite: given.ownerWrite ?? row.ownerWrite + 1,
    ...content,
    digest: given.digest ?? content.digest,
  }
}

function resolveOf(row: Entry, to: ResolveRequest['to']): ResolveRequest {
  const { ref, attempt, rev } = row
  return { ref, expect: { attempt, rev }, to, valueKept: true }
}

/** All edges of DESIGN.md section 2, by who may write them. */
const edges: Readonly<
  Record<'claim' | 'settle' | 'resolve', Readonly<Partial<Record<EntryState, readonly EntryState[]>>>>
> = {
  claim: { claimed: ['claimed', 'started'], started: ['started'], released: ['claimed', 'started'] },
  settle: {
    claimed: ['claimed', 'started', 'succeeded', 'failed', 'in_doubt', 'released'],
    started: ['started', 'succeeded', 'failed', 'in_doubt', 'released'],
    in_doubt: ['succeeded', 'failed', 'released', 'in_doubt'],
  },
  resolve: {
    claimed: ['released'],
    started: ['succeeded', 'in_doubt'],
    in_doubt: ['succeeded', 'failed', 'released'],
  },
}

describe('the edges of an entry', () => {
  it.each(entryStates)('a claim of what is %s', (state) => {
    const row = rowOf({ state })
    const reached = (['claimed', 'started'] as const).flatMap((to) => {
      const result = claimRow(row, claimOf(row, to), at)
      return result.kind === 'claimed' ? [result.entry.state] : []
    })
    expect([...new Set(reached)]).toEqual(edges.claim[state] ?? [])
  })

  it.each(entryStates)("the owner's write on what is %s", (state) => {
    const row = rowOf({ state })
    const targets: readonly SettleRequest['to'][] = [
      'claimed',
      'started',
      'succeeded',
      'failed',
      'in_doubt',
      'released',
    ]
    const reached = targets.flatMap((to) => {
      const result = settleRow(row, settleOf(row, to), at)
      return result.kind === 'settled' ? [result.entry.state] : []
    })
    expect(new Set(reached)).toEqual(new Set(edges.settle[state] ?? []))
  })

  it.each(entryStates)("somebody else's decision on what is %s", (state) => {
    const row = rowOf({ state })
    const reached = (['succeeded', 'failed', 'released', 'in_doubt'] as const).flatMap((to) => {
      const result = resolveRow(row, resolveOf(row, to), at)
      return result.kind === 'resolved' ? [result.entry.state] : []
    })
    expect(new Set(reached)).toEqual(new Set(edges.resolve[state] ?? []))
  })

  it.each(entryStates)('a purge of what is %s, long after', (state) => {
    const ended = { finishedAtMs: 0, retainMs: 1 }
    const row = rowOf({ state, ...(state === 'released' || state === 'started' ? {} : ended) })
    const change = purgeRow(row, { scope: 'shop', limit: 1, tombstoneMs: 1 }, nowMs)
    const expected = { succeeded: 'tombstone', failed: 'tombstone', tombstone: 'delete' }[state as 'failed']
    expect(change === 'delete' ? change : change?.bury.state).toBe(expected)
  })
})

describe('every write', () => {
  const row = rowOf({ state: 'started', rev: 7, attempt: 3, round: 2, subject: 'order:1' })

  it('raises rev, and only takeovers raise the attempt', () => {
    const claimed = claimRow(row, claimOf(row, 'started'), at)
    expect(claimed).toMatchObject({ entry: { rev: 8, attempt: 4, epoch: 2 } })
    expect(settleRow(row, settleOf(row, 'succeeded'), at)).toMatchObject({
      entry: { rev: 8, attempt: 3, epoch: 1 },
    })
    expect(resolveRow(row, resolveOf(row, 'in_doubt'), at)).toMatchObject({ entry: { rev: 8, attempt: 3 } })
    const { ref, owner, attempt, leaseMs } = row
    expect(renewRow(row, { ref, owner, attempt, leaseMs }, at).entry).toMatchObject({ rev: 8, attempt: 3 })
  })

  it('keeps the identity', () => {
    const identity = { ref: row.ref, scope: 'shop', key: 'order-1', subject: 'order:1', fingerprint: 'f' }
    expect(claimRow(row, claimOf(row, 'started'), at)).toMatchObject({ entry: identity })
    expect(settleRow(row, settleOf(row, 'failed'), at)).toMatchObject({ entry: identity })
  })

  it('needs the row to be what it was taken for', () => {
    for (const changed of [
      { ...row, rev: 8 },
      { ...row, attempt: 4 },
    ]) {
      expect(claimRow(changed, claimOf(row, 'started'), at).kind).toBe('held')
      expect(resolveRow(changed, resolveOf(row, 'in_doubt'), at).kind).toBe('stale')
    }
    for (const changed of [
      { ...row, owner: 'other' },
      { ...row, attempt: 4 },
    ]) {
      expect(settleRow(changed, settleOf(row, 'succeeded'), at).kind).toBe('stale')
    }
    expect(claimRow(undefined, claimOf(row, 'started'), at).kind).toBe('gone')
    expect(settleRow(undefined, settleOf(row, 'succeeded'), at).kind).toBe('stale')
  })

  it('of the owner is recognised when it comes again, and an older one is refused', () => {
    const first = settleRow(row, settleOf(row, 'started', { ownerWrite: 2, digest: 'two' }), at)
    const after = first.kind === 'settled' ? first.entry : row
    expect(settleRow(after, settleOf(row, 'started', { ownerWrite: 2, digest: 'two' }), at).kind).toBe(
      'settled',
    )
    expect(settleRow(after, settleOf(row, 'started', { ownerWrite: 2, digest: 'other' }), at).kind).toBe(
      'stale',
    )
    expect(settleRow(after, settleOf(row, 'started', { ownerWrite: 1, digest: 'one' }), at).kind).toBe(
      'stale',
    )
  })

  it('of the owner works whether its lease has lapsed or not', () => {
    const lapsed = { ...row, leaseUntilMs: nowMs - 1_000_000 }
    expect(settleRow(lapsed, settleOf(lapsed, 'succeeded'), at).kind).toBe('settled')
  })
})

describe('renewals', () => {
  const row = rowOf({ state: 'started', leaseUntilMs: nowMs + 1000 })
  const { ref, owner, attempt } = row

  it('move a lease on, and never back', () => {
    const result = renewRow(row, { ref, owner, attempt, leaseMs: 5000 }, at)
    expect(result.result).toEqual({ kind: 'renewed', leaseUntilMs: nowMs + 5000 })
    expect(renewRow(row, { ref, owner, attempt, leaseMs: 10 }, at).result).toEqual({
      kind: 'renewed',
      leaseUntilMs: nowMs + 1000,
    })
  })

  it.each<readonly [EntryState, string]>([
    ['claimed', 'renewed'],
    ['started', 'renewed'],
    ['in_doubt', 'lost'],
    ['succeeded', 'finished'],
    ['failed', 'finished'],
    ['released', 'finished'],
    ['tombstone', 'finished'],
  ])('of what is %s: %s', (state, kind) => {
    expect(renewRow({ ...row, state }, { ref, owner, attempt, leaseMs: 10 }, at).result.kind).toBe(kind)
  })

  it("of another's entry are lost", () => {
    expect(renewRow({ ...row, owner: 'other' }, { ref, owner, attempt, leaseMs: 10 }, at).result.kind).toBe(
      'lost',
    )
    expect(renewRow(undefined, { ref, owner, attempt, leaseMs: 10 }, at).result.kind).toBe('lost')
  })
})

describe('purges', () => {
  it('forget the result and keep the fact', () => {
    const value = new Uint8Array([1])
    const row = rowOf({ state: 'succeeded', finishedAtMs: 0, retainMs: 1, value, settledDigest: 'd' })
    const change = purgeRow(row, { scope: 'shop', limit: 1 }, nowMs)
    const buried = change === 'delete' || change === undefined ? undefined : change.bury
    expect(buried).toMatchObject({
      state: 'tombstone',
      buriedState: 'succeeded',
      fingerprint: 'f',
      valueKept: false,
    })
    expect(buried?.value).toBeUndefined()
    expect(buried?.settledDigest).toBeUndefined()
  })

  it('keep tombstones for ever unless told otherwise', () => {
    const row = rowOf({ state: 'tombstone', finishedAtMs: 0, retainMs: 1 })
    expect(purgeRow(row, { scope: 'shop', limit: 1 }, nowMs)).toBeUndefined()
    expect(purgeRow(row, { scope: 'shop', limit: 1, tombstoneMs: nowMs }, nowMs)).toBeUndefined()
    expect(purgeRow(row, { scope: 'shop', limit: 1, tombstoneMs: nowMs - 1 }, nowMs)).toBe('delete')
  })
})

describe('recall of a takeover whose former attempt has ended meanwhile', () => {
  const ended = { state: 'succeeded', owner: 'owner-1', epoch: 2, attempt: 1, claimedEpoch: 1 } as const
  const takeover = { state: 'started', owner: 'owner-2', epoch: 1, attempt: 2 } as const

  it('keeps the end of a transactional entry: its rows are committed', () => {
    const row = rowOf({ ...ended, safety: 'transactional' })
    const entry = rowOf({ ...takeover, safety: 'transactional' })
    expect(recallRow(row, { entry }, at)).toEqual({ kind: 'kept', entry: row })
  })

  it.each([
    ['keyed', 'kept'],
    ['verifiable', 'conflict'],
    ['blind', 'conflict'],
  ] as const)('a %s takeover that may have acted as well makes it %s', (safety, expected) => {
    const entry = rowOf({ ...takeover, safety })
    expect(recallRow(rowOf({ ...ended, safety }), { entry }, at).kind).toBe(expected)
  })
})
