import type { SafetyKind } from '../ledger/safety.ts'
import { safetyKinds } from '../ledger/safety.ts'
import { seededRandom } from '../testing/random.ts'
import {
  type Fault,
  type PeerFaultKind,
  type Plan,
  type PlannedCall,
  type Replication,
  type StoreFaultKind,
  type StoreMethod,
} from './plan.ts'

/** What is given rather than drawn. */
export interface Given {
  readonly safety?: SafetyKind
  readonly replication?: Replication
}

/** Numbers and choices that follow from a seed. */
class Dice {
  readonly chance: () => number

  constructor(seed: number) {
    // Neighbouring seeds would begin alike.
    this.chance = seededRandom(Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ (seed >>> 15))
  }

  /** A whole number from `from` to `to`. */
  int(from: number, to: number): number {
    return from + Math.floor(this.chance() * (to - from + 1))
  }

  is(share: number): boolean {
    return this.chance() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.chance() * list.length)] as T
  }
}

/** The plan of a seed: the same seed, the same plan. */
export function drawPlan(seed: number, given: Given = {}): Plan {
  const dice = new Dice(seed)
  const safety = given.safety ?? dice.pick(safetyKinds)
  const replication = given.replication ?? dice.pick(['sync', 'async'] as const)
  const workers = dice.pick([1, 2, 2, 2, 3])
  const keys = dice.pick([1, 1, 1, 2, 3])
  const isStepped = safety !== 'transactional' && dice.is(0.3)
  const base = {
    seed,
    safety,
    isStepped,
    retry: dice.is(0.5) ? ('on-failure' as const) : ('never' as const),
    singleCall: !isStepped && dice.is(0.2),
    replication,
    workers,
    keys,
    ...(dice.is(0.3) ? { sweepEveryMs: 1_500 } : {}),
    retainMs: dice.is(0.2) ? 4_000 : 3_600_000,
  }
  const calls = drawCalls(dice, base)
  const faults = dice.is(0.12) ? [] : drawFaults(dice, base)
  return { ...base, calls, faults }
}

type Base = Omit<Plan, 'calls' | 'faults'>

/** Some come at once, some while the work is done, some much later: after leases, keys' lifetimes, retention. */
function drawCalls(dice: Dice, { workers, keys }: Base): readonly PlannedCall[] {
  const calls: PlannedCall[] = []
  const isLong = dice.is(0.35)
  const count = dice.int(keys, keys + 2)
  for (let index = 0; index < count; index += 1) {
    const key = index < keys ? index : dice.int(0, keys - 1)
    const isFirst = index < keys
    const atMs = isFirst ? dice.int(0, 20) : isLong ? dice.int(20, 26_000) : dice.int(0, 3_000)
    const input = !isFirst && dice.is(0.15) ? 1 : 0
    calls.push({ atMs, worker: dice.int(0, workers - 1), key, input, retries: dice.int(0, 3) })
  }
  return calls
}

function drawFaults(dice: Dice, base: Base): readonly Fault[] {
  const count = dice.pick([1, 1, 2, 2, 3, 4])
  const draw = dice.pick(profiles)
  return Array.from({ length: count }, () => dice.pick(draw)(dice, base))
}

type Draw = (dice: Dice, base: Base) => Fault

const worker = (dice: Dice, base: Base): number => dice.int(0, base.workers - 1)

const crash: Draw = (dice, base) => ({
  kind: 'crash',
  worker: worker(dice, base),
  nth: dice.int(1, 14),
  isAfter: dice.is(0.5),
  restartMs: dice.pick([20, 500, 2_500, 7_000]),
})

const stop: Draw = (dice, base) => ({
  kind: 'stop',
  worker: worker(dice, base),
  nth: dice.int(1, 12),
  forMs: dice.pick([700, 2_500, 5_000, 9_000]),
  monotonicStops: dice.is(0.4),
})

const clock: Draw = (dice, base) => ({
  kind: 'clock',
  worker: worker(dice, base),
  atMs: dice.int(0, 60),
  byMs: dice.pick([-3_600_000, -5_000, 5_000, 3_600_000]),
})

const close: Draw = (dice, base) => ({
  kind: 'close',
  worker: worker(dice, base),
  atMs: dice.int(0, 1_000),
  graceMs: dice.pick([0, 300, 5_000]),
})

const methods: readonly StoreMethod[] = ['claim', 'claim', 'settle', 'settle', 'renew', 'resolve', 'read']
const storeWhats: readonly StoreFaultKind[] = [
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

const store: Draw = (dice, base) => ({
  kind: 'store',
  worker: worker(dice, base),
  method: base.safety === 'transactional' ? dice.pick([...methods, 'transaction', 'transaction']) : dice.pick(methods),
  nth: dice.pick([1, 1, 1, 2, 2, 3, 4]),
  what: dice.pick(storeWhats),
  byMs: dice.pick([60, 400, 1_500, 3_000]),
  isSilent: dice.is(0.3),
})

const peerWhats: readonly PeerFaultKind[] = [
  'lost-request',
  'lost-reply',
  'lost-reply',
  'late-request',
  'late-reply',
  'unreachable',
  'says-no',
  'says-no',
  'second-call-refused',
  'twice',
  'cannot-tell',
]

const peer: Draw = (dice, base) => {
  const what = dice.pick(peerWhats)
  return {
    kind: 'peer',
    worker: worker(dice, base),
    nth: dice.pick([1, 1, 1, 2, 2, 3, 4]),
    // Where an effect makes a single call, there is no second one that could be refused.
    what: what === 'second-call-refused' && base.singleCall ? 'lost-reply' : what,
    byMs: dice.pick([60, 900, 2_600, 3_800]),
    isSilent: dice.is(0.3),
  }
}

const outage: Draw = (dice) => ({
  kind: 'outage',
  atMs: dice.int(0, 60),
  forMs: dice.pick([100, 600, 1_600]),
})

const failover: Draw = (dice) => ({
  kind: 'failover',
  afterCommit: dice.int(1, 5),
  loses: dice.int(0, 3),
  forMs: dice.pick([30, 300, 900]),
})

/** What goes together in one run. */
const profiles: readonly (readonly Draw[])[] = [
  [crash, peer],
  [crash, store, peer],
  [stop, peer],
  [stop, crash, peer, store],
  [store, store, peer],
  [peer],
  [clock, stop, peer],
  [failover, store, crash, peer],
  [crash, stop, clock, close, store, peer, outage],
]
