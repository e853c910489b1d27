import { encode } from './encode.ts'
import { eventsOf } from './events.ts'
import { exhaustiveMutant } from './mutants.ts'
import type { ExhaustOptions, ExhaustReport, Violation } from './options.ts'
import { type World, worldOf } from './production.ts'
import type { State, Worker } from './state.ts'

export interface ExhaustSettings extends ExhaustOptions {
  /** A decision or transition that is replaced by a broken one. Its search ends with the first violation. */
  readonly mutant?: string
  /** The search ends there, and says so. */
  readonly maxStates: number
  readonly signal?: AbortSignal
  /** Told of distinct states and of the depth reached, a few times a second. */
  readonly onProgress?: (states: number, depth: number) => void
}

/**
 * Walks through all interleavings of a small world, breadth first, each distinct state once. What it finds it finds by
 * a shortest way. Throws a `TypeError` for a mutant that there is not.
 */
export async function exhaust(settings: ExhaustSettings): Promise<ExhaustReport> {
  const { mutant, maxStates, signal, onProgress, ...options } = settings
  const search = new Search(worldOf(options, mutant === undefined ? undefined : exhaustiveMutant(mutant)))
  const beganAtMs = performance.now()
  const isFound = (): boolean => mutant !== undefined && search.violations.length > 0
  const isStopped = (): boolean => signal?.aborted === true || search.isFull(maxStates)
  let isComplete = false
  while (!isComplete && !isStopped() && !isFound()) {
    isComplete = search.advance(2_000)
    onProgress?.(search.size, search.depth)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    options,
    ...(mutant === undefined ? {} : { mutant }),
    states: search.size,
    depth: search.depth,
    isComplete,
    violations: search.violations,
    residuals: Object.fromEntries(search.residuals),
    sometimes: Object.fromEntries(search.sometimes),
    durationMs: performance.now() - beganAtMs,
  }
}

interface Reached {
  readonly state: State
  readonly id: number
}

/** Only the states of the last depth are kept whole; of the others their text, and the way to them. */
class Search {
  readonly violations: Violation[] = []
  readonly residuals = new Map<string, number>()
  readonly sometimes = new Map<string, number>()
  depth = 0
  readonly #world: World
  readonly #seen = new Set<string>()
  /** By state: the one it was reached from, and by which of its events. */
  readonly #parents: number[] = []
  readonly #ways: number[] = []
  #frontier: Reached[] = []
  #next: Reached[] = []
  #at = 0

  constructor(world: World) {
    this.#world = world
    this.#reach(initialState(world), -1, 0)
    this.#frontier = this.#next
    this.#next = []
  }

  get size(): number {
    return this.#seen.size
  }

  isFull(maxStates: number): boolean {
    return this.size >= maxStates
  }

  /** Follows some states. True when none is left. */
  advance(count: number): boolean {
    for (let done = 0; done < count; done += 1) {
      const from = this.#frontier[this.#at]
      this.#at += 1
      if (from !== undefined) this.#follow(from)
      else if (!this.#deepen()) return true
    }
    return false
  }

  #deepen(): boolean {
    if (this.#next.length === 0) return false
    this.#frontier = this.#next
    this.#next = []
    this.#at = 0
    this.depth += 1
    return true
  }

  #follow({ state: from, id }: Reached): void {
    const events = eventsOf(this.#world, from)
    for (let way = 0; way < events.length; way += 1) {
      const { label, state } = events[way] as (typeof events)[number]
      const { breach, residual } = state
      const name = label.replace(/^(the request of )?w\d /, '')
      this.sometimes.set(name, (this.sometimes.get(name) ?? 0) + 1)
      if (residual !== undefined) this.residuals.set(residual, (this.residuals.get(residual) ?? 0) + 1)
      if (breach !== undefined) this.#violated(breach, [...this.#traceOf(id), label])
      // What an excuse was needed for is counted, and not followed.
      else if (residual === undefined || state.excuse === undefined) this.#reach(state, id, way)
    }
  }

  #reach(state: State, parent: number, way: number): void {
    const text = encode(state)
    if (this.#seen.has(text)) return
    this.#seen.add(text)
    const id = this.#parents.length
    this.#parents.push(parent)
    this.#ways.push(way)
    this.#next.push({ state, id })
  }

  #violated({ invariant, what }: NonNullable<State['breach']>, trace: readonly string[]): void {
    if (this.violations.some((violation) => violation.invariant === invariant)) return
    this.violations.push({ invariant, what, trace })
  }

  /** The same events once more, from the beginning. */
  #traceOf(id: number): string[] {
    const ways: number[] = []
    for (let at = id; this.#parents[at] !== -1; at = this.#parents[at] ?? -1) ways.push(this.#ways[at] ?? 0)
    let state = initialState(this.#world)
    return ways.toReversed().map((way) => {
      const event = eventsOf(this.#world, state)[way]
      if (event === undefined)
        throw new Error('A way cannot be gone a second time: the model is not deterministic.')
      state = event.state
      return event.label
    })
  }
}

function initialState({ options }: World): State {
  const { crashes, lapses, lostReplies: losses, failovers, refusals = 0, calls = 1 } = options
  const worker: Worker = { phase: { at: 'idle' }, token: 0, callsLeft: calls, epoch: 1 }
  return {
    nowMs: 0,
    epoch: 1,
    beganAtMs: undefined,
    row: undefined,
    standby: undefined,
    effects: 0,
    standbyEffects: 0,
    dirty: 0,
    isOrphaned: false,
    awaited: 0,
    excuse: undefined,
    workers: Array.from({ length: options.workers }, () => ({ ...worker })),
    wire: [],
    stray: [],
    keys: [],
    budget: { crashes, lapses, losses, refusals, failovers },
    topFence: 0,
    lastSend: 'none',
    hasCause: false,
    given: 0,
    isRecorded: false,
    hasConflict: false,
    rowsTold: 'no',
  }
}
