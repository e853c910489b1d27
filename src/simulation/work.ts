import { DefiniteFailure, isDefiniteFailure } from '../kernel/errors.ts'
import type { Entry, Fence } from '../ledger/entry.ts'
import type { Attempt, Effect, OperationOptions } from '../ledger/onceward.ts'
import type { Safety, SafetyKind, VerifyQuestion } from '../ledger/safety.ts'
import { onSend } from './invariants/effects.ts'
import { firstStep, lastStep, unitOf } from './keys.ts'
import type { Machine } from './machine.ts'
import type { Done, Peer, PeerMishap } from './peer.ts'
import { type Plan, times } from './plan.ts'
import type { OwnRows } from './store-client.ts'
import type { Watch } from './watch.ts'

export interface WorkOptions {
  readonly plan: Plan
  readonly machine: Machine
  readonly peer: Peer
  readonly watch: Watch
  readonly rowOf: (key: number) => Entry | undefined
  /** The plan's fault for this worker's next request to the target, if there is one. */
  readonly mishapOf: (machine: Machine) => PeerMishap | undefined
}

/** The effects of one process, and how its operation is registered. */
export class Work {
  readonly #options: WorkOptions
  #ownRows = 0

  constructor(options: WorkOptions) {
    this.#options = options
  }

  get registration(): OperationOptions {
    const { plan } = this.#options
    return {
      safety: this.#safety(plan.safety),
      retry: plan.retry,
      singleCall: plan.singleCall,
      steps: plan.isStepped,
      leaseMs: times.leaseMs,
      retainMs: plan.retainMs,
      onTwin: 'off',
    }
  }

  #safety(kind: SafetyKind): Safety {
    switch (kind) {
      case 'keyed':
        return { kind, keyLifetimeMs: times.keyLifetimeMs, requestTimeoutMs: times.requestTimeoutMs }
      case 'verifiable':
        return { kind, settleMs: times.settleMs, verify: (question) => this.#verify(question) }
      default:
        return { kind }
    }
  }

  #verify({ key, step }: VerifyQuestion): ReturnType<Peer['ask']> {
    const { machine, peer, watch, mishapOf } = this.#options
    const index = Number(String(key).slice(1))
    const fault = mishapOf(machine)
    const state = watch.keys[index]
    if (fault?.what === 'cannot-tell' && state !== undefined) state.hasDoubtCause = true
    return peer.ask(machine, unitOf(index, step), fault)
  }

  /** The effect of one call. What it returns names what has been done. */
  effect(key: number, input: number): Effect<unknown> {
    const { plan } = this.#options
    const one = (attempt: Attempt, safety: SafetyKind, step?: string) => (at: { effectKey: string }) =>
      this.#send({
        key,
        unit: unitOf(key, step),
        input,
        safety,
        effectKey: at.effectKey,
        fence: attempt.fence,
      })
    if (plan.safety === 'transactional') return (attempt) => this.#transact(attempt, key, input)
    if (!plan.isStepped) return (attempt) => this.#watched(attempt, key, one(attempt, plan.safety))
    return (attempt) =>
      this.#watched(attempt, key, async () => {
        const about = { input: { n: input } }
        const paid = await attempt.step(
          firstStep,
          { ...about, safety: this.#safety('keyed') },
          one(attempt, 'keyed', firstStep),
        )
        const safety = this.#safety(plan.safety)
        return [paid, await attempt.step(lastStep, { ...about, safety }, one(attempt, plan.safety, lastStep))]
      })
  }

  async #watched<T>(attempt: Attempt, key: number, run: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { watch } = this.#options
    const mine = [...(watch.keys[key]?.attempts.values() ?? [])].find(
      ({ fence }) => fence.attempt === attempt.fence.attempt && fence.epoch === attempt.fence.epoch,
    )
    if (mine !== undefined) mine.ending = 'running'
    const end = (how: 'known' | 'unknown'): void => {
      if (mine === undefined) return
      mine.ending = how
      mine.endedAtMs = watch.options.nowMs()
    }
    try {
      const value = await run(attempt)
      end('known')
      return value
    } catch (error) {
      end(this.#saysNotDone(error) ? 'known' : 'unknown')
      throw error
    }
  }

  /** Rule 1: where an effect makes a single call, a refused connection says so too. */
  #saysNotDone(error: unknown): boolean {
    if (isDefiniteFailure(error)) return true
    return this.#options.plan.singleCall && (error as { code?: unknown }).code === 'ECONNREFUSED'
  }

  async #send(sending: {
    readonly key: number
    readonly unit: string
    readonly input: number
    readonly safety: SafetyKind
    readonly effectKey: string
    readonly fence: Fence
  }): Promise<Done> {
    const { machine, peer, watch, mishapOf, rowOf } = this.#options
    const { key, unit } = sending
    const row = rowOf(key)
    onSend(watch, { ...sending, rowFence: row })
    const sent = watch.keys[key]?.lastSends.get(unit)
    const outcome = (how: 'no' | 'done' | 'unknown'): void => {
      if (sent !== undefined) sent.outcome = how
    }
    const fault = mishapOf(machine)
    try {
      const done = await peer.request(machine, sending, fault)
      outcome('done')
      return done
    } catch (error) {
      outcome(isDefiniteFailure(error) || fault?.what === 'unreachable' ? 'no' : 'unknown')
      throw error
    }
  }

  /** Rows of the user's own, in the transaction of the entry. */
  #transact(attempt: Attempt, key: number, input: number): Promise<Done> {
    const { machine, mishapOf, watch } = this.#options
    return this.#watched(attempt, key, async () => {
      const fault = mishapOf(machine)
      const pause = (ms: number): Promise<void> =>
        new Promise<void>((resolve) => void machine.setTimer(ms, resolve))
      if (fault?.what === 'late-request') await pause(fault.byMs)
      if (fault?.what === 'says-no') throw new DefiniteFailure('not today', { code: 'SAYS_NO' })
      if (fault?.what === 'unreachable') throw new Error('a bug of its own')
      return attempt.transaction<Done, OwnRows>(async (rows) => {
        this.#ownRows += 1
        const id = `${machine.name}#${this.#ownRows}`
        if (fault?.what === 'slow-work' || fault?.what === 'late-reply') await pause(fault.byMs)
        rows.insert({ unit: unitOf(key), id, input, atMs: watch.options.nowMs() })
        return { effect: id, input }
      })
    })
  }
}
