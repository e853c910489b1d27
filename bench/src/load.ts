/** One operation of a contender, again and again. */
export interface Work {
  /** Does operation number `n`; `undefined` where it is already done. `claimed` is called when the effect begins. */
  readonly run: (n: number, claimed: () => void) => Promise<unknown> | undefined
  /** Bytes of write-ahead log written so far, while `pinLog` holds where there is one. */
  readonly logBytes?: () => Promise<number>
  /** Keeps the log from being started over, which makes it grow by what is written. */
  readonly pinLog?: () => void
  /** Operations until all of it is compiled, where that takes more than usual. */
  readonly warmOperations?: number
  /** Called right before the time that counts. */
  readonly begins?: () => void
  readonly end?: () => Promise<void>
}

/** How long a cell is measured. */
export interface Window {
  readonly warmMs: number
  readonly measureMs: number
}

/** What one round of one cell came to. Latencies are of whole operations, from the call to the answer. */
export interface Measurement {
  readonly operations: number
  readonly opsPerSecond: number
  readonly meanMs: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** From the call to the beginning of the effect. */
  readonly claimP50Ms?: number
  readonly claimP99Ms?: number
  readonly logBytesPerOp?: number
  /** Processor time of the contender's own process: what the caller's machine pays, steady where the clock is not. */
  readonly processorUsPerOp?: number
  /** Calls that reached the failing peer of a storm, by the intents behind them. */
  readonly callsPerIntent?: number
  /** Share of a storm's intents that were answered in the end. */
  readonly succeeded?: number
}

/** A part of the measured time is enough: bytes per operation vary little. */
const logShare = 0.3

/**
 * What a contender does before it is measured, in time and in operations: code that has run a few hundred times is not
 * compiled yet, and at one operation at a time a few hundred is all that a short warm-up comes to.
 */
const warmOperations = 5_000
const maxWarmMs = 5_000

async function warmUp(closed: ClosedLoop, warmMs: number, operationsWanted: number): Promise<void> {
  const wanted = warmMs > 100 ? operationsWanted : 0
  const untilMs = performance.now() + maxWarmMs
  let { operations } = await closed.run(warmMs)
  while (operations < wanted && performance.now() < untilMs)
    operations += (await closed.run(warmMs)).operations
}

/** Warms up, measures in a closed loop, and then counts the bytes of log an operation costs. */
export async function measureLoad(work: Work, concurrency: number, window: Window): Promise<Measurement> {
  const closed = new ClosedLoop(work, concurrency)
  try {
    // Before, not after: a full collection at rest also throws away hidden classes and compiled code that nothing alive
    // holds, and what is measured then is the warming up.
    globalThis.gc?.()
    await warmUp(closed, window.warmMs, work.warmOperations ?? warmOperations)
    const before = work.pinLog === undefined ? await work.logBytes?.() : undefined
    work.begins?.()
    const taken = await closed.run(window.measureMs)
    const after = work.pinLog === undefined ? await work.logBytes?.() : undefined
    const logBytesPerOp =
      before === undefined || after === undefined
        ? await pinnedBytes(work, closed, window.measureMs * logShare)
        : (after - before) / taken.operations
    return { ...taken, ...(logBytesPerOp === undefined ? {} : { logBytesPerOp }) }
  } finally {
    await work.end?.()
  }
}

async function pinnedBytes(work: Work, closed: ClosedLoop, forMs: number): Promise<number | undefined> {
  if (work.pinLog === undefined || work.logBytes === undefined) return undefined
  work.pinLog()
  // The first write behind the pin may still start the log over.
  await closed.run(20)
  const before = await work.logBytes()
  const { operations } = await closed.run(forMs)
  return ((await work.logBytes()) - before) / operations
}

/** `concurrency` loops, each asking again as soon as it has its answer: load that no real caller exceeds. */
class ClosedLoop {
  readonly #work: Work
  readonly #concurrency: number
  #next = 0

  constructor(work: Work, concurrency: number) {
    this.#work = work
    this.#concurrency = concurrency
  }

  async run(forMs: number): Promise<Omit<Measurement, 'logBytesPerOp'>> {
    const latencies: number[] = []
    const claims: number[] = []
    const beganMs = performance.now()
    const untilMs = beganMs + forMs
    const usedBefore = process.cpuUsage()
    const loop = async (): Promise<void> => {
      for (let nowMs = performance.now(); nowMs < untilMs; ) {
        const sinceMs = nowMs
        const claimed = (): void => void claims.push(performance.now() - sinceMs)
        const pending = this.#work.run(this.#next++, claimed)
        if (pending !== undefined) await pending
        nowMs = performance.now()
        latencies.push(nowMs - sinceMs)
      }
    }
    await Promise.all(Array.from({ length: this.#concurrency }, loop))
    const tookMs = performance.now() - beganMs
    const used = process.cpuUsage(usedBefore)
    const sum = latencies.reduce((total, one) => total + one, 0)
    return {
      operations: latencies.length,
      opsPerSecond: (latencies.length / tookMs) * 1000,
      meanMs: sum / latencies.length,
      processorUsPerOp: (used.user + used.system) / latencies.length,
      ...percentiles(latencies, 'p50Ms', 'p99Ms'),
      ...percentiles(claims, 'claimP50Ms', 'claimP99Ms'),
    }
  }
}

function percentiles<P50 extends string, P99 extends string>(
  values: readonly number[],
  p50: P50,
  p99: P99,
): Partial<Record<P50 | P99, number>> {
  if (values.length === 0) return {}
  const sorted = Float64Array.from(values).toSorted()
  const at = (share: number): number =>
    sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] as number
  return { [p50]: at(0.5), [p99]: at(0.99) } as Record<P50 | P99, number>
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
