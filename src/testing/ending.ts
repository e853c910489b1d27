/** Why a run ends before its time. */
export type Ending =
  | { readonly kind: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' }
  | { readonly kind: 'deadline'; readonly limitMs: number }
  | { readonly kind: 'crash'; readonly error: Error }

/** Thrown out of every wait once the run is to end early. */
export class EndedEarly extends Error {
  override readonly name = 'EndedEarly'
  readonly ending: Ending

  constructor(ending: Ending) {
    super(`ended early: ${ending.kind}`)
    this.ending = ending
  }
}

/** Turns a signal, the deadline or a crashed child into one rejection that all waits share. */
export interface Watch {
  readonly end: (ending: Ending) => void
  /** Like `promise`, or rejects with `EndedEarly`, whichever is first. */
  readonly guard: <T>(promise: Promise<T>) => Promise<T>
  /** Restores what the process did on signals before. */
  readonly close: () => void
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
type SignalName = keyof typeof signalNumbers

export function watchForEnd(limitMs: number): Watch {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  // Between two waits nobody listens; the next `guard` still sees it.
  ended.catch(() => {})
  const end = (ending: Ending): void => reject(new EndedEarly(ending))
  const timer = setTimeout(() => end({ kind: 'deadline', limitMs }), limitMs)
  const names = Object.keys(signalNumbers) as SignalName[]
  const onSignal = (signal: NodeJS.Signals): void => end({ kind: 'signal', signal: signal as SignalName })
  for (const name of names) process.on(name, onSignal)
  return {
    end,
    guard: (promise) => Promise.race([promise, ended]),
    close: () => {
      clearTimeout(timer)
      for (const name of names) process.off(name, onSignal)
    },
  }
}

/** As shells count: 128 and the signal's number. */
export function exitCodeOfEnding(ending: Ending): number {
  return ending.kind === 'signal' ? 128 + signalNumbers[ending.signal] : 1
}

export function describeEnding(ending: Ending): string {
  switch (ending.kind) {
    case 'signal':
      return `ended by ${ending.signal}; all its processes are gone.`
    case 'deadline':
      return `did not end within ${Math.round(ending.limitMs / 1000)} s and was stopped; all its processes are gone.`
    case 'crash':
      return `failed: ${ending.error.message}`
  }
}
