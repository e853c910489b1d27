import { OncewardError } from '../kernel/errors.ts'
import { sha256Text } from '../kernel/ids.ts'
import type { Ledger } from './context.ts'
import type { Call } from './door.ts'
import type { Entry, StepsDocument } from './entry.ts'
import { type Held, readClocks } from './heartbeat.ts'
import type { ClockReading, Settlement } from './rules.ts'
import type { SettleRequest, SettleResult } from './store.ts'

export interface ClaimedOptions {
  readonly ledger: Ledger
  readonly call: Call
  readonly entry: Entry
  /** The store's clock at the claim. */
  readonly nowMs: number
  /** Both clocks, read before the claim was sent. */
  readonly since: ClockReading
}

interface Content {
  readonly value?: Uint8Array | undefined
  readonly steps?: StepsDocument | undefined
}

/** An entry that this worker owns, from the claim to the settlement: every write of the owner goes through here. */
export class Claimed implements Held {
  readonly ledger: Ledger
  readonly call: Call
  readonly nowMs: number
  readonly began: ClockReading
  since: ClockReading
  epoch: number
  isRenewing = false
  hasMissed = false
  place = -1
  /** The row as this owner last knew it. */
  entry: Entry
  /** A twin has been told of. */
  twinSeen = false
  /** The effect has ended; only the settlement is still to be written. */
  isEnding = false
  #ownerWrite = 0
  #controller: AbortController | undefined
  #lost: OncewardError | undefined
  #onLost: ((error: OncewardError) => void) | undefined

  constructor(options: ClaimedOptions) {
    const { ledger, call, entry, nowMs, since } = options
    this.ledger = ledger
    this.call = call
    this.entry = entry
    this.nowMs = nowMs
    this.began = since
    this.since = since
    this.epoch = entry.epoch
  }

  /** The store's clock by now, never behind it: by the larger elapsed of both clocks since the claim was sent. */
  get storeNowMs(): number {
    const { monotonicMs, wallMs } = this.began
    const now = readClocks(this.ledger.options.runtime)
    return this.nowMs + Math.max(now.monotonicMs - monotonicMs, now.wallMs - wallMs, 0)
  }

  /** Aborts when the lease is lost. Made when first asked for: most effects never look. */
  signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#lost !== undefined) this.#controller.abort(this.#lost)
    }
    return this.#controller.signal
  }

  get lost(): OncewardError | undefined {
    return this.#lost
  }

  /** Calls `callback` once when the lease is lost, also when it is already. */
  onLost(callback: (error: OncewardError) => void): void {
    if (this.#lost === undefined) this.#onLost = callback
    else callback(this.#lost)
  }

  endLease(message: string): void {
    const { ref } = this.entry
    this.lose(new OncewardError('LEASE_LOST', `The lease of ${ref} ended: ${message}.`, { details: { ref } }))
  }

  renewed(): void {
    this.ledger.events.emit('renewed', this.entry, {})
  }

  lose(error: OncewardError): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    this.ledger.heartbeat.remove(this)
    this.ledger.events.emit('lease_lost', this.entry, { message: error.message })
    this.#controller?.abort(error)
    this.#onLost?.(error)
  }

  /** Rule 8: the lease is looked at before an effect; one that is too old is renewed first, or nothing begins. */
  get holdsLease(): boolean {
    return this.#lost === undefined && this.ledger.heartbeat.holds(this)
  }

  async ensureLease(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost
    if (this.holdsLease || (await this.ledger.heartbeat.renew(this))) return
    this.mustHoldLease()
  }

  /**
   * Called in the very turn in which an effect begins: behind an await, a process that stood still there would begin
   * it long after its lease. Throws `LEASE_LOST`.
   */
  mustHoldLease(): void {
    if (this.holdsLease) return
    this.endLease('it had lapsed before the effect could begin')
    throw this.#lost as unknown as OncewardError
  }

  /** Makes the owner's next write. */
  request(settlement: Settlement, content: Content & { readonly valueKept: boolean }): SettleRequest {
    this.#ownerWrite += 1
    const { to, round, earlierUnknown, endsLease, error, why } = settlement
    return {
      ref: this.entry.ref,
      known: this.entry,
      owner: this.entry.owner,
      attempt: this.entry.attempt,
      ownerWrite: this.#ownerWrite,
      to,
      round,
      earlierUnknown,
      endsLease,
      value: content.value,
      valueKept: content.valueKept,
      error,
      steps: content.steps,
      why,
      digest: digestOf(settlement, content),
    }
  }

  /** Writes the end of the attempt. Outcomes are tried three times as long as anything else: the effect has happened. */
  async settle(request: SettleRequest): Promise<SettleResult> {
    const { result } = await this.ledger.lanes.settle.ask(request, this.ledger.options.storeTimeoutMs * 3)
    if (result.kind === 'settled') this.entry = result.entry
    return result
  }

  /**
   * Gives the entry back before anything has begun. Rule 2: an earlier attempt whose end nobody knows is not undone
   * by that, so the entry then stays what it is, without a lease.
   */
  async giveBack(message: string): Promise<void> {
    const { round, earlierUnknown } = this.entry
    const to = earlierUnknown ? 'claimed' : 'released'
    const error = { code: 'NOT_BEGUN', message }
    const request = this.request({ to, round, earlierUnknown, endsLease: true, error }, { valueKept: true })
    const { kind } = await this.settle(request)
    // Where the entry has gone on without this owner, there is nothing to give back.
    if (kind === 'settled') this.ledger.events.emit('released', this.entry, { message })
  }
}

/** Rule 4: the content by which a repeated write is recognised. */
function digestOf(settlement: Settlement, content: Content): string {
  const { to, round, error, why } = settlement
  const value =
    content.value === undefined
      ? ''
      : Buffer.from(content.value.buffer, content.value.byteOffset, content.value.byteLength).toString(
          'latin1',
        )
  const steps = content.steps === undefined ? '' : JSON.stringify(content.steps)
  return sha256Text(to, String(round), error?.code ?? '', error?.message ?? '', why ?? '', value, steps)
}
