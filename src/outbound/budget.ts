import type { Runtime } from '../kernel/runtime.ts'
import type { OutboundRules } from './decisions.ts'

const windowMs = 10_000
const slots = 10
const slotMs = windowMs / slots

/**
 * First calls to one destination and the retries scheduled for them, over the last ten seconds. Needs no timer: old
 * seconds are dropped when the next call comes.
 */
export class RetryBudget {
  readonly #runtime: Pick<Runtime, 'monotonicMs'>
  readonly #calls = Array.from({ length: slots }, () => 0)
  readonly #retries = Array.from({ length: slots }, () => 0)
  #slot = 0
  #callsLately = 0
  #retriesLately = 0

  constructor(runtime: Pick<Runtime, 'monotonicMs'>) {
    this.#runtime = runtime
    this.#slot = Math.floor(runtime.monotonicMs() / slotMs)
  }

  countCall(): void {
    const at = this.#roll()
    this.#calls[at] = (this.#calls[at] ?? 0) + 1
    this.#callsLately += 1
  }

  /** Takes a retry out of the budget, when it is scheduled: one that waits has its place already. */
  take(rules: Pick<OutboundRules, 'budgetAllows'>, budget: { ratio: number; min: number }): boolean {
    const at = this.#roll()
    if (!rules.budgetAllows(this.lately, budget)) return false
    this.#retries[at] = (this.#retries[at] ?? 0) + 1
    this.#retriesLately += 1
    return true
  }

  get lately(): { readonly calls: number; readonly retries: number } {
    this.#roll()
    return { calls: this.#callsLately, retries: this.#retriesLately }
  }

  /** Drops what is past, and gives the place of now. */
  #roll(): number {
    const slot = Math.floor(this.#runtime.monotonicMs() / slotMs)
    for (let past = Math.min(slot - this.#slot, slots); past > 0; past -= 1) {
      const at = (slot - past + 1) % slots
      this.#callsLately -= this.#calls[at] ?? 0
      this.#retriesLately -= this.#retries[at] ?? 0
      this.#calls[at] = 0
      this.#retries[at] = 0
    }
    this.#slot = slot
    return slot % slots
  }
}

const shared = new WeakMap<object, Map<string, RetryBudget>>()
/** Beyond this many destinations the one unused longest is forgotten. */
const maxDestinations = 10_000

/** The budget of a destination, the same for every client of this process. */
export function sharedBudget(runtime: Runtime, origin: string): RetryBudget {
  const budgets = shared.get(runtime) ?? new Map<string, RetryBudget>()
  shared.set(runtime, budgets)
  const budget = budgets.get(origin) ?? new RetryBudget(runtime)
  budgets.delete(origin)
  budgets.set(origin, budget)
  const [oldest] = budgets.keys()
  if (budgets.size > maxDestinations && oldest !== undefined) budgets.delete(oldest)
  return budget
}
