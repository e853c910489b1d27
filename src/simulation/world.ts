import { isOncewardError } from '../kernel/errors.ts'
import { createLedger } from '../ledger/create.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Onceward } from '../ledger/onceward.ts'
import { rules as standardRules } from '../ledger/rules.ts'
import { atOnce } from '../testing/at-once.ts'
import { seededRandom } from '../testing/random.ts'
import { onAnswer } from './invariants/answers.ts'
import { onEffect } from './invariants/effects.ts'
import { onChange } from './invariants/rows.ts'
import { inputOf, keys, labelOf, operation } from './keys.ts'
import { Link } from './link.ts'
import { Losses } from './losses.ts'
import { Machine } from './machine.ts'
import { Mishaps } from './mishaps.ts'
import type { SimulationMutant } from './mutants/mutant.ts'
import { Peer } from './peer.ts'
import { type Plan, times } from './plan.ts'
import { Scheduler } from './scheduler.ts'
import { type Change, Server, type Working } from './server.ts'
import { showRow } from './show.ts'
import { storeClient } from './store-client.ts'
import { Trace } from './trace.ts'
import { type Breach, Watch } from './watch.ts'
import { Work } from './work.ts'

export interface WorldOptions {
  readonly mutant?: SimulationMutant
  readonly keepsTrace?: boolean
}

/** One process with an instance of the ledger. */
export interface Process {
  readonly machine: Machine
  readonly once: Onceward
  readonly work: Work
}

/** Everything a run is made of: processes with the production ledger, the network, the database and the target. */
export class World {
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly mishaps: Mishaps
  readonly link: Link
  readonly server: Server
  readonly peer: Peer
  readonly watch: Watch
  /** By slot; a restart puts another one in its place. */
  readonly processes: Process[] = []
  readonly #started: Process[] = []
  /** Hears of a process's death, before anything else happens. */
  onDeath: (slot: number) => void = () => undefined
  onRestart: (slot: number) => void = () => undefined
  readonly losses: Losses
  readonly #mutant: SimulationMutant | undefined
  readonly #incarnations: number[] = []
  #totalCommits = 0
  /** How often each thing has come about. */
  readonly counts = { takeover: 0, replay: 0, in_doubt: 0, failover_with_loss: 0, recall: 0 }

  constructor(plan: Plan, options: WorldOptions = {}) {
    this.plan = plan
    this.#mutant = options.mutant
    const chance = seededRandom(plan.seed)
    const scheduler = new Scheduler(chance)
    this.scheduler = scheduler
    this.trace = new Trace(options.keepsTrace === true)
    this.mishaps = new Mishaps(plan)
    this.link = new Link({
      scheduler,
      trace: this.trace,
      latencyMs: () => 1 + Math.floor(chance() * times.maxLatencyMs),
      onPoint: (machine, nth, phase) => this.#atPoint(machine, nth, phase),
    })
    this.server = new Server({
      scheduler,
      replication: plan.replication,
      isLosable: plan.isLosable,
      mutant: options.mutant,
      onChange: (change, working) => this.#changed(change, working),
      onCommit: () => this.#committed(),
      onOwnRow: (unit) => onEffect(this.watch, unit),
      onRequest: (working) => this.#requested(working),
    })
    this.peer = new Peer({ scheduler, link: this.link, onEffect: (row) => this.#happened(row.unit, row.id) })
    this.watch = new Watch({
      plan,
      nowMs: () => scheduler.nowMs,
      journal: this.peer.journal,
      ownRows: this.server.ownRows,
      isConflict: (by, key) => this.losses.isConflict(by, key),
      onOtherInput: (key) => this.losses.onOtherInput(key),
      isTooLate: (by) => this.losses.isTooLate(by),
      onBreach: ({ invariant, what }) =>
        this.trace.add(scheduler.nowMs, '!', `${invariant} is broken: ${what}`),
    })
    this.losses = new Losses(this.watch)
  }

  /** What was found wrong and is none of the documented losses; those are counted. */
  violations(): readonly Breach[] {
    return this.watch.breaches.filter((breach) => {
      const name = this.losses.excuseOf(breach)
      if (name !== undefined) this.losses.count(name, breach.invariant === 'I1' ? 'repeated' : undefined)
      return name === undefined
    })
  }

  rowOf(key: number): Entry | undefined {
    return this.server.row(keys[key]?.ref ?? '')
  }

  /** Starts a process in a slot. */
  start(slot: number): Process {
    const incarnation = this.#incarnations[slot] ?? 0
    this.#incarnations[slot] = incarnation + 1
    const machine = new Machine(this.scheduler, { slot, incarnation, seed: this.plan.seed })
    const base = storeClient({
      machine,
      link: this.link,
      scheduler: this.scheduler,
      server: this.server,
      mishapOf: (at, method) => this.#storeMishap(at, method),
      labelOf,
    })
    const mutant = this.#mutant
    const work = new Work({
      plan: this.plan,
      machine,
      peer: this.peer,
      watch: this.watch,
      rowOf: (key) => this.rowOf(key),
      mishapOf: (at) => this.mishaps.ofPeer(at),
    })
    const { sweepEveryMs } = this.plan
    const once = createLedger(
      {
        store: mutant?.store?.(base, machine) ?? base,
        operations: { [operation]: work.registration },
        storeTimeoutMs: times.storeTimeoutMs,
        maxRunMs: times.maxRunMs,
        recallMs: times.recallMs,
        recallWaitMs: times.recallWaitMs,
        sweep: sweepEveryMs === undefined ? false : { everyMs: sweepEveryMs },
      },
      mutant?.runtime?.(machine) ?? machine,
      {
        rules: { ...standardRules, ...mutant?.rules?.(standardRules) },
        seldom: atOnce,
      },
    )
    const process = { machine, once, work }
    this.processes[slot] = process
    this.#started.push(process)
    this.trace.add(this.scheduler.nowMs, machine.name, 'starts')
    return process
  }

  /** A client's call, as it ends: `ok`, or the code of its error. */
  async call(process: Process, key: number, input: number): Promise<string> {
    const { machine, once, work } = process
    const intent = { operation, key: `k${key}`, input: inputOf(input), waitMs: times.waitMs }
    this.trace.add(this.scheduler.nowMs, machine.name, `is called for k${key}, input ${input}`)
    let code = 'ok'
    let value: unknown
    try {
      value = await once.run(intent, work.effect(key, input))
    } catch (error) {
      code = isOncewardError(error) ? error.code : `no code: ${String(error)}`
    }
    const text = code === 'ok' ? JSON.stringify(value) : code
    this.trace.add(this.scheduler.nowMs, machine.name, `answers for k${key}: ${text}`)
    if (code.startsWith('no code')) this.watch.report('L1', key, `a call was answered with ${code}`)
    onAnswer(this.watch, { by: machine, key, input, code, value, row: this.rowOf(key) })
    return code
  }

  countReplays(): void {
    for (const { once } of this.#started) this.counts.replay += once.counts().replayed ?? 0
  }

  kill(slot: number, restartMs: number): void {
    const process = this.processes[slot]
    if (process === undefined || !process.machine.isAlive) return
    process.machine.kill()
    this.trace.add(this.scheduler.nowMs, process.machine.name, 'dies')
    this.onDeath(slot)
    this.scheduler.after(restartMs, undefined, () => {
      this.start(slot)
      this.onRestart(slot)
      return true
    })
  }

  /** The primary dies; a standby takes over after `forMs`, without the last `loses` commits. */
  failOver(loses: number, forMs: number): void {
    if (!this.server.isUp) return
    this.server.crash()
    const crashedAtMs = this.scheduler.nowMs
    this.trace.add(crashedAtMs, 'db', 'the primary dies')
    this.#impairAll()
    this.scheduler.after(forMs, undefined, () => {
      const epoch = this.server.epoch
      const lost = this.server.promote(loses)
      if (this.server.epoch < epoch) this.losses.onEpochCut(epoch)
      if (lost.length > 0) this.counts.failover_with_loss += 1
      this.trace.add(this.scheduler.nowMs, 'db', `a standby takes over, ${lost.length} commits are lost`)
      this.#impairAll()
      this.losses.onPromote(lost, crashedAtMs)
      return false
    })
  }

  outage(forMs: number): void {
    this.server.isReachable = false
    this.trace.add(this.scheduler.nowMs, 'db', 'cannot be reached')
    this.scheduler.after(forMs, undefined, () => {
      this.server.isReachable = true
      this.trace.add(this.scheduler.nowMs, 'db', 'can be reached again')
      this.#impairAll()
      return false
    })
  }

  #impairAll(): void {
    for (const { machine } of this.processes) machine.impair(this.scheduler.nowMs)
  }

  #atPoint(machine: Machine, nth: number, phase: 'before' | 'sent' | 'receive'): void {
    const fault = this.mishaps.atPoint(machine, nth)
    if (fault === undefined) return
    if (fault.kind === 'crash') {
      if (phase === 'receive' || (phase === 'sent') === fault.isAfter)
        this.kill(machine.slot, fault.restartMs)
      return
    }
    if (phase === 'before') return
    machine.stop(fault.forMs, fault.monotonicStops)
    this.trace.add(this.scheduler.nowMs, machine.name, `stands still for ${fault.forMs} ms`)
  }

  #storeMishap(machine: Machine, method: Parameters<Mishaps['ofStore']>[1]): ReturnType<Mishaps['ofStore']> {
    const fault = this.mishaps.ofStore(machine, method)
    const isLate = fault?.what === 'late-request' || fault?.what === 'late-reply' || fault?.what === 'twice'
    if (fault !== undefined && (isLate || fault.isSilent))
      machine.impair(this.scheduler.nowMs + (isLate ? fault.byMs : 0) + 50)
    return fault
  }

  #changed(change: Change, working: Working): void {
    const { before, after, ref } = change
    const was = before === undefined ? 'absent' : showRow(before)
    const is = after === undefined ? 'absent' : showRow(after)
    this.trace.add(this.scheduler.nowMs, 'db', `${labelOf(ref)}: ${was} → ${is} by ${working.method}`)
    if (working.method === 'claim' && after !== undefined && after.attempt > 1) this.counts.takeover += 1
    if (working.method === 'recall') this.counts.recall += 1
    if (after?.state === 'in_doubt' && before?.state !== 'in_doubt') this.counts.in_doubt += 1
    onChange(this.watch, change, working)
  }

  #requested({ by, method, refs }: Working): void {
    this.losses.onContact(by, this.server.epoch)
    if (method !== 'recall') return
    for (const ref of refs) {
      const key = this.watch.keyOf(ref)
      if (key !== undefined) this.losses.onRecall(by, key.key)
    }
  }

  #committed(): void {
    this.#totalCommits += 1
    for (const fault of this.plan.faults) {
      if (fault.kind === 'failover' && fault.afterCommit === this.#totalCommits && !this.mishaps.isHealed)
        this.scheduler.after(fault.afterMs, undefined, () => {
          this.failOver(fault.loses, fault.forMs)
          return false
        })
    }
  }

  #happened(unit: string, id: string): void {
    this.trace.add(this.scheduler.nowMs, 'peer', `does ${unit}: ${id}`)
    onEffect(this.watch, unit)
  }
}
