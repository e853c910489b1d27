import type { InvariantId } from '../testing/invariant-ids.ts'
import type { Plan } from './plan.ts'
import { run, type RunReport } from './run.ts'
import type { WorldOptions } from './world.ts'

/** The smallest plan found that still breaks the invariant, and its trace up to that. */
export interface Shrunk {
  readonly plan: Plan
  readonly report: RunReport
  readonly runs: number
}

const maxRuns = 400

/**
 * Makes a plan smaller as long as it breaks the same invariant: fewer faults, callers, workers and keys, and nothing
 * special. Chance on the way follows from the plan's seed, so a smaller plan is a run of its own that anybody can repeat.
 */
export async function shrink(
  plan: Plan,
  invariant: InvariantId,
  options: WorldOptions = {},
): Promise<Shrunk> {
  let smallest = plan
  let runs = 0
  const breaks = async (candidate: Plan): Promise<boolean> => {
    runs += 1
    const { breaches } = await run(candidate, { ...options, keepsTrace: false })
    return breaches.some((breach) => breach.invariant === invariant)
  }
  const smallerThan = async (larger: Plan): Promise<Plan | undefined> => {
    for (const candidate of smallerPlans(larger)) {
      if (runs >= maxRuns) return undefined
      if (await breaks(candidate)) return candidate
    }
    return undefined
  }
  for (let next = await smallerThan(plan); next !== undefined; next = await smallerThan(next)) smallest = next
  const report = await run(smallest, { ...options, keepsTrace: true })
  return { plan: smallest, report, runs }
}

/** Each one step smaller, the greatest steps first. */
function* smallerPlans(plan: Plan): Generator<Plan> {
  const { faults, calls } = plan
  if (faults.length > 1) yield { ...plan, faults: [] }
  for (const index of faults.keys()) yield { ...plan, faults: faults.toSpliced(index, 1) }
  for (const index of calls.keys()) if (calls.length > 1) yield { ...plan, calls: calls.toSpliced(index, 1) }
  if (plan.keys > 1) yield withOneKey(plan)
  if (plan.workers > 1) yield withoutLastWorker(plan)
  if (plan.sweepEveryMs !== undefined) {
    const { sweepEveryMs: _every, ...rest } = plan
    yield rest
  }
  if (plan.isStepped) yield { ...plan, isStepped: false }
  if (plan.retry !== 'never') yield { ...plan, retry: 'never' }
  if (plan.singleCall) yield { ...plan, singleCall: false }
  if (plan.isLosable && !faults.some(({ kind }) => kind === 'failover')) yield { ...plan, isLosable: false }
  if (plan.replication !== 'sync') yield { ...plan, replication: 'sync' }
  for (const [index, call] of calls.entries()) {
    if (call.retries > 0) yield { ...plan, calls: calls.with(index, { ...call, retries: call.retries - 1 }) }
    if (call.input > 0) yield { ...plan, calls: calls.with(index, { ...call, input: 0 }) }
  }
}

function withOneKey(plan: Plan): Plan {
  const calls = plan.calls.filter((call) => call.key === 0)
  const others = calls.length > 0 ? calls : plan.calls.map((call) => ({ ...call, key: 0 }))
  return { ...plan, keys: 1, calls: others }
}

function withoutLastWorker(plan: Plan): Plan {
  const workers = plan.workers - 1
  const moved = <T extends { readonly worker: number }>(one: T): T =>
    one.worker < workers ? one : { ...one, worker: workers - 1 }
  return {
    ...plan,
    workers,
    calls: plan.calls.map(moved),
    faults: plan.faults.map((fault) => ('worker' in fault ? moved(fault) : fault)),
  }
}
