import { createLedger } from './ledger/create.ts'
import type { Onceward } from './ledger/onceward.ts'
import type { OncewardOptions } from './ledger/options.ts'
import { systemRuntime } from './system.ts'

/**
 * Makes an instance: a scope on a store. Make one per process and share it; `close` it at the end.
 * Throws `OPTION_INVALID`, naming the value and what was expected.
 */
export function createOnceward(options: OncewardOptions): Onceward {
  return createLedger(options, systemRuntime)
}

export {
  DefiniteFailure,
  type ErrorCode,
  isOncewardError,
  OncewardError,
} from './kernel/errors.ts'
export type { Entry, EntryError, EntryState, Fence } from './ledger/entry.ts'
export type { EventCounts, EventType, OncewardEvent } from './ledger/events.ts'
export type { Intent, IntentIdentity, Key, KeyPart } from './ledger/intent.ts'
export type {
  Attempt,
  Decision,
  Effect,
  EntriesQuery,
  Onceward,
  OperationOptions,
  StepAttempt,
  StepEffect,
  StepOptions,
  SweepReport,
} from './ledger/onceward.ts'
export type { KeyRingOptions } from './ledger/key-ring.ts'
export type { OncewardOptions, Sealer } from './ledger/options.ts'
export type { DoubtReceipt, Receipt, StepReceipt } from './ledger/receipt.ts'
export type { Safety, SafetyKind, Verify, VerifyAnswer, VerifyQuestion } from './ledger/safety.ts'
export type { Store } from './ledger/store.ts'
