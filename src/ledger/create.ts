import { milliseconds } from '../kernel/check.ts'
import { OncewardError } from '../kernel/errors.ts'
import { delay, type Runtime } from '../kernel/runtime.ts'
import { closedError, createContext, type Ledger } from './context.ts'
import { parseIntent } from './door.ts'
import { guard } from './guard.ts'
import type { Intent } from './intent.ts'
import type { Effect, Onceward } from './onceward.ts'
import { type OncewardOptions, parseOptions } from './options.ts'
import { type Outcome, receiptOf, valueOf } from './outcome.ts'
import { entries, listDoubts, lookup, resolveDoubt } from './queries.ts'
import type { Receipt } from './receipt.ts'
import { rules as standardRules, type Rules } from './rules.ts'
import { type Seldom, seldom as standardSeldom } from './seldom.ts'
import { sweep, Sweeper } from './sweep.ts'

const defaultGraceMs = 10_000
/** How long aborted effects get to write how they ended. */
const abortMs = 1_000

/** What an instance is made of, where it is not the standard. */
export interface LedgerParts {
  readonly rules?: Rules
  readonly seldom?: Seldom
}

/** Makes an instance with everything passed in. Users call `createOnceward`, which adds the system's runtime. */
export function createLedger(options: OncewardOptions, runtime: Runtime, parts: LedgerParts = {}): Onceward {
  const { rules = standardRules, seldom = standardSeldom } = parts
  const parsed = parseOptions(options, runtime)
  const ledger = createContext(parsed, rules)
  const sweeper = new Sweeper(ledger)
  sweeper.start()

  async function call<T>(
    intent: Intent,
    effect: Effect<unknown>,
    read: (outcome: Outcome, reader: Parameters<typeof valueOf>[1]) => T,
  ): Promise<T> {
    const parsedCall = parseIntent(parsed, intent)
    const { parse, steps, onStoreOutage } = parsedCall.operation
    const makeSteps = steps ? (await seldom.steps()).makeSteps : undefined
    // Not in the outage itself, when loading may be out as well.
    const unguarded = onStoreOutage === 'run' ? await seldom.unguarded() : undefined
    const outcome = await guard(ledger, { call: parsedCall, effect, makeSteps, ...unguarded })
    return read(outcome, { options: parsed, identity: parsedCall.identity, parse })
  }

  let closing: Promise<void> | undefined
  const open = <T>(work: () => Promise<T>): Promise<T> =>
    ledger.running.isClosed ? Promise.reject(closedError()) : work()
  return {
    scope: parsed.scope,
    worker: ledger.events.worker,
    tombstoneMs: parsed.tombstoneMs,
    run: <T>(intent: Intent, effect: Effect<T>) => call(intent, effect, valueOf) as Promise<T>,
    execute: <T>(intent: Intent, effect: Effect<T>) => call(intent, effect, receiptOf<T>),
    lookup: <T>(target: Parameters<Onceward['lookup']>[0]) =>
      open(() => lookup(ledger, target) as Promise<Receipt<T> | undefined>),
    entries: (query) => open(() => entries(ledger, query)),
    doubts: {
      list: (query) => open(() => listDoubts(ledger, query)),
      resolve: (ref, decision) => open(() => resolveDoubt(ledger, ref, decision)),
    },
    sweep: () => open(() => sweep(ledger)),
    open: () => open(() => ledger.open()),
    on: (type, listener) => ledger.events.on(type, listener),
    counts: () => ledger.events.counts(),
    close: async (given) => {
      const graceMs = milliseconds(given?.graceMs ?? defaultGraceMs, 'graceMs', 0)
      closing ??= close(ledger, sweeper, graceMs)
      return closing
    },
  }
}

/** Rule 12: refuses new work, waits with heartbeats on, aborts; started work is never released. */
async function close(ledger: Ledger, sweeper: Sweeper, graceMs: number): Promise<void> {
  const { running, heartbeat, options } = ledger
  running.isClosed = true
  const atRest = Promise.all([sweeper.stop(), running.idle()]).then(() => undefined)
  await within(options.runtime, atRest, graceMs)
  if (running.size > 0) {
    running.abortAll(
      new OncewardError(
        'CLOSED',
        'The instance was closed before this attempt ended; another one recovers it.',
      ),
    )
    await within(options.runtime, running.idle(), abortMs)
  }
  heartbeat.stop()
  running.isOver = true
  await ledger.inTime('close', options.store.close())
}

async function within(runtime: Runtime, done: Promise<void>, patienceMs: number): Promise<void> {
  const controller = new AbortController()
  await Promise.race([done, delay(runtime, patienceMs, controller.signal)])
  controller.abort()
}
