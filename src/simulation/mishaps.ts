import type { Machine } from './machine.ts'
import type { PeerMishap } from './peer.ts'
import type { Fault, Plan, StoreMethod } from './plan.ts'
import type { StoreMishap } from './store-client.ts'

type FaultOf<K extends Fault['kind']> = Extract<Fault, { readonly kind: K }>

/** Finds the fault of the plan that a message meets: each counts messages of its own sort, from 1. */
export class Mishaps {
  readonly #faults: readonly Fault[]
  readonly #counts = new Map<string, number>()
  /** From now on nothing goes wrong. */
  isHealed = false

  constructor(plan: Plan) {
    this.#faults = plan.faults
  }

  ofStore(machine: Machine, method: StoreMethod): StoreMishap | undefined {
    const nth = this.#count(`${machine.slot} ${method}`)
    if (this.isHealed) return undefined
    return this.#faults.find(
      (fault): fault is FaultOf<'store'> =>
        fault.kind === 'store' &&
        fault.worker === machine.slot &&
        fault.method === method &&
        fault.nth === nth,
    )
  }

  ofPeer(machine: Machine): PeerMishap | undefined {
    const nth = this.#count(`${machine.slot} peer`)
    if (this.isHealed) return undefined
    return this.#faults.find(
      (fault): fault is FaultOf<'peer'> =>
        fault.kind === 'peer' && fault.worker === machine.slot && fault.nth === nth,
    )
  }

  /** What befalls a process at its nth message. */
  atPoint(machine: Machine, nth: number): FaultOf<'crash'> | FaultOf<'stop'> | undefined {
    if (this.isHealed) return undefined
    return this.#faults.find(
      (fault): fault is FaultOf<'crash'> | FaultOf<'stop'> =>
        (fault.kind === 'crash' || fault.kind === 'stop') &&
        fault.worker === machine.slot &&
        fault.nth === nth,
    )
  }

  #count(name: string): number {
    const nth = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, nth)
    return nth
  }
}
