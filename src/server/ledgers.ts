import type { Onceward } from '../ledger/onceward.ts'
import type { OncewardOptions } from '../ledger/options.ts'
import type { Store } from '../ledger/store.ts'
import { createOnceward } from '../index.ts'
import { Problem } from './problems.ts'

export interface LedgersOptions extends Omit<OncewardOptions, 'store' | 'scope'> {
  /** Gives the instance that is used in place of each. */
  readonly dress?: (once: Onceward) => Onceward
}

/** One instance for each scope that the server serves, all on one store. */
export class Ledgers {
  readonly scopes: readonly string[]
  readonly store: Store
  readonly #instances: ReadonlyMap<string, Onceward>

  constructor(
    store: Store,
    scopes: readonly string[],
    { dress = (once) => once, ...options }: LedgersOptions,
  ) {
    this.scopes = scopes
    this.store = store
    const kept = keptOpen(store)
    this.#instances = new Map(
      scopes.map((scope) => [scope, dress(createOnceward({ ...options, store: kept, scope }))]),
    )
  }

  /** Throws a problem for a scope that is not served. */
  of(scope: string): Onceward {
    const once = this.#instances.get(scope)
    if (once === undefined)
      throw new Problem('not-found', `This server serves no scope ${JSON.stringify(scope)}.`)
    return once
  }

  all(): readonly Onceward[] {
    return [...this.#instances.values()]
  }

  async open(): Promise<void> {
    await Promise.all(this.all().map((once) => once.open()))
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.all().map((once) => once.close({ graceMs })))
  }
}

/** The store as each of several instances sees it: none of them closes it. */
function keptOpen(store: Store): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'close') return () => Promise.resolve()
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
