import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nowMs, rowOf, stepOf } from '../../test/support/rows.ts'
import { type Entry, type EntryState, entryStates } from './entry.ts'
import {
  classify,
  decide,
  type Ending,
  holdsLease,
  keyedMayRun,
  settlement,
  type Settlement,
  stepDiverges,
} from './rules.ts'
import { type ParsedSafety, type SafetyKind, safetyKinds } from './safety.ts'

const hourMs = 3_600_000
const verify = (): { happened: true } => ({ happened: true })

function parsed(kind: SafetyKind): ParsedSafety {
  switch (kind) {
    case 'keyed':
      return { kind, keyLifetimeMs: 24 * hourMs, requestTimeoutMs: 60_000 }
    case 'verifiable':
      return { kind, verify, settleMs: 60_000 }
    default:
      return { kind }
  }
}

function verdictOf(
  entry: Entry,
  safety: ParsedSafety = parsed(entry.safety),
  owner = 'owner-2',
): ReturnType<typeof decide> {
  return decide(entry, { fingerprint: 'f', owner, safety }, nowMs)
}

const taken = { raisesAttempt: true, round: 0 }

describe('decide: the table of what may follow a lapsed lease', () => {
  it.each<readonly [SafetyKind, unknown]>([
    ['transactional', { kind: 'run', takeover: { ...taken, earlierUnknown: false, keepsFirstSend: true } }],
    ['keyed', { kind: 'run', takeover: { ...taken, earlierUnknown: true, keepsFirstSend: true } }],
    ['verifiable', { kind: 'ask' }],
    ['blind', { kind: 'enter-doubt', why: expect.stringContaining('cannot be asked') }],
  ])('started, %s', (safety, verdict) => {
    expect(verdictOf(rowOf({ state: 'started', safety }))).toEqual(verdict)
  })

  it.each(safetyKinds)('claimed, %s: nothing was sent but perhaps a keyed step, so it runs', (safety) => {
    expect(verdictOf(rowOf({ state: 'claimed', safety }))).toEqual({
      kind: 'run',
      takeover: { ...taken, earlierUnknown: true, keepsFirstSend: true },
    })
  })

  it('keyed: in doubt once the key has lived its life', () => {
    const old = rowOf({ state: 'started', safety: 'keyed', firstPossibleSendAtMs: nowMs - 24 * hourMs })
    expect(verdictOf(old)).toMatchObject({ kind: 'enter-doubt', why: expect.stringContaining('lifetime') })
  })

  it('verifiable: waits for settleMs after the lease, and is in doubt where nobody can ask', () => {
    const fresh = rowOf({ state: 'started', safety: 'verifiable', leaseUntilMs: nowMs - 10_000 })
    expect(verdictOf(fresh)).toEqual({ kind: 'wait', retryAfterMs: 50_000 })
    const row = rowOf({ state: 'started', safety: 'verifiable' })
    expect(verdictOf(row, { kind: 'verifiable', settleMs: 60_000 })).toMatchObject({ kind: 'enter-doubt' })
  })

  it.each(safetyKinds.flatMap((frozen) => safetyKinds.map((given) => [frozen, given] as const)))(
    'the safety is frozen at the claim: a %s entry stays one for a caller that says %s',
    (frozen, given) => {
      const row = rowOf({ state: 'started', safety: frozen })
      const kind = verdictOf(row, parsed(given)).kind
      const own = verdictOf(row, parsed(frozen)).kind
      // Who does not know how to ask cannot: then a person decides.
      expect(kind).toBe(frozen === 'verifiable' && given !== 'verifiable' ? 'enter-doubt' : own)
    },
  )
})

describe('decide: everything else', () => {
  it.each(entryStates.flatMap((state) => safetyKinds.map((safety) => [state, safety] as const)))(
    'another fingerprint is refused first: %s, %s',
    (state, safety) => {
      for (const leaseUntilMs of [nowMs - hourMs, nowMs + hourMs]) {
        for (const owner of ['owner-1', 'owner-2']) {
          const row = rowOf({ state, safety, leaseUntilMs })
          const caller = { fingerprint: 'other', owner, safety: parsed(safety) }
          expect(decide(row, caller, nowMs)).toMatchObject({ kind: 'refuse', code: 'KEY_REUSED' })
        }
      }
    },
  )

  it.each(safetyKinds)('while the lease holds, everybody waits: %s', (safety) => {
    for (const state of ['claimed', 'started'] as const) {
      const row = rowOf({ state, safety, leaseUntilMs: nowMs + 1500 })
      expect(verdictOf(row)).toEqual({ kind: 'wait', retryAfterMs: 1500 })
    }
  })

  it.each(['succeeded', 'failed'] as const)('%s is replayed', (state) => {
    expect(verdictOf(rowOf({ state }))).toEqual({ kind: 'replay', state })
  })

  it('a tombstone is refused, and says what it was', () => {
    const row = rowOf({ state: 'tombstone', buriedState: 'succeeded' })
    expect(verdictOf(row)).toMatchObject({
      kind: 'refuse',
      code: 'KEY_EXPIRED',
      message: expect.stringContaining('succeeded'),
    })
  })

  it.each(safetyKinds)('released runs, with a new life of its key: %s', (safety) => {
    expect(verdictOf(rowOf({ state: 'released', safety, round: 3 }))).toEqual({
      kind: 'run',
      takeover: { raisesAttempt: true, round: 3, earlierUnknown: false, keepsFirstSend: false },
    })
  })

  it.each(safetyKinds)('in doubt stays so, unless the target can be asked: %s', (safety) => {
    expect(verdictOf(rowOf({ state: 'in_doubt', safety })).kind).toBe(
      safety === 'verifiable' ? 'ask' : 'doubt',
    )
  })

  it('an entry in doubt is not asked about too early, nor for its steps', () => {
    const early = rowOf({ state: 'in_doubt', safety: 'verifiable', leaseUntilMs: nowMs - 1000 })
    expect(verdictOf(early)).toEqual({ kind: 'doubt' })
    const steps = { unlistedSinceMs: 0, steps: [stepOf()] }
    expect(verdictOf(rowOf({ state: 'in_doubt', safety: 'verifiable', steps }))).toEqual({ kind: 'doubt' })
  })

  it.each(['claimed', 'started'] as const)(
    'one recognises one’s own claim by its token, and writes it again: %s',
    (state) => {
      const row = rowOf({
        state,
        round: 2,
        earlierUnknown: true,
        owner: 'mine',
        leaseUntilMs: nowMs + hourMs,
      })
      expect(verdictOf(row, parsed('blind'), 'mine')).toEqual({
        kind: 'run',
        takeover: { raisesAttempt: false, round: 2, earlierUnknown: true, keepsFirstSend: true },
      })
    },
  )

  it.each(['succeeded', 'failed', 'in_doubt', 'released', 'tombstone'] as const)(
    'a token recognises nothing that has ended: %s',
    (state) => {
      const row = rowOf({ state, owner: 'mine' })
      expect(verdictOf(row, parsed('blind'), 'mine')).toEqual(verdictOf(row))
    },
  )
})

describe('decide: steps', () => {
  const lapsed = (...given: Parameters<typeof stepOf>[0][]): Entry =>
    rowOf({ state: 'started', steps: { unlistedSinceMs: 0, steps: given.map(stepOf) } })

  it('resumes where every step has an outcome', () => {
    expect(verdictOf(lapsed({ state: 'succeeded' }, { name: 'ship', state: 'failed' }))).toMatchObject({
      kind: 'run',
    })
  })

  it('resumes an open keyed step, and an open verifiable one after its settleMs', () => {
    expect(verdictOf(lapsed({ safety: 'keyed' }))).toMatchObject({ kind: 'run' })
    expect(verdictOf(lapsed({ safety: 'verifiable', settleMs: 60_000 }))).toMatchObject({ kind: 'run' })
    expect(verdictOf(lapsed({ safety: 'verifiable', settleMs: 2 * hourMs }))).toMatchObject({ kind: 'wait' })
  })

  it('is in doubt with an open blind step, and names it', () => {
    const row = lapsed({ state: 'succeeded' }, { name: 'mail' }, { name: 'ship', safety: 'verifiable' })
    expect(verdictOf(row)).toMatchObject({ kind: 'enter-doubt', why: expect.stringContaining('"mail"') })
  })

  it('supposes nothing unlisted of an attempt that has left an error', () => {
    const row = { ...lapsed({ safety: 'keyed' }), error: { code: 'UNKNOWN', message: 'cut' } }
    expect(verdictOf(row)).toMatchObject({ takeover: { earlierUnknown: false } })
    expect(verdictOf(lapsed({ safety: 'keyed' }))).toMatchObject({ takeover: { earlierUnknown: true } })
  })
})

describe('settlement', () => {
  const error = { code: 'declined', message: 'no' }
  const success: Ending = { kind: 'succeeded' }
  const failure: Ending = { kind: 'definite-failure', error }
  const unknown: Ending = { kind: 'unknown', error }
  const never = { retry: 'never' } as const
  const retry = { retry: 'on-failure' } as const

  function to(
    row: Partial<Entry>,
    ending: Ending,
    operation: { retry: 'never' | 'on-failure' } = never,
  ): Settlement {
    return settlement(rowOf({ state: 'started', ...row }), ending, operation)
  }

  it.each(safetyKinds)('success is success, whatever was unknown before: %s', (safety) => {
    for (const earlierUnknown of [false, true]) {
      expect(to({ safety, earlierUnknown, round: 2 }, success)).toMatchObject({
        to: 'succeeded',
        round: 2,
        earlierUnknown: false,
      })
    }
  })

  it.each(safetyKinds)('a definite failure is final, or a new round with retry: %s', (safety) => {
    expect(to({ safety }, failure)).toMatchObject({ to: 'failed', round: 0, error })
    expect(to({ safety }, failure, retry)).toMatchObject({ to: 'released', round: 1, error, endsLease: true })
  })

  it('a failure that says for itself whether it may be tried again is believed', () => {
    expect(to({}, { ...failure, retryable: true }, never)).toMatchObject({ to: 'released', round: 1 })
    expect(to({}, { ...failure, retryable: false }, retry)).toMatchObject({ to: 'failed', round: 0 })
  })

  it.each<readonly [SafetyKind, EntryState]>([
    ['transactional', 'released'],
    ['keyed', 'started'],
    ['verifiable', 'started'],
    ['blind', 'in_doubt'],
  ])('an unknown end: %s becomes %s, in the same round', (safety, state) => {
    for (const operation of [never, retry]) {
      expect(to({ safety, round: 1 }, unknown, operation)).toMatchObject({
        to: state,
        round: 1,
        endsLease: true,
      })
    }
  })

  it.each<readonly [SafetyKind, EntryState]>([
    ['keyed', 'started'],
    ['verifiable', 'started'],
    ['blind', 'in_doubt'],
  ])('a definite failure while an earlier attempt is unknown: %s becomes %s', (safety, state) => {
    for (const operation of [never, retry]) {
      expect(to({ safety, earlierUnknown: true }, failure, operation)).toMatchObject({
        to: state,
        round: 0,
        earlierUnknown: true,
      })
    }
  })

  it('a stepped entry is in doubt only with an open blind step', () => {
    const steps = (...given: Parameters<typeof stepOf>[0][]): Entry['steps'] => ({
      unlistedSinceMs: 0,
      steps: given.map(stepOf),
    })
    const withSteps = (...given: Parameters<typeof stepOf>[0][]): Partial<Entry> => {
      const document = steps(...given)
      return document === undefined ? {} : { steps: document }
    }
    expect(to(withSteps({ state: 'succeeded' }), unknown)).toMatchObject({ to: 'started' })
    expect(to(withSteps({ safety: 'keyed' }), failure)).toMatchObject({ to: 'started' })
    expect(to(withSteps({ safety: 'blind' }), failure)).toMatchObject({
      to: 'in_doubt',
      why: expect.stringContaining('pay'),
    })
    expect(to({ state: 'claimed', ...withSteps() }, unknown)).toMatchObject({ to: 'claimed' })
    expect(to({ state: 'claimed', ...withSteps() }, failure)).toMatchObject({ to: 'failed' })
  })
})

describe('classify', () => {
  const codes = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

  it.each(codes)('%s says "not sent" only of a single call', (code) => {
    expect(classify({ isDefinite: false, code }, { singleCall: true })).toBe('definite-failure')
    expect(classify({ isDefinite: false, code }, { singleCall: false })).toBe('unknown')
  })

  it('any other code says nothing, and a DefiniteFailure says all', () => {
    fc.assert(
      fc.property(fc.anything(), fc.boolean(), (code, singleCall) => {
        fc.pre(!codes.includes(code as string))
        expect(classify({ isDefinite: false, code }, { singleCall })).toBe('unknown')
        expect(classify({ isDefinite: true, code }, { singleCall })).toBe('definite-failure')
      }),
    )
  })
})

describe('holdsLease', () => {
  const since = { monotonicMs: 1000, wallMs: 5_000_000 }
  const after = (monotonicMs: number, wallMs: number): typeof since => ({
    monotonicMs: since.monotonicMs + monotonicMs,
    wallMs: since.wallMs + wallMs,
  })

  it.each<readonly [string, boolean, number, number]>([
    ['at once', true, 0, 0],
    ['just before 85 %', true, 8499, 8499],
    ['from 85 % on', false, 8500, 8500],
    ['when only the wall clock went on (sleep)', false, 10, 8500],
    ['when only the monotonic clock went on (set back)', false, 8500, -3_600_000],
    ['when the wall clock was set ahead', false, 10, 3_600_000],
  ])('%s: %s', (_, holds, ...elapsed) => {
    expect(holdsLease(since, after(elapsed[0], elapsed[1]), 10_000)).toBe(holds)
  })
})

describe('keyedMayRun and stepDiverges', () => {
  it('counts the life from the first possible send, less one request', () => {
    const safety = { keyLifetimeMs: 1000, requestTimeoutMs: 100 }
    expect(keyedMayRun(0, safety, 899)).toBe(true)
    expect(keyedMayRun(0, safety, 900)).toBe(false)
  })

  it('another digest is another step', () => {
    expect(stepDiverges({ inputDigest: 'a' }, 'a')).toBe(false)
    expect(stepDiverges({ inputDigest: 'a' }, '')).toBe(true)
  })
})
