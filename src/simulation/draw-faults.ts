import type { Dice } from './dice.ts'
import type { Fault, PeerFaultKind, Setting, StoreFaultKind, StoreMethod } from './plan.ts'

/** So many faults of one family. */
export function drawFaults(dice: Dice, setting: Setting, count: number): readonly Fault[] {
  const family = dice.pick(families)
  return Array.from({ length: count }, () => dice.pick(family)(dice, setting))
}

type Draw = (dice: Dice, setting: Setting) => Fault

const workerOf = (dice: Dice, setting: Setting): number => dice.int(0, setting.workers - 1)

const crash: Draw = (dice, setting) => ({
  kind: 'crash',
  worker: workerOf(dice, setting),
  nth: dice.int(1, 14),
  isAfter: dice.is(0.5),
  restartMs: dice.pick([20, 250, 1_250, 3_500]),
})

const stop: Draw = (dice, setting) => ({
  kind: 'stop',
  worker: workerOf(dice, setting),
  nth: dice.int(1, 12),
  forMs: dice.pick([350, 1_250, 2_500, 4_500]),
  monotonicStops: dice.is(0.4),
})

const clock: Draw = (dice, setting) => ({
  kind: 'clock',
  worker: workerOf(dice, setting),
  atMs: dice.int(0, 60),
  byMs: dice.pick([-3_600_000, -2_500, 2_500, 3_600_000]),
})

const close: Draw = (dice, setting) => ({
  kind: 'close',
  worker: workerOf(dice, setting),
  atMs: dice.int(0, 500),
  graceMs: dice.pick([0, 150, 2_500]),
})

const methods: readonly StoreMethod[] = ['claim', 'claim', 'settle', 'settle', 'renew', 'resolve', 'read']
const transactionalMethods: readonly StoreMethod[] = [...methods, 'transaction', 'transaction', 'transaction']
const storeKinds: readonly StoreFaultKind[] = [
  'lost-request',
  'lost-reply',
  'lost-reply',
  'late-request',
  'late-reply',
  'twice',
  'refused',
  'conflict',
  'cancelled',
]

const store: Draw = (dice, setting) => ({
  kind: 'store',
  worker: workerOf(dice, setting),
  method: dice.pick(setting.safety === 'transactional' ? transactionalMethods : methods),
  nth: dice.pick([1, 1, 1, 2, 2, 3, 4]),
  what: dice.pick(storeKinds),
  byMs: dice.pick([60, 200, 750, 1_500]),
  isSilent: dice.is(0.3),
})

const peerKinds: readonly PeerFaultKind[] = [
  'lost-request',
  'lost-reply',
  'lost-reply',
  'late-request',
  'late-reply',
  'slow-work',
  'unreachable',
  'says-no',
  'says-no',
  'second-call-refused',
  'twice',
  'cannot-tell',
]

const peer: Draw = (dice, setting) => {
  const what = dice.pick(peerKinds)
  return {
    kind: 'peer',
    worker: workerOf(dice, setting),
    nth: dice.pick([1, 1, 1, 2, 2, 3, 4]),
    // Where an effect makes a single call, there is no second one that could be refused.
    what: what === 'second-call-refused' && setting.singleCall ? 'lost-reply' : what,
    byMs: dice.pick([60, 450, 1_300, 1_900]),
    isSilent: dice.is(0.3),
  }
}

const outage: Draw = (dice) => ({
  kind: 'outage',
  atMs: dice.int(0, 60),
  forMs: dice.pick([50, 300, 800]),
})

const failover: Draw = (dice) => ({
  kind: 'failover',
  afterCommit: dice.int(1, 5),
  afterMs: dice.pick([0, 5, 20, 60]),
  loses: dice.int(0, 3),
  forMs: dice.pick([30, 150, 450]),
})

/** What goes together in one run. */
const families: readonly (readonly Draw[])[] = [
  [crash, peer],
  [crash, store, peer],
  [stop, crash, peer, store],
  [store, store, peer],
  [clock, stop, peer],
  [failover, store, crash, peer],
  [crash, stop, clock, close, store, peer, outage, failover],
]
