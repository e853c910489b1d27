import type { Message } from '../children.ts'
import type { Address } from '../proxy/index.ts'
import type { LedgerSettings } from '../settings.ts'
import type { WorkloadId } from '../workloads.ts'

/** So many keys of one workload, worked on in order. */
export interface Lot {
  readonly workload: WorkloadId
  /** Keys are `PREFIX-1`, `PREFIX-2`, … */
  readonly prefix: string
  readonly count: number
  /** The first `from` are left out. Default 0. */
  readonly from?: number
  /** Calls at once. */
  readonly width: number
}

export interface LoadConfig {
  readonly storeUrl: string
  readonly peer: Address
  readonly settings: LedgerSettings
  /** Journal of the worker's events. */
  readonly eventsPath: string
  /** Journal of what its callers are told: it survives the worker. */
  readonly answersPath: string
  readonly lots: readonly Lot[]
  /** Its callers call again until they are told an end. Default true. */
  readonly insists?: boolean
  /** Its events are not written down, but for what is out of the ordinary: there would be hundreds of thousands. */
  readonly isQuiet?: boolean
}

/** From the worker: so many keys have come to an end for their callers. */
export interface ProgressMessage extends Message {
  readonly kind: 'progress'
  readonly done: number
  readonly isOver: boolean
}

export function isProgress(message: Message): message is ProgressMessage {
  return message.kind === 'progress'
}

export function keysOfLot({ prefix, count, from = 0 }: Lot): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${from + index + 1}`)
}
