import type { EventType, OncewardEvent } from '../ledger/events.ts'

/** A logger of pino's shape: what is logged first, then its text. */
export interface LoggerLike {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}

type Level = keyof LoggerLike

/** What operators look for is `warn`; what happens with each call of a healthy service is `debug`. */
const levels: Readonly<Record<EventType, Level>> = {
  claimed: 'debug',
  waiting: 'debug',
  replayed: 'info',
  refused: 'warn',
  doubted: 'warn',
  effect_started: 'debug',
  succeeded: 'info',
  failed: 'warn',
  released: 'info',
  outcome_unknown: 'warn',
  in_doubt: 'error',
  resolved: 'info',
  renewed: 'debug',
  lease_lost: 'warn',
  late_outcome: 'warn',
  step_started: 'debug',
  step_finished: 'debug',
  step_replayed: 'debug',
  twin: 'warn',
  key_unstable: 'warn',
  result_not_kept: 'warn',
  asked: 'info',
  unguarded: 'error',
  store_fault: 'warn',
  new_epoch: 'warn',
  recalled: 'info',
  recall_conflict: 'error',
  recall_forgotten: 'warn',
  recall_awaited: 'info',
  swept: 'debug',
}

/**
 * Texts of these come from an effect, a target, a driver or a person, and may hold what nobody should read. What is
 * said of a key is its text over again.
 */
const isPrivate: ReadonlySet<string> = new Set(['message', 'why', 'because', 'by'])

/** One line for each event: key, verdict, worker and microseconds; never an input, a result or an error's own text. */
export function logEvent(logger: LoggerLike, event: OncewardEvent): void {
  const { type, ...details } = event
  const fields = Object.fromEntries(Object.entries(details).filter(([name]) => !isPrivate.has(name)))
  const about = event.operation === '' ? '' : ` ${event.operation}`
  logger[levels[type]]({ event: type, ...fields }, `onceward ${type.replaceAll('_', ' ')}${about}`)
}
