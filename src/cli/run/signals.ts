import type { RunningChild } from './child.ts'

const relayed = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const none = { kind: 'idle' } as const

/**
 * What a signal means depends on when it comes.
 * - `idle`: nothing is ours; end as anybody would.
 * - `claiming`: the claim may be on its way. Ending now would leave a start that never was, so it waits for the child.
 * - `running`: the child's. We stay, to record how it ends.
 * - `settling`: the command has ended, its outcome is being written; that takes a moment and is worth everything.
 */
type Phase =
  | typeof none
  | { kind: 'claiming' }
  | { kind: 'running'; child: RunningChild }
  | { kind: 'settling' }

export class SignalRelay {
  #phase: Phase = none
  #pending: NodeJS.Signals | undefined
  readonly #handlers = relayed.map((name) => [name, (): void => this.#receive(name)] as const)

  constructor() {
    for (const [name, handler] of this.#handlers) process.on(name, handler)
  }

  idle(): void {
    this.#phase = none
    if (this.#pending !== undefined) this.#end(this.#pending)
  }

  claiming(): void {
    this.#phase = { kind: 'claiming' }
  }

  running(child: RunningChild): void {
    this.#phase = { kind: 'running', child }
    if (this.#pending !== undefined) child.signal(this.#pending)
  }

  settling(): void {
    this.#phase = { kind: 'settling' }
    this.#pending = undefined
  }

  #receive(name: NodeJS.Signals): void {
    switch (this.#phase.kind) {
      case 'idle':
        this.#end(name)
        return
      case 'claiming':
        // Asked twice: the store does not answer, and whoever asks has waited enough.
        if (this.#pending === undefined) this.#pending = name
        else this.#end(name)
        return
      case 'running':
        // A terminal sends Ctrl-C to the whole group; passing it on would make one press look like two.
        if (name !== 'SIGINT' || !process.stdin.isTTY) this.#phase.child.signal(name)
        return
      case 'settling':
    }
  }

  /** Dies of the signal, so that whoever waits for us sees it. */
  #end(name: NodeJS.Signals): void {
    for (const [relayedName, handler] of this.#handlers) process.off(relayedName, handler)
    process.kill(process.pid, name)
  }
}
