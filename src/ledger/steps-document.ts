import { utf8Bytes } from '../kernel/bytes.ts'
import type { Entry, EntryError, StepRecord, StepsDocument } from './entry.ts'
import type { ParsedSafety } from './safety.ts'

export const maxSteps = 1000

/**
 * The owner's copy of an entry's steps, as it will be written next. Only the owner changes it, so it is whole in
 * memory and is always written whole.
 */
export class StepsLog {
  readonly #records = new Map<string, StepRecord>()
  #bytes = 0
  /** Rule 5: what earlier attempts may have sent unlisted cannot be older than this; takeovers never move it. */
  readonly #inheritedSinceMs: number | undefined
  #knownNowMs: number

  /** `inherits`: an earlier attempt has no known outcome. `nowMs` is the store's clock at the claim. */
  constructor(entry: Entry, options: { inherits: boolean; nowMs: number }) {
    for (const record of entry.steps?.steps ?? []) this.#set(record)
    this.#knownNowMs = options.nowMs
    this.#inheritedSinceMs = options.inherits
      ? (entry.steps?.unlistedSinceMs ?? entry.claimedAtMs)
      : undefined
  }

  get size(): number {
    return this.#records.size
  }

  /** The store's clock has been seen at `nowMs`; nothing called from now on can have been sent before. */
  saw(nowMs: number): void {
    this.#knownNowMs = Math.max(this.#knownNowMs, nowMs)
  }

  get(name: string): StepRecord | undefined {
    return this.#records.get(name)
  }

  /** How large the document is in the row, without its own braces. */
  usedBytes(): number {
    return this.#bytes
  }

  #set(record: StepRecord): void {
    this.#bytes += bytesOf(record) - bytesOf(this.#records.get(record.name))
    this.#records.set(record.name, record)
  }

  /** `earlierUnknown`: an earlier attempt may have sent this round of it. */
  start(
    name: string,
    about: { safety: ParsedSafety; inputDigest: string; round: number; earlierUnknown: boolean },
  ): StepRecord {
    const { safety, earlierUnknown, inputDigest, round } = about
    const before = this.#records.get(name)
    const isSameRound = before?.round === round
    const inheritedMs = (isSameRound ? before.firstPossibleSendAtMs : undefined) ?? this.#inheritedSinceMs
    const record: StepRecord = {
      name,
      safety: safety.kind,
      ...(safety.kind === 'verifiable' ? { settleMs: safety.settleMs } : {}),
      inputDigest,
      round,
      state: 'started',
      attempts: (before?.attempts ?? 0) + 1,
      startedAtMs: this.#knownNowMs,
      firstPossibleSendAtMs: (earlierUnknown ? inheritedMs : undefined) ?? this.#knownNowMs,
      ...(earlierUnknown ? { earlierUnknown } : {}),
    }
    this.#set(record)
    return record
  }

  /** Rule 5: the earliest moment at which an unlisted step can have been sent, or `undefined` when it cannot have been. */
  unlistedSinceMs(): number | undefined {
    return this.#inheritedSinceMs
  }

  /** Undoes a start whose write did not come about: the effect has not begun. */
  restore(name: string, before: StepRecord | undefined): void {
    if (before !== undefined) {
      this.#set(before)
      return
    }
    this.#bytes -= bytesOf(this.#records.get(name))
    this.#records.delete(name)
  }

  succeed(name: string, kept: { text?: string; notKept?: boolean }): void {
    this.#finish(name, {
      state: 'succeeded',
      ...(kept.text === undefined ? {} : { value: kept.text }),
      ...(kept.notKept === true ? { notKept: true } : {}),
    })
  }

  fail(name: string, error: EntryError): void {
    this.#finish(name, { state: 'failed', error })
  }

  #finish(name: string, change: Partial<StepRecord>): void {
    const record = this.#records.get(name)
    if (record !== undefined) this.#set({ ...record, ...change, finishedAtMs: this.#knownNowMs })
  }

  hasOpen(): boolean {
    return [...this.#records.values()].some((record) => record.state === 'started')
  }

  toDocument(): StepsDocument {
    return { unlistedSinceMs: this.#inheritedSinceMs ?? this.#knownNowMs, steps: [...this.#records.values()] }
  }
}

function bytesOf(record: StepRecord | undefined): number {
  return record === undefined ? 0 : utf8Bytes(JSON.stringify(record)) + 1
}
