import { optionInvalid } from '../kernel/errors.ts'

/** A typed stream of events with counts. Listeners run at once; what one throws goes to nobody and stops nothing. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()
  readonly #counts: Partial<Record<keyof Events, number>> = {}

  /** The answer removes the listener. */
  on<T extends keyof Events>(type: T, listener: (event: Events[T]) => void): () => void {
    if (typeof listener !== 'function') throw optionInvalid('listener', 'a function', listener)
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  emit<T extends keyof Events>(type: T, event: Events[T]): void {
    this.#counts[type] = (this.#counts[type] ?? 0) + 1
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        const answer: unknown = (listener as (event: Events[T]) => unknown)(event)
        if (answer instanceof Promise) answer.catch(() => undefined)
      } catch {
        // A listener's fault must not let a message through, nor keep one back.
      }
    }
  }

  counts(): Readonly<Partial<Record<keyof Events, number>>> {
    return { ...this.#counts }
  }
}
