import { safetyKinds } from '../ledger/safety.ts'
import { Dice } from './dice.ts'
import { drawFaults } from './draw-faults.ts'
import type { Fault, Given, Happenings, Plan, PlannedCall, Setting } from './plan.ts'
import { stories } from './stories.ts'

/** The plan of a seed: the same seed, the same plan. Half of them follow a story, the others are chance alone. */
export function drawPlan(seed: number, given: Given = {}): Plan {
  const dice = new Dice(seed)
  const setting = drawSetting(dice, seed, given)
  const { calls, faults, ...told } = dice.is(0.75) ? tell(dice, setting) : drawHappenings(dice, setting)
  const isLosable = faults.some(({ kind }) => kind === 'failover') || dice.is(0.3)
  return { ...setting, ...told.setting, isLosable, calls, faults: withOneGoodClock(faults) }
}

function drawSetting(dice: Dice, seed: number, given: Given): Setting {
  const safety = given.safety ?? dice.pick(safetyKinds)
  const replication = given.replication ?? dice.pick(['sync', 'async'] as const)
  const isStepped = safety !== 'transactional' && dice.is(0.3)
  return {
    seed,
    safety,
    isStepped,
    retry: dice.is(0.5) ? 'on-failure' : 'never',
    singleCall: !isStepped && dice.is(0.2),
    replication,
    workers: dice.pick([1, 2, 2, 2, 3]),
    keys: dice.pick([1, 1, 1, 2, 3]),
    ...(dice.is(0.2) ? { sweepEveryMs: 3_000 } : {}),
    retainMs: dice.is(0.2) ? 2_000 : 3_600_000,
  }
}

function drawHappenings(dice: Dice, setting: Setting): Happenings {
  const calls = drawCalls(dice, setting)
  return { calls, faults: dice.is(0.15) ? [] : drawFaults(dice, setting, dice.pick([1, 1, 2, 2, 3, 4])) }
}

/** Some come at once, some while the work is done, some much later: after leases, keys' lifetimes, retention. */
function drawCalls(dice: Dice, { workers, keys }: Setting): readonly PlannedCall[] {
  const isLong = dice.is(0.35)
  const count = dice.int(keys, keys + 2)
  return Array.from({ length: count }, (_, index) => {
    const isFirst = index < keys
    return {
      atMs: isFirst ? dice.int(0, 20) : isLong ? dice.int(20, 13_000) : dice.int(0, 1_500),
      worker: dice.int(0, workers - 1),
      key: isFirst ? index : dice.int(0, keys - 1),
      input: !isFirst && dice.is(0.15) ? 1 : 0,
      retries: dice.int(0, 3),
    }
  })
}

/** One key in the middle of a story, with a little chance added. */
function tell(dice: Dice, setting: Setting): Happenings {
  const told = dice.pick(stories[setting.safety])(dice, setting)
  return dice.is(0.3) ? { ...told, faults: [...told.faults, ...drawFaults(dice, setting, 1)] } : told
}

/** Rule 8 goes by the larger elapsed of two clocks: where both go wrong at once, no process can know. */
function withOneGoodClock(faults: readonly Fault[]): readonly Fault[] {
  const sleepers = faults.flatMap((fault) =>
    fault.kind === 'stop' && fault.monotonicStops ? [fault.worker] : [],
  )
  return faults.map((fault) =>
    fault.kind === 'clock' && sleepers.includes(fault.worker)
      ? { ...fault, byMs: Math.abs(fault.byMs) }
      : fault,
  )
}
