import type { Journal } from '../../testing/journal.ts'
import type { EffectLine, EffectPlan, EffectRequest, PeerRequest } from './protocol.ts'

type Tell = (answer: object) => void

/** What the peer knows of one key. */
interface KeyState {
  plan: EffectPlan | undefined
  hasArrived: boolean
  /** By the effect key under which they came: what a keyed target replays. */
  readonly effects: Map<string, { readonly effectId: string; readonly atMs: number }>
  readonly waiting: Tell[]
  readonly held: (() => void)[]
  /** Releases that came before there was anything to let go. */
  releases: number
}

export interface TargetOptions {
  /** How long a keyed target remembers a key. Default: for ever. */
  readonly remembersMs?: number
  /** How long each effect takes, unless planned otherwise. Default 0. */
  readonly effectMs?: number
}

/** The target of effects: performs them, journals them, answers, and misbehaves as planned. */
export class Target {
  readonly #journal: Journal
  readonly #remembersMs: number
  readonly #effectMs: number
  readonly #keys = new Map<string, KeyState>()
  #effects = 0

  constructor(journal: Journal, options: TargetOptions) {
    this.#journal = journal
    this.#remembersMs = options.remembersMs ?? Number.POSITIVE_INFINITY
    this.#effectMs = options.effectMs ?? 0
  }

  serve(request: PeerRequest, tell: Tell): void {
    const state = this.#stateOf(request.key)
    switch (request.op) {
      case 'effect':
        return this.#receive(request, state, tell)
      case 'ask':
        return tell({ effectId: [...state.effects.values()][0]?.effectId ?? null })
      case 'plan':
        state.plan = request.plan
        return tell({})
      case 'arrived':
        if (state.hasArrived) return tell({})
        state.waiting.push(tell)
        return
      case 'release':
        if (state.held.length === 0) state.releases += 1
        state.held.shift()?.()
        return tell({})
    }
  }

  /** Whether a keyed target would answer this effect key with what it came to before. */
  knows(key: string, effectKey: string): boolean {
    return this.#kept(this.#stateOf(key), effectKey) !== undefined
  }

  /** As if the lifetime of everything under this key were over now. */
  forget(key: string): void {
    this.#stateOf(key).effects.clear()
  }

  #kept(state: KeyState, effectKey: string): string | undefined {
    const before = state.effects.get(effectKey)
    const isKept = before !== undefined && performance.now() - before.atMs < this.#remembersMs
    return isKept ? before.effectId : undefined
  }

  #stateOf(key: string): KeyState {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    const state: KeyState = {
      plan: undefined,
      hasArrived: false,
      effects: new Map(),
      waiting: [],
      held: [],
      releases: 0,
    }
    this.#keys.set(key, state)
    return state
  }

  #receive(request: EffectRequest, state: KeyState, tell: Tell): void {
    const { crashSender, delayMs = this.#effectMs, holdAnswer } = state.plan ?? {}
    state.plan = undefined
    state.hasArrived = true
    for (const arrived of state.waiting.splice(0)) arrived({})
    if (crashSender === 'before-journal') crash(request.pid)
    const happen = (): void => {
      const effectId = this.#perform(request, state)
      if (crashSender === 'after-journal') crash(request.pid)
      if (holdAnswer !== true) return tell({ effectId })
      if (state.releases === 0) return void state.held.push(() => tell({ effectId }))
      state.releases -= 1
      return tell({ effectId })
    }
    if (delayMs === 0) happen()
    else setTimeout(happen, delayMs)
  }

  /** The effect, unless a keyed target has had it: then what it came to. */
  #perform({ key, effectKey, mode, pid }: EffectRequest, state: KeyState): string {
    const kept = mode === 'keyed' ? this.#kept(state, effectKey) : undefined
    if (kept !== undefined) return kept
    this.#effects += 1
    const effectId = `e-${this.#effects}`
    const line: EffectLine = { at: new Date().toISOString(), key, effectId, effectKey, mode, pid }
    this.#journal.append(line)
    state.effects.set(effectKey, { effectId, atMs: performance.now() })
    return effectId
  }
}

function crash(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was gone already.
  }
}
