import type { Dice } from './dice.ts'
import type { SafetyKind } from '../ledger/safety.ts'
import type { Fault, Happenings, PeerFaultKind, PlannedCall, Setting } from './plan.ts'

/*
 * What has gone wrong before, elsewhere: each story puts a few things together that chance alone would seldom put
 * together, and leaves the details to chance.
 */

type Story = (dice: Dice, setting: Setting) => Happenings

function call(atMs: number, worker: number, given: Partial<PlannedCall> = {}): PlannedCall {
  return { atMs, worker, key: 0, input: 0, retries: 2, ...given }
}

/** Another worker than the first, where there is one. */
function other(dice: Dice, { workers }: Setting): number {
  return workers === 1 ? 0 : dice.int(1, workers - 1)
}

function peer(
  nth: number,
  what: PeerFaultKind,
  given: { worker?: number; byMs?: number; isSilent?: boolean },
): Fault {
  return {
    kind: 'peer',
    worker: given.worker ?? 0,
    nth,
    what,
    byMs: given.byMs ?? 0,
    isSilent: given.isSilent ?? false,
  }
}

const secondCall = (setting: Setting): PeerFaultKind =>
  setting.singleCall ? 'lost-reply' : 'second-call-refused'

/** The work is asked for again and again over more time than the target remembers its key, and no answer comes. */
const forgetful: Story = (dice, setting) => {
  const calls = [call(0, 0, { retries: 0 })]
  for (let atMs = dice.int(2_000, 6_750); atMs < 13_500; atMs += dice.int(2_000, 6_000))
    calls.push(call(atMs, dice.int(0, setting.workers - 1), { retries: 0 }))
  const faults: Fault[] = []
  for (let worker = 0; worker < setting.workers; worker += 1) {
    for (let nth = 1; nth <= 2; nth += 1) {
      const what = dice.pick(['lost-reply', 'lost-reply', 'late-request', secondCall(setting)] as const)
      faults.push(peer(nth, what, { worker, byMs: dice.pick([450, 1_300]) }))
    }
  }
  return { calls, faults: dice.is(0.5) ? faults : faults.slice(0, 2) }
}

/** A request is sent again shortly before the target forgets its key, and arrives when it has. */
const lastMoment: Story = (dice, setting) => ({
  calls: [
    call(0, 0, { retries: 0 }),
    call(dice.int(8_600, 9_950), setting.workers - 1, { retries: dice.int(0, 1) }),
  ],
  faults: [
    peer(1, 'lost-reply', {}),
    peer(setting.workers === 1 ? 2 : 1, 'late-request', { worker: setting.workers - 1, byMs: 1_450 }),
  ],
})

/** A worker stands still, and goes on when its lease has long lapsed and others have been at work. */
const zombie: Story = (dice, setting) => {
  const rival = other(dice, setting)
  const calls = [call(0, 0), call(dice.int(50, 3_500), rival)]
  if (dice.is(0.4)) calls.push(call(dice.int(1_000, 4_500), other(dice, setting)))
  const monotonicStops = dice.is(0.4)
  const faults: Fault[] = [
    {
      kind: 'stop',
      worker: 0,
      nth: dice.pick([3, 4, 5, 5, 6, 6, 7, 8]),
      forMs: dice.pick([1_250, 1_250, 2_500, 4_500]),
      monotonicStops,
    },
  ]
  if (!monotonicStops && dice.is(0.5))
    faults.push({ kind: 'clock', worker: 0, atMs: dice.int(30, 1_000), byMs: -3_600_000 })
  if (setting.safety === 'transactional') {
    for (const worker of [0, rival])
      if (dice.is(0.8)) faults.push(peer(1, 'slow-work', { worker, byMs: dice.pick([450, 1_300, 1_300]) }))
  } else if (dice.is(0.7)) {
    const what = dice.pick(['late-reply', 'late-reply', 'slow-work', 'late-request', 'says-no'] as const)
    const byMs = dice.pick([450, 1_300, 1_900, 1_900])
    faults.push(peer(1, what, { worker: dice.pick([0, rival, rival]), byMs }))
  }
  return { calls, faults }
}

/** An effect takes longer than its lease, while others ask for the same work. */
const slow: Story = (dice, setting) => {
  const rival = other(dice, setting)
  const calls = [call(0, 0), call(dice.int(50, 1_750), rival, { input: dice.is(0.15) ? 1 : 0 })]
  const what = dice.pick(['late-reply', 'late-reply', 'slow-work', 'late-request'] as const)
  const faults: Fault[] = [peer(1, what, { byMs: dice.pick([450, 1_300, 1_900]), isSilent: true })]
  const also = dice.int(0, 4)
  if (also === 0)
    faults.push({ kind: 'clock', worker: rival, atMs: dice.int(0, 40), byMs: dice.pick([2_500, 3_600_000]) })
  if (also === 1) {
    const graceMs = dice.pick([0, 150])
    faults.push({ kind: 'close', worker: 0, atMs: dice.int(30, 500), graceMs })
  }
  if (also === 2) {
    for (let nth = 1; nth <= 3; nth += 1)
      faults.push({
        kind: 'store',
        worker: 0,
        method: 'renew',
        nth,
        what: 'lost-request',
        byMs: 0,
        isSilent: true,
      })
  }
  return { calls, faults }
}

/** A worker dies while its request is on its way. */
const orphan: Story = (dice, setting) => {
  const calls = [call(0, 0, { retries: dice.int(0, 2) }), call(dice.int(50, 3_000), other(dice, setting))]
  if (dice.is(0.5)) calls.push(call(dice.int(1_000, 6_000), dice.int(0, setting.workers - 1)))
  const restartMs = dice.pick([20, 1_250, 3_500])
  const what = dice.pick(['late-request', 'late-request', 'slow-work', 'lost-request'] as const)
  return {
    calls,
    faults: [
      { kind: 'crash', worker: 0, nth: dice.int(5, 8), isAfter: true, restartMs },
      peer(dice.pick([1, 1, 2]), what, { byMs: dice.pick([450, 1_300, 1_450]), isSilent: true }),
    ],
  }
}

/** Attempts of one key end differently: unknown, then a definite no, then whatever may come. */
const undecided: Story = (dice, setting) => {
  const calls = [call(0, 0, { retries: 3 })]
  if (dice.is(0.6)) calls.push(call(dice.int(250, 4_500), dice.int(0, setting.workers - 1)))
  const first = dice.pick(['lost-reply', secondCall(setting), 'late-request', 'slow-work'] as const)
  const second = dice.pick(['says-no', 'says-no', 'unreachable', secondCall(setting)] as const)
  const off = setting.isStepped && dice.is(0.5) ? 1 : 0
  const faults = [peer(1 + off, first, { byMs: dice.pick([450, 1_300]) }), peer(2 + off, second, {})]
  if (dice.is(0.3)) faults.push(peer(3 + off, dice.pick(['says-no', 'lost-reply'] as const), {}))
  return { calls, faults }
}

/** The store loses what it was told, or its answers, or itself. */
const shaken: Story = (dice, setting) => {
  const calls = [call(0, 0), call(dice.int(0, 2_000), other(dice, setting))]
  const what = dice.pick(['lost-reply', 'lost-reply', 'cancelled', 'twice', 'late-request'] as const)
  const method = dice.pick(
    setting.safety === 'transactional'
      ? (['claim', 'transaction', 'transaction', 'settle'] as const)
      : (['claim', 'settle'] as const),
  )
  // A transaction is two messages, the second of which is COMMIT.
  const nth = method === 'transaction' ? 2 : dice.pick([1, 1, 2])
  const faults: Fault[] = [
    {
      kind: 'store',
      worker: 0,
      method,
      nth,
      what,
      byMs: dice.pick([60, 200, 750]),
      isSilent: dice.is(0.2),
    },
  ]
  if (dice.is(0.5)) faults.push(failover(dice))
  if (dice.is(0.2)) faults.push({ kind: 'outage', atMs: dice.int(0, 60), forMs: dice.pick([150, 800]) })
  return { calls, faults }
}

function failover(dice: Dice): Extract<Fault, { readonly kind: 'failover' }> {
  return {
    kind: 'failover',
    afterCommit: dice.int(1, 3),
    afterMs: dice.pick([0, 5, 10, 20, 40]),
    loses: dice.int(0, 3),
    forMs: dice.pick([30, 150, 450]),
  }
}

/** A commit is seen before the standby has it, and the primary dies; perhaps its worker, too. */
const unreplicated: Story = (dice, setting) => {
  const method = setting.safety === 'transactional' ? 'transaction' : 'claim'
  const faults: Fault[] = [
    {
      kind: 'store',
      worker: 0,
      method,
      nth: method === 'claim' ? 1 : 2,
      what: 'cancelled',
      byMs: 0,
      isSilent: false,
    },
    { ...failover(dice), afterCommit: method === 'claim' ? 1 : 2, afterMs: dice.int(3, 40) },
  ]
  if (method === 'claim' && dice.is(0.6)) {
    faults.push(peer(1, 'late-reply', { byMs: 450 }))
    faults.push({ kind: 'crash', worker: 0, nth: dice.int(7, 12), isAfter: true, restartMs: 1_250 })
  }
  return { calls: [call(0, 0), call(dice.int(150, 2_500), other(dice, setting))], faults }
}

/** The primary dies with what it acknowledged, and another worker asks for the same work. */
const bereaved: Story = (dice, setting) => {
  const rival = other(dice, setting)
  const calls = [
    call(0, 0),
    call(dice.pick([dice.int(60, 750), dice.int(750, 3_000), dice.int(3_000, 8_000)]), rival),
  ]
  const faults: Fault[] = [{ ...failover(dice), loses: dice.int(1, 3), afterMs: dice.pick([0, 10, 40, 60]) }]
  const also = dice.pick([0, 0, 1, 2, 3, 4])
  if (also === 0)
    faults.push({
      kind: 'stop',
      worker: 0,
      nth: dice.int(3, 10),
      forMs: dice.pick([1_250, 2_500, 4_500]),
      monotonicStops: dice.is(0.4),
    })
  if (also === 1)
    faults.push({
      kind: 'crash',
      worker: 0,
      nth: dice.int(5, 12),
      isAfter: dice.is(0.5),
      restartMs: dice.pick([20, 1_250]),
    })
  if (also === 2)
    faults.push(
      peer(1, dice.pick(['late-request', 'slow-work', 'late-reply'] as const), {
        byMs: dice.pick([450, 1_300]),
        isSilent: true,
      }),
    )
  if (also === 3) faults.push(peer(1, 'says-no', { worker: rival }))
  return { calls, faults }
}

/** A worker hears of no failover, begins within its lease, and falls silent while its request is under way. */
const unaware: Story = (dice, setting) => ({
  calls: [call(0, 0), call(dice.int(30, 200), other(dice, setting))],
  faults: [
    { kind: 'stop', worker: 0, nth: 3, forMs: 750, monotonicStops: false },
    { ...failover(dice), afterCommit: 1, afterMs: 0, loses: 1, forMs: 30 },
    { kind: 'stop', worker: 0, nth: 5, forMs: dice.pick([1_250, 2_500, 4_500]), monotonicStops: false },
    peer(1, dice.pick(['late-request', 'late-request', 'slow-work'] as const), {
      byMs: 1_450,
      isSilent: true,
    }),
  ],
})

/** The work is asked for once more when its result has been forgotten. */
const forgotten: Story = (dice, setting) => ({
  setting: { sweepEveryMs: 1_500, retainMs: 1_500 },
  calls: [
    call(0, 0),
    call(dice.int(500, 10_000), dice.int(0, setting.workers - 1), { input: dice.pick([0, 0, 1]) }),
    call(dice.int(3_000, 13_000), dice.int(0, setting.workers - 1)),
  ],
  faults: [],
})

/** What can happen to any work, the more telling ones more often. */
const common: readonly Story[] = [zombie, slow, orphan, undecided, shaken, bereaved, bereaved, forgotten]

/** The stories of each safety. */
export const stories: Readonly<Record<SafetyKind, readonly Story[]>> = {
  keyed: [...common, forgetful, forgetful, forgetful, lastMoment, zombie, undecided, unreplicated],
  verifiable: [...common, zombie, slow, orphan, bereaved, unaware, unreplicated],
  blind: [...common, slow, slow, undecided, bereaved, unreplicated],
  transactional: [...common, zombie, zombie, zombie, shaken, shaken, shaken, unreplicated],
}
