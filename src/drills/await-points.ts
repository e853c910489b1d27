import { promiseHooks } from 'node:v8'

/** A running count of the points at which this process goes on after an await. */
export interface AwaitPoints {
  /** Continuations that have begun since the count began. */
  count(): number
  stop(): void
}

/**
 * Counts every continuation of a promise in this process: the moments between two awaits, which are the moments at
 * which a crash can leave something half done. `onPoint` is called before the k-th continuation runs (k from 1), so
 * that all that came before it has happened and nothing of it has.
 *
 * Continuations of other work in the process are counted too: they only add points. Calls that are no promises (a
 * timer's, a socket's) are not, since what they lead to in the ledger is a continuation again.
 */
export function watchAwaits(onPoint: (k: number) => void): AwaitPoints {
  let points = 0
  const stop = promiseHooks.onBefore(() => {
    points += 1
    onPoint(points)
  })
  return { count: () => points, stop: () => void stop() }
}

/** What happens to this process at its k-th await: it dies as in a crash, or stands still until SIGCONT. */
export interface AwaitFault {
  readonly k: number
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

/** Sends the signal to this process itself. Nothing is flushed and no handler runs. Without a fault, it only counts. */
export function faultAtAwait(
  fault: AwaitFault | undefined,
  beforeSignal: () => void = () => undefined,
): AwaitPoints {
  return watchAwaits((point) => {
    if (fault === undefined || point !== fault.k) return
    beforeSignal()
    process.kill(process.pid, fault.signal)
  })
}
