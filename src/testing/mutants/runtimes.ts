import type { LedgerMutant } from './mutant.ts'

/** Mutants between the ledger and its clocks, timers and chance. */
export const runtimeMutants: readonly LedgerMutant[] = [
  {
    id: 'owner-token-is-constant',
    rule: 4,
    breaks: "takes another worker's claim for its own, because all owners have one token",
    runtime: (runtime) => wrapped(runtime, { randomBytes: (length) => new Uint8Array(length) }),
  },
  {
    id: 'no-heartbeat',
    rule: 8,
    breaks: 'never renews a lease',
    runtime: (runtime) =>
      wrapped(runtime, {
        setTimer: (delayMs, callback, options) =>
          runtime.setTimer(delayMs, options?.background === true ? () => undefined : callback, options),
      }),
  },
  {
    id: 'outcome-travels-alone',
    rule: 9,
    breaks: "writes a step's outcome before the next step can take it along",
    runtime: (runtime) => wrapped(runtime, { endOfTurn: (callback) => callback() }),
  },
]

type Runtime = Parameters<NonNullable<LedgerMutant['runtime']>>[0]

function wrapped(runtime: Runtime, changes: Partial<Runtime>): Runtime {
  return {
    wallMs: () => runtime.wallMs(),
    monotonicMs: () => runtime.monotonicMs(),
    setTimer: (delayMs, callback, options) => runtime.setTimer(delayMs, callback, options),
    endOfTurn: (callback) => runtime.endOfTurn(callback),
    randomBytes: (length) => runtime.randomBytes(length),
    random: () => runtime.random(),
    ...changes,
  }
}
