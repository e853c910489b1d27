/**
 * A service of your own, as the drills see it: how an instance of it is started, how one intent is sent to it, and how
 * often the effect of a key has happened. A module for `onceward drill --target` exports one as `target`.
 */
export interface DrillTarget {
  /** For reports. Default: the name of the module's file. */
  readonly name?: string
  /** Instances that run at the same time, over one store. 2 to 8, default 2. */
  readonly instances?: number
  /**
   * The longest that anything of yours holds a key without a sign of life: a lease. Instances stand still for longer
   * than that, and answers are waited for as long. Default 5,000 ms.
   */
  readonly leaseMs?: number
  /** Called once, before anything is started: the outside world that counts effects, an empty database. */
  setUp?(context: TargetContext): Promise<void> | void
  /** The command that starts one instance. It must listen on `instance.port` of 127.0.0.1. */
  start(instance: TargetInstance): ServiceCommand
  /** Sends one intent, once: no retries. What it throws means `unknown`. */
  send(intent: TargetIntent): Promise<TargetAnswer>
  /** How often the effect of a key has happened, by the journal of whoever carries it out; never by your own database. */
  countEffects(key: string): Promise<number> | number
  /** Called once, when everything that was started is gone. */
  tearDown?(): Promise<void> | void
}

export interface TargetContext {
  /** An empty folder for whatever you like; it stays beside the evidence. */
  readonly folder: string
}

export interface TargetInstance extends TargetContext {
  /** 0, 1, … An instance that was killed is started again under its number. */
  readonly index: number
  /** Where it must listen, on 127.0.0.1. */
  readonly port: number
}

export interface ServiceCommand {
  readonly command: string
  readonly args?: readonly string[]
  /** Added to the environment of the drill. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface TargetIntent {
  /** `http://127.0.0.1:PORT` of an instance, or of a proxy in front of it. */
  readonly url: string
  /** What names the work: send it as your clients do. */
  readonly key: string
  /** 0 as a rule; 1 stands for another body under the same key. */
  readonly variant: number
  /** Aborts when the drill has waited long enough. */
  readonly signal: AbortSignal
}

/**
 * What a client was told.
 * - `ok`: it is done.
 * - `refused`: it is not done and will not be (another body under the key, say).
 * - `in-doubt`: nobody knows, and a person will look at it.
 * - `unknown`: no answer, or one that says nothing: the client may send it again.
 */
export type TargetAnswer = 'ok' | 'refused' | 'in-doubt' | 'unknown'

/** One drill that a service of your own is put through. */
export interface TargetDrillInfo {
  readonly id: string
  readonly fault: string
}
