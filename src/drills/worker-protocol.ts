import type { OncewardEvent } from '../ledger/events.ts'
import type { EntryError } from '../ledger/entry.ts'
import type { Receipt } from '../ledger/receipt.ts'
import type { AwaitFault } from './await-points.ts'
import type { Message } from './children.ts'
import type { LedgerSettings } from './settings.ts'
import type { Address } from './proxy/index.ts'
import type { WorkloadId } from './workloads.ts'

export interface WorkerConfig {
  readonly storeUrl: string
  readonly peer: Address
  /** Journal of the worker's events. */
  readonly eventsPath: string
  readonly settings: LedgerSettings
  readonly workload: WorkloadId
  readonly keys: readonly string[]
  /** Calls at once for each key. Default 1. */
  readonly callers?: number
  /** What it does to itself in the middle of its call. */
  readonly fault?: AwaitFault
  /** Say `ready` and wait for `go` before calling. */
  readonly waitsForGo?: boolean
  readonly waitMs?: number
  /** Another input than the key's own. */
  readonly input?: unknown
  /** Makes results so much larger. */
  readonly padBytes?: number
  /** How wrong its wall clock is from the beginning. */
  readonly clockOffsetMs?: number
}

/** To a worker that waits for `go` or has had it: its wall clock is wrong by so much from now on. */
export interface ClockMessage extends Message {
  readonly kind: 'clock'
  readonly offsetMs: number
}

export function isClock(message: Message): message is ClockMessage {
  return message.kind === 'clock'
}

/** How one call ended, as its caller saw it. */
export interface Answer {
  readonly at: string
  readonly key: string
  readonly receipt?: Receipt
  /** What `execute` threw. */
  readonly thrown?: EntryError
  readonly tookMs: number
}

/** From the worker. */
export interface AnswerMessage extends Message {
  readonly kind: 'answer'
  readonly answer: Answer
  /** Awaits counted from the call to its answer. */
  readonly points: number
}

export interface EventMessage extends Message {
  readonly kind: 'event'
  readonly event: OncewardEvent
}

export function isAnswer(message: Message): message is AnswerMessage {
  return message.kind === 'answer'
}

export function isReady(message: Message): message is Message {
  return message.kind === 'ready'
}

/** The last thing a worker says before it stops itself. */
export function isStopping(message: Message): message is Message {
  return message.kind === 'stopping'
}

/** Matches an event of one of these types. */
export function isEvent(
  ...types: readonly OncewardEvent['type'][]
): (message: Message) => message is EventMessage {
  return (message): message is EventMessage =>
    message.kind === 'event' && types.includes((message as EventMessage).event.type)
}
