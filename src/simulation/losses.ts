import type { Machine } from './machine.ts'
import { times } from './plan.ts'
import type { Commit } from './server.ts'
import { textOf, type Breach, type Watch } from './watch.ts'

/**
 * What asynchronous replication costs whatever a ledger does, by name (docs/guide/simulation.md). None of it is a
 * violation, and each is counted only where exactly its own condition holds: a process that lived, came to the new
 * primary in time and did not tell what it knew is no excuse.
 */
export const residualNames = [
  /** Who had made the lost commit died, or was closed, before it had recalled it. */
  'worker-lost-with-primary',
  /** It lived, but stood still, and came to the new primary later than `recallWaitMs`. */
  'worker-silent',
  /** The lost commit was older than `recallMs`. */
  'older-than-recall',
  /** The user's own rows were lost together with their entry. */
  'transactional-rows-lost',
  /** The beginning of an epoch was lost, and somebody who had not been in it gave its number, and its fences, again. */
  'epoch-lost',
  /** With the entry its input was forgotten, and another one taken for it, before it was recalled. */
  'fingerprint-lost',
  /** Another attempt had been started in the new epoch before the lost one was recalled: neither is believed. */
  'recall-conflict',
  /** Somebody saw a commit before the standby had it, and told of it. */
  'read-before-durable',
] as const
export type ResidualName = (typeof residualNames)[number]

/** What a residual came to in one run. */
export interface Residual {
  readonly name: ResidualName
  /** Effects that happened once more. */
  repeated: number
  /** Effects that were acknowledged and are not there. */
  lost: number
}

/** A commit of one key that a failover has cut. */
interface Loss {
  readonly key: number
  readonly by: Machine
  readonly isOld: boolean
  readonly failover: Failover
  /** When its maker had told the new primary of the key. */
  recalledAtMs: number
}

interface Failover {
  readonly promotedAtMs: number
  /** When each process first came to the new primary. */
  readonly cameAtMs: Map<Machine, number>
}

/** From the first message to the new primary to the last one that recalls. */
const recallTakesMs = 100
/** An idle worker looks every three seconds, and once in vain where an old answer comes in between. */
const noticingTakesMs = 6_200

/** Commits that say nothing that anybody would have to know. */
const saysNothing: readonly string[] = ['renew', 'other']

/** Keeps account of what failovers have cut, and of who has told of it again. */
export class Losses {
  readonly #watch: Watch
  readonly #losses: Loss[] = []
  readonly residuals: Residual[] = []
  #last: Failover | undefined
  readonly #otherInputs = new Set<number>()
  #cutEpoch: { readonly epoch: number; readonly inhabitants: ReadonlySet<Machine> } | undefined
  #isEpochGivenAgain = false
  /** Epoch → those who have been in it. */
  readonly #inhabitants = new Map<number, Set<Machine>>()

  constructor(watch: Watch) {
    this.#watch = watch
  }

  /** The beginning of an epoch has been cut as well. */
  onEpochCut(epoch: number): void {
    this.#cutEpoch = { epoch, inhabitants: new Set(this.#inhabitants.get(epoch)) }
  }

  /** A standby has taken over, without these. */
  onPromote(lost: readonly Commit[], crashedAtMs: number): void {
    const failover = { promotedAtMs: this.#watch.options.nowMs(), cameAtMs: new Map<Machine, number>() }
    this.#last = failover
    for (const commit of lost) {
      const { by, method, changes, atMs } = commit
      if (saysNothing.includes(method)) continue
      const isOld = atMs < crashedAtMs - times.recallMs
      for (const { ref } of changes) {
        const key = this.#watch.keyOf(ref)?.key
        if (key === undefined) continue
        this.#losses.push({ key, by, isOld, failover, recalledAtMs: Number.POSITIVE_INFINITY })
      }
      this.#endsCut(commit)
      this.#answersCut(commit)
    }
  }

  /** The database has forgotten how an attempt ended. */
  #endsCut({ changes }: Commit): void {
    for (const { ref, after } of changes) {
      const attempt = after === undefined ? undefined : this.#watch.keyOf(ref)?.attempts.get(after.owner)
      if (attempt !== undefined) attempt.isRecorded = false
    }
  }

  /** Answers that were given out of a commit that is no more. */
  #answersCut({ by, method, changes }: Commit): void {
    const { replication } = this.#watch.options.plan
    for (const { ref, after } of changes) {
      const key = this.#watch.keyOf(ref)
      if (key === undefined || after?.state !== 'succeeded') continue
      const text = textOf(after)
      const givers = key.given.get(text)
      if (givers === undefined) continue
      if (replication === 'sync' && givers.has(by)) {
        this.#watch.report('I2', key.key, `${by.name} acknowledged what the synchronous standby had not got`)
        continue
      }
      const name = replication === 'sync' ? 'read-before-durable' : 'transactional-rows-lost'
      if (method !== 'transaction' && replication === 'async') continue
      // What was told before is not true any more: it is counted, and the entry begins anew.
      key.given.delete(text)
      this.count(name, method === 'transaction' ? 'lost' : undefined)
    }
  }

  /** An entry was made anew, with another input than it had: work that does not wait for recall may do so. */
  onOtherInput(key: number): void {
    const { safety } = this.#watch.options.plan
    if (safety !== 'keyed' && safety !== 'verifiable') return
    const isLost = this.#losses.some(
      (loss) => loss.key === key && loss.recalledAtMs === Number.POSITIVE_INFINITY,
    )
    if (isLost) this.#otherInputs.add(key)
  }

  /**
   * A process has given an answer that the old primary had acknowledged, before it could know of the new one: it has
   * not heard of it yet.
   */
  isUnaware(by: Machine): boolean {
    if (this.#last === undefined) return false
    const cameAtMs = this.#last.cameAtMs.get(by) ?? Number.POSITIVE_INFINITY
    return this.#watch.options.nowMs() <= cameAtMs + times.maxLatencyMs
  }

  /** Rows of the user's own were cut before their writer told its caller of them. */
  isTooLate(by: Machine): boolean {
    const isOne = this.#watch.options.plan.safety === 'transactional' && this.isUnaware(by)
    if (isOne) this.count('transactional-rows-lost', 'lost')
    return isOne
  }

  /** A message of a process has come to the primary. */
  onContact(by: Machine, epoch: number): void {
    if (this.#cutEpoch?.epoch === epoch) {
      // Whoever comes first begins it anew; one that had been in it knows better.
      if (!this.#cutEpoch.inhabitants.has(by)) this.#isEpochGivenAgain = true
      this.#cutEpoch = undefined
    }
    const inhabitants = this.#inhabitants.get(epoch) ?? new Set()
    this.#inhabitants.set(epoch, inhabitants.add(by))
    if (this.#last?.cameAtMs.has(by) === false) this.#last.cameAtMs.set(by, this.#watch.options.nowMs())
  }

  /** A process has told of a key. */
  onRecall(by: Machine, key: number): void {
    const nowMs = this.#watch.options.nowMs()
    for (const loss of this.#losses)
      if (loss.by === by && loss.key === key) loss.recalledAtMs = Math.min(loss.recalledAtMs, nowMs)
  }

  /**
   * An end that recall has put in doubt, because two histories met (DESIGN.md section 5): the recalling process has an
   * attempt of an epoch before. Only verifiable work goes on without waiting for recall.
   */
  isConflict(by: Machine, key: number): boolean {
    const { plan, keys } = { plan: this.#watch.options.plan, keys: this.#watch.keys }
    const attempts = [...(keys[key]?.attempts.values() ?? [])]
    const promotedAtMs = this.#last?.promotedAtMs ?? 0
    const isOlder = attempts.some(({ machine, claimedAtMs }) => machine === by && claimedAtMs <= promotedAtMs)
    const isOne = plan.safety === 'verifiable' && isOlder
    if (isOne) this.count('recall-conflict', undefined)
    return isOne
  }

  /** The residual that a breach is, or `undefined` where it is a violation. */
  excuseOf({ invariant, key, isExcusable }: Breach): ResidualName | undefined {
    const { safety } = this.#watch.options.plan
    if (!isExcusable) return undefined
    if (invariant === 'I4') return this.#isEpochGivenAgain ? 'epoch-lost' : undefined
    if (safety === 'transactional') return undefined
    if (invariant === 'I6' && this.#otherInputs.has(key)) return 'fingerprint-lost'
    const isRepeat = invariant === 'I1' || invariant === 'I3' || invariant === 'I5'
    if (safety === 'keyed' && isRepeat && !this.#mayHaveForgotten(key)) return undefined
    // A synchronous standby lacks only what nobody was told of.
    if (this.#watch.options.plan.replication === 'sync') return undefined
    return this.#losses
      .filter((loss) => loss.key === key)
      .map(excuse)
      .find((name) => name !== undefined)
  }

  count(name: ResidualName, what: 'repeated' | 'lost' | undefined): void {
    let residual = this.residuals.find((one) => one.name === name)
    if (residual === undefined) {
      residual = { name, repeated: 0, lost: 0 }
      this.residuals.push(residual)
    }
    if (what !== undefined) residual[what] += 1
  }

  /** A keyed target has done it twice only if it had forgotten the key in between. */
  #mayHaveForgotten(key: number): boolean {
    return this.#watch.unitsOf(key).some((unit) => {
      const moments = this.#watch.effectsOf(unit).map(({ atMs }) => atMs)
      return moments.some((atMs, index) => atMs - (moments[index - 1] ?? atMs) >= times.keyLifetimeMs)
    })
  }
}

function excuse({ by, isOld, failover, recalledAtMs }: Loss): ResidualName | undefined {
  const untilMs = failover.promotedAtMs + times.recallWaitMs
  if (isOld) return 'older-than-recall'
  if (recalledAtMs <= untilMs) return undefined
  if (!by.isAlive || by.isClosed) return 'worker-lost-with-primary'
  // It stood still before it had the time to tell, and came to itself when it was too late, or nearly.
  const cameAtMs = failover.cameAtMs.get(by) ?? Number.POSITIVE_INFINITY
  const hadNoTime = by.stoppedFromMs <= cameAtMs + recallTakesMs
  return hadNoTime && by.stoppedUntilMs + noticingTakesMs > untilMs ? 'worker-silent' : undefined
}
