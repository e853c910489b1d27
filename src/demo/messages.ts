import type { EffectKind } from './schedule.ts'

/** What the demo's processes say to each other over their IPC channels: the controls, never an effect. */

/** Where one shop worker can be reached. */
export interface WorkerAddress {
  readonly name: string
  readonly url: string
}

export interface PeerConfig {
  readonly seed: number
  readonly schedulePath: string
  readonly journalPath: string
}

export interface WorkerConfig {
  readonly name: string
  readonly providerUrl: string
  readonly partnerUrl: string
  readonly mailUrl: string
  /** The shop's own table of orders, shared by its workers. */
  readonly shopPath: string
  /** Absent in the half without Onceward. */
  readonly ledger?: LedgerConfig
}

export interface LedgerConfig {
  readonly storeUrl: string
  readonly scope: string
  readonly partnerUrl: string
  readonly eventsPath: string
  /** File URL of the module whose `recordActivity` writes down what workers do, for a server to show. */
  readonly recorder?: string
}

export interface ClientConfig {
  readonly seed: number
  readonly ordersPath: string
  readonly schedulePath: string
  readonly journalPath: string
}

export type ChildConfig = PeerConfig | WorkerConfig | ClientConfig

export interface ClientProgress {
  readonly accepted: number
  readonly ended: number
  readonly clientRetries: number
  readonly doubleClicks: number
}

export interface KillRequest {
  /** The name that the worker gives with each request: its own and its process id. */
  readonly worker: string
  readonly order: string
  readonly effect: EffectKind
  readonly moment: 'before' | 'after'
}

export type ToChild =
  | { readonly kind: 'config'; readonly config: ChildConfig }
  | { readonly kind: 'workers'; readonly workers: readonly WorkerAddress[] }
  | { readonly kind: 'kill-answer'; readonly id: number; readonly killed: boolean }
  | { readonly kind: 'stop' }

export type Counts = Readonly<Record<string, number>>

export type FromChild =
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'kill'; readonly id: number; readonly request: KillRequest }
  | { readonly kind: 'progress'; readonly progress: ClientProgress }
  | { readonly kind: 'done'; readonly progress: ClientProgress }
  | { readonly kind: 'stopped'; readonly counts: Counts }
