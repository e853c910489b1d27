import type { Bag, Placed } from '../kernel/bag.ts'
import type { OncewardError } from '../kernel/errors.ts'
import type { Runtime } from '../kernel/runtime.ts'
import type { Breaker } from './breaker.ts'
import type { RetryBudget } from './budget.ts'
import type { OutboundRules } from './decisions.ts'
import type { OutboundEvents } from './events.ts'
import type { Flights } from './flights.ts'
import type { ParsedClientOptions } from './options.ts'
import type { SendEnd } from './send.ts'

/** What the calls of one client share. */
export interface ClientCore {
  readonly options: ParsedClientOptions
  readonly runtime: Runtime
  readonly rules: OutboundRules
  readonly events: OutboundEvents
  readonly flights: Flights
  readonly budget: RetryBudget
  readonly breaker: Breaker | undefined
  /** Calls that have not ended, those that wait for their next attempt included. */
  readonly calls: Bag<Placed & { abort(reason: unknown): void }>
  /** Set once the client's patience is over: nothing is sent any more. */
  closed: OncewardError | undefined
  countSend(end: SendEnd): void
}
