import { describe, expect, it } from 'vitest'
import type { Entry } from '../ledger/entry.ts'
import type { OncewardEvent } from '../ledger/events.ts'
import type { Receipt } from '../ledger/receipt.ts'
import type { KeyHistory, Moment } from './history.ts'
import { type InvariantId, invariantIds } from '../testing/invariant-ids.ts'
import { checkInvariants } from './invariants.ts'
import type { Answer } from './worker-protocol.ts'

const bounds = { recoveryMs: 1000 }

const started: Entry = {
  ref: 'r',
  scope: 'drill',
  operation: 'blind',
  key: 'k',
  state: 'started',
  safety: 'blind',
  fingerprint: 'f',
  owner: 'first',
  epoch: 1,
  attempt: 1,
  round: 0,
  rev: 1,
  ownerWrite: 0,
  leaseMs: 300,
  leaseUntilMs: 300,
  claimedAtMs: 0,
  earlierUnknown: false,
  valueKept: true,
  retainMs: 1000,
}
const succeeded: Entry = { ...started, state: 'succeeded', finishedAtMs: 5, settledDigest: 'd' }
const doubted: Entry = { ...started, state: 'in_doubt', doubt: { sinceMs: 400, why: 'lapsed' } }

function answer(
  state: Receipt['state'],
  more: Partial<Answer> & { effectId?: string; replayed?: boolean } = {},
): Answer {
  const { effectId = 'e-1', replayed = true, ...rest } = more
  const receipt = { state, replayed, ...(state === 'succeeded' ? { value: { effectIds: [effectId] } } : {}) }
  return { key: 'k', at: '', tookMs: 1, receipt: receipt as unknown as Receipt, ...rest }
}

function event(type: OncewardEvent['type'], attempt: number, atUs: number = attempt): OncewardEvent {
  return { type, fence: { epoch: 1, attempt }, atUs } as unknown as OncewardEvent
}

function rows(...all: readonly (readonly [Moment, Entry | undefined])[]): KeyHistory['rows'] {
  return all.map(([moment, entry]) => ({ at: '', moment, entry }))
}

/** A crash behind the outcome: the next caller gets a replay. */
const sound: KeyHistory = {
  key: 'k',
  workload: 'blind',
  parts: [{ step: '', safety: 'blind' }],
  fault: 'none',
  effects: [{ name: 'k', effectId: 'e-1' }],
  events: [event('claimed', 1), event('succeeded', 1)],
  rows: rows(['after-fault', succeeded], ['after-recovery', succeeded], ['after-replay', succeeded]),
  answersBefore: [],
  answers: [answer('succeeded')],
  otherInputs: [{ key: 'k', at: '', tookMs: 1, thrown: { code: 'KEY_REUSED', message: '' } }],
}

/** A crash in the middle of a blind effect. */
const inDoubt: KeyHistory = {
  ...sound,
  events: [event('claimed', 1)],
  rows: rows(['after-fault', started], ['after-recovery', doubted]),
  answers: [answer('in_doubt')],
}

const laterClaim = { ...event('claimed', 1), fence: { epoch: 2, attempt: 1 } } as unknown as OncewardEvent

function brokenBy(history: KeyHistory): InvariantId[] {
  const { verdicts } = checkInvariants([history], bounds)
  return invariantIds.filter((id) => verdicts[id] === 'broken')
}

describe('the invariants of a drill', () => {
  it('hold for a sound history, and say which of them it could not have broken', () => {
    const { verdicts, violations } = checkInvariants([sound], bounds)
    expect(violations).toEqual([])
    expect(verdicts).toEqual({
      I1: 'held',
      I2: 'held',
      I3: 'held',
      I4: 'not-reached',
      I5: 'not-reached',
      I6: 'held',
      I7: 'held',
      I8: 'not-reached',
      L1: 'held',
    })
    expect(brokenBy(inDoubt)).toEqual([])
  })

  it.each<readonly [InvariantId, string, KeyHistory]>([
    ['I1', 'a second effect', { ...sound, effects: [...sound.effects, { name: 'k', effectId: 'e-2' }] }],
    [
      'I2',
      'an acknowledgement without its effect',
      { ...sound, effects: [{ name: 'other', effectId: 'e-1' }] },
    ],
    ['I2', 'a final failure that happened', { ...sound, answersBefore: [answer('failed')] }],
    [
      'I3',
      'two answers that differ',
      { ...sound, answersBefore: [answer('succeeded', { effectId: 'e-2' })] },
    ],
    [
      'I3',
      'an answer with an effect that is none',
      { ...sound, answers: [answer('succeeded', { effectId: 'e-9' })] },
    ],
    ['I4', 'two claims with one fence', { ...sound, events: [...sound.events, event('claimed', 1)] }],
    ['I4', 'a claim behind a success', { ...sound, events: [...sound.events, event('claimed', 2)] }],
    [
      'I4',
      'a row whose attempt falls',
      { ...sound, rows: rows(['after-fault', { ...started, attempt: 2 }], ['after-recovery', succeeded]) },
    ],
    [
      'I5',
      'a blind effect run again',
      { ...inDoubt, events: [event('claimed', 1), event('effect_started', 2)] },
    ],
    [
      'I5',
      'a blind effect that nobody doubts',
      {
        ...inDoubt,
        rows: rows(['after-fault', started], ['after-recovery', { ...started, state: 'released' }]),
      },
    ],
    [
      'I6',
      'a row with another fingerprint',
      {
        ...sound,
        rows: rows(['after-fault', succeeded], ['after-recovery', { ...succeeded, fingerprint: 'g' }]),
      },
    ],
    ['I6', 'another input that is answered', { ...sound, otherInputs: [answer('succeeded')] }],
    [
      'I7',
      'an end that changes',
      {
        ...sound,
        rows: rows(['after-fault', succeeded], ['after-recovery', { ...succeeded, state: 'failed' }]),
      },
    ],
    [
      'I7',
      'a doubt that ends without evidence',
      { ...inDoubt, rows: rows(['after-fault', doubted], ['after-recovery', { ...succeeded, attempt: 2 }]) },
    ],
    ['I7', 'an acknowledgement that the fault undid', { ...inDoubt, answersBefore: [answer('succeeded')] }],
    [
      'I8',
      'a doubt behind the outcome',
      { ...sound, rows: rows(['after-fault', succeeded], ['after-recovery', doubted]) },
    ],
    [
      'I8',
      'a doubt before the start',
      { ...sound, rows: rows(['after-fault', undefined], ['after-recovery', doubted]) },
    ],
    ['I8', 'a doubt where nothing could excuse it', { ...inDoubt, mayDoubt: 'never' }],
    [
      'I8',
      'a doubt that a caller was told of and that settled since',
      { ...sound, mayDoubt: 'never', answersBefore: [answer('in_doubt')] },
    ],
    [
      'L1',
      'an entry that does not end',
      { ...sound, rows: rows(['after-fault', started], ['after-recovery', started]) },
    ],
    [
      'L1',
      'a call that takes too long',
      { ...sound, answers: [answer('succeeded', { at: '', tookMs: 1001 })] },
    ],
    [
      'L1',
      'a call that fails',
      {
        ...sound,
        answers: [{ key: 'k', at: '', tookMs: 1, thrown: { code: 'STORE_UNAVAILABLE', message: '' } }],
      },
    ],
  ])('%s is broken by %s', (invariant, _what, history) => {
    expect(brokenBy(history)).toContain(invariant)
  })

  it.each<readonly [InvariantId, string, KeyHistory]>([
    [
      'I8',
      'doubt anywhere, where the fault may have fallen anywhere',
      {
        ...sound,
        mayDoubt: 'anywhere',
        rows: rows(['after-fault', succeeded], ['after-recovery', doubted]),
      },
    ],
    [
      'I4',
      'a claim in another epoch behind a success, where neither primary knew of the other',
      { ...sound, isForked: true, events: [...sound.events, laterClaim] },
    ],
  ])('%s allows for %s', (invariant, _what, history) => {
    expect(brokenBy(history)).not.toContain(invariant)
  })

  it('are broken in one history of many', () => {
    const twice = { ...sound, key: 'k', effects: [...sound.effects, { name: 'k', effectId: 'e-2' }] }
    const { verdicts, violations } = checkInvariants([sound, twice, inDoubt], bounds)
    expect(verdicts.I1).toBe('broken')
    expect(verdicts.I5).toBe('held')
    expect(violations).toHaveLength(1)
  })
})
