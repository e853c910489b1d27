/*
 * The peer is the outside world of a drill: a process of its own whose append-only journal alone says how often an
 * effect happened. It speaks HTTP: POST /OP/KEY, with and answered by JSON.
 */

/** What the target guarantees: it knows keys again, it can be asked, or neither. It counts every effect in any case. */
export type PeerMode = 'keyed' | 'verifiable' | 'blind'

/** One line of the peer's journal: one effect that happened. */
export interface EffectLine {
  readonly at: string
  /** The business key: what must happen once. */
  readonly key: string
  readonly effectId: string
  readonly effectKey: string
  readonly mode: PeerMode
  /** Process that sent it. */
  readonly pid: number
}

export interface EffectRequest {
  readonly op: 'effect'
  readonly key: string
  readonly effectKey: string
  readonly mode: PeerMode
  readonly pid: number
}

/** What the peer is to do with the next request for a key. Given beforehand by the drill, not by the worker. */
export interface EffectPlan {
  /** SIGKILL the sender when the request has come, or when the journal has it and nobody has been answered. */
  readonly crashSender?: 'before-journal' | 'after-journal'
  /** Pause before the effect happens: a request that is still on its way when its sender is dead. */
  readonly delayMs?: number
  /** Keep the answer back until `release`. */
  readonly holdAnswer?: boolean
}

export type PeerRequest =
  | EffectRequest
  | { readonly op: 'ask'; readonly key: string }
  | { readonly op: 'plan'; readonly key: string; readonly plan: EffectPlan }
  /** Answered once a request for the key has come. */
  | { readonly op: 'arrived'; readonly key: string }
  /** Lets the oldest answer go that is held for the key. */
  | { readonly op: 'release'; readonly key: string }

/** An answer that says no more than that it was done. */
type Done = object

export interface PeerAnswers {
  readonly effect: { readonly effectId: string }
  readonly ask: { readonly effectId: string | null }
  readonly plan: Done
  readonly arrived: Done
  readonly release: Done
}
