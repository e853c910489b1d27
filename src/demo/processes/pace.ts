/** Limits how many orders are new at the same time; those that are being sent again do not count. */
export interface Pace {
  take(): Promise<void>
  /** `hasStalled`: an answer that should have come in time did not, so this machine is too busy for this pace. */
  release(hasStalled: boolean): void
}

const fewest = 6
const most = 40

/** Slower when a machine cannot keep up (the demo is about faults, not about overload), faster again with each success. */
export function makePace(): Pace {
  const waiting: (() => void)[] = []
  let limit = 24
  let taken = 0
  return {
    take: () => {
      if (taken < limit) {
        taken++
        return Promise.resolve()
      }
      return new Promise((resolve) => waiting.push(resolve))
    },
    release: (hasStalled) => {
      taken--
      limit = hasStalled ? Math.max(fewest, limit * 0.8) : Math.min(most, limit + 1 / limit)
      while (taken < Math.floor(limit) && waiting.length > 0) {
        taken++
        waiting.shift()?.()
      }
    },
  }
}
