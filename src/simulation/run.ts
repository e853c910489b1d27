import { Clients } from './clients.ts'
import { doubtOutlivesNoOutcome } from './invariants/rows.ts'
import { keys } from './keys.ts'
import type { Residual } from './losses.ts'
import { type Fault, type Plan, times } from './plan.ts'
import { doneOf } from './peer.ts'
import type { Breach } from './watch.ts'
import { type Process, World, type WorldOptions } from './world.ts'

/** What came of a run. */
export interface RunReport {
  readonly seed: number
  readonly breaches: readonly Breach[]
  readonly residuals: readonly Residual[]
  /** How often each thing came about that makes a run worth looking at. */
  readonly sometimes: World['counts']
  /** The same for every run that went the same way. */
  readonly hash: string
  readonly events: number
  /** Empty unless they were to be kept. */
  readonly trace: readonly string[]
}

/** Lives through one plan, and judges it. */
export async function run(plan: Plan, options: WorldOptions = {}): Promise<RunReport> {
  const world = new World(plan, options)
  for (let slot = 0; slot < plan.workers; slot += 1) world.start(slot)
  scheduleFaults(world)
  await suffer(world)
  await heal(world)
  const { trace, scheduler } = world
  world.countReplays()
  const breaches = world.violations()
  return {
    seed: plan.seed,
    breaches,
    residuals: world.losses.residuals,
    sometimes: world.counts,
    hash: trace.hash,
    events: scheduler.events,
    trace: trace.lines,
  }
}

function scheduleFaults(world: World): void {
  for (const fault of world.plan.faults) {
    if (!('atMs' in fault)) continue
    world.scheduler.after(fault.atMs, undefined, () => befall(world, fault))
  }
}

type TimedFault = Extract<Fault, { readonly atMs: number }>

function befall(world: World, fault: TimedFault): boolean {
  if (fault.kind === 'outage') {
    world.outage(fault.forMs)
    return false
  }
  const process = world.processes[fault.worker]
  if (process === undefined || !process.machine.isAlive) return false
  const { machine, once } = process
  if (fault.kind === 'clock') {
    machine.wallOffsetMs += fault.byMs
    world.trace.add(world.scheduler.nowMs, machine.name, `has its clock set by ${fault.byMs} ms`)
    return false
  }
  world.trace.add(world.scheduler.nowMs, machine.name, 'is closed')
  machine.impair(Number.POSITIVE_INFINITY)
  machine.isClosed = true
  once.close({ graceMs: fault.graceMs }).catch(() => undefined)
  world.start(fault.worker)
  return true
}

/** When nothing that was planned is still to come. */
function plannedMs(plan: Plan): number {
  const moments = [...plan.calls, ...plan.faults].map((one) =>
    'atMs' in one ? one.atMs + ('forMs' in one ? one.forMs : 0) : 0,
  )
  return Math.max(0, ...moments)
}

/** All that was planned. Callers are answered, in the end. */
async function suffer(world: World): Promise<void> {
  const { scheduler, plan, watch } = world
  const lastMs = plannedMs(plan)
  const clients = new Clients(world)
  const isOver = await scheduler.run(
    lastMs + times.recoveryMs,
    () => clients.areOver && scheduler.nowMs >= lastMs,
  )
  if (isOver) return
  for (const { key, worker } of clients.waiting)
    watch.report('L1', key, `a caller of w${worker} has had no answer for ${times.recoveryMs} ms`)
}

/**
 * No more faults. What is still under way arrives or not; then every key is asked for once more, and has ended, or is in
 * doubt and a person decides by what the target's journal says.
 */
async function heal(world: World): Promise<void> {
  const { scheduler, mishaps, plan, link, processes } = world
  mishaps.isHealed = true
  // Long enough for a failover that is due, and for what an effect that ends leaves to be written.
  await scheduler.run(scheduler.nowMs + 100)
  const isQuiet = (): boolean =>
    link.isQuiet &&
    world.server.isAnswering &&
    processes.every(({ machine }) => !machine.isAlive || machine.stoppedUntilMs <= scheduler.nowMs)
  await scheduler.run(scheduler.nowMs + times.recoveryMs, isQuiet)
  await scheduler.run(scheduler.nowMs + times.storeTimeoutMs)
  const process = living(world)
  await finish(world, process)
  for (const key of world.watch.keys) doubtOutlivesNoOutcome(world.watch, key, world.rowOf(key.key))
  const doubtful = (): readonly number[] =>
    keysOf(plan).filter((key) => world.rowOf(key)?.state === 'in_doubt')
  // A decision about a row that has changed meanwhile is refused, and whoever made it looks again.
  for (let looks = 0; looks < maxLooks && doubtful().length > 0; looks += 1) {
    for (const key of doubtful()) await decide(world, process, key)
    await finish(world, process)
  }
  for (const key of keysOf(plan)) hasEnded(world, key)
}

function keysOf(plan: Plan): readonly number[] {
  return [...new Set(plan.calls.map((call) => call.key))]
}

function living(world: World): Process {
  const found = world.processes.findLast(
    ({ machine }) => machine.isAlive && machine.stoppedUntilMs <= world.scheduler.nowMs,
  )
  return found ?? world.start(world.processes.length)
}

/** Each key's work is asked for until it has an answer that lasts. */
async function finish(world: World, process: Process): Promise<void> {
  const { scheduler, plan, watch } = world
  const open = new Set(keysOf(plan))
  const untilMs = scheduler.nowMs + times.recoveryMs
  const ask = async (key: number): Promise<void> => {
    for (;;) {
      const code = await world.call(process, key, inputNow(world, key))
      if (final.includes(code) || (code === 'EFFECT_FAILED' && world.rowOf(key)?.state === 'failed')) break
      if (scheduler.nowMs >= untilMs) return
      await new Promise<void>((resolve) => void process.machine.setTimer(500, resolve))
    }
    open.delete(key)
  }
  const asking = [...open].map(ask)
  await scheduler.run(untilMs, () => open.size === 0)
  for (const key of open)
    watch.report('L1', key, `it has not ended ${times.recoveryMs} ms after all faults were over`)
  void asking
}

/** The input that the entry is held to by now. */
function inputNow(world: World, key: number): number {
  const row = world.rowOf(key)
  const input = keys[key]?.fingerprints.indexOf(row?.fingerprint ?? '') ?? -1
  return input === -1 ? (world.watch.keys[key]?.input ?? 0) : input
}

const final: readonly string[] = ['ok', 'IN_DOUBT', 'KEY_EXPIRED']

const maxLooks = 3

/** A person looks at the target's journal. What was done in part only, he finishes by hand: an entry has one end. */
async function decide(world: World, process: Process, key: number): Promise<void> {
  const row = world.rowOf(key)
  if (row?.state !== 'in_doubt') return
  const { scheduler, watch, trace, peer, plan } = world
  const units = watch.unitsOf(key)
  const happened = units.some((unit) => watch.effectsOf(unit).length > 0)
  trace.add(scheduler.nowMs, 'person', `decides that k${key} did ${happened ? '' : 'not '}happen`)
  const input = watch.keys[key]?.input ?? 0
  const values = happened
    ? units.map((unit) => doneOf(watch.effectsOf(unit)[0] ?? peer.byHand(unit, input)))
    : []
  const because = 'the journal of the target'
  const value = plan.isStepped ? values : values[0]
  const decision = happened
    ? ({ happened: true, value, by: 'a person', because } as const)
    : ({ happened: false, by: 'a person', because } as const)
  let isOver = false
  for (const sent of watch.keys[key]?.lastSends.values() ?? []) sent.outcome = happened ? 'done' : 'no'
  const over = (): void => void (isOver = true)
  process.once.doubts.resolve(row.ref, decision).then(over, over)
  await scheduler.run(scheduler.nowMs + times.recoveryMs, () => isOver)
}

const ended: readonly string[] = ['succeeded', 'failed', 'tombstone']

/** L1. */
function hasEnded(world: World, key: number): void {
  const { watch } = world
  const state = world.rowOf(key)?.state ?? 'absent'
  if (!ended.includes(state))
    watch.report('L1', key, `after all faults were over, and a person had decided, it is ${state}`)
}
