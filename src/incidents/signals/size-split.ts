export interface SizedCase {
  readonly size: number
  readonly isGone: boolean
}

export interface Split {
  readonly thresholdBytes: number
  readonly shareAbove: number
  readonly shareBelow: number
  /** Of all that is gone, the part above the threshold. */
  readonly goneAbove: number
}

/**
 * The size that parts present from absent best, with enough rows on both of its sides. Best is what explains most of the
 * variance, not what errs least: where a third is absent above a size and none below, "all are there" errs least.
 */
export function splitOf(cases: readonly SizedCase[]): Split {
  const sorted = cases.toSorted((a, b) => a.size - b.size)
  const all = sorted.filter(({ isGone }) => isGone).length
  const least = Math.max(3, Math.ceil(sorted.length * 0.03))
  let below = 0
  let best = { at: 0, explained: 0, below: 0 }
  sorted.forEach(({ isGone, size }, index) => {
    if (isGone) below++
    const [at, above] = [index + 1, sorted.length - index - 1]
    if (sorted[at]?.size === size || at < least || above < least) return
    const difference = (all - below) / above - below / at
    const explained = difference > 0 ? difference * difference * at * above : 0
    if (explained > best.explained) best = { at, explained, below }
  })
  return splitAt(sorted, best)
}

/** The larger half against the smaller: where both miss as much, size explains nothing. */
export function halvesOf(cases: readonly SizedCase[]): Split {
  const sorted = cases.toSorted((a, b) => a.size - b.size)
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]?.size ?? 0
  const small = sorted.filter(({ size }) => size <= middle)
  return splitAt(sorted, { at: small.length, below: small.filter(({ isGone }) => isGone).length })
}

function splitAt(sorted: readonly SizedCase[], { at, below }: { at: number; below: number }): Split {
  const all = sorted.filter(({ isGone }) => isGone).length
  const share = all / Math.max(1, sorted.length)
  if (at === 0 || at === sorted.length)
    return { thresholdBytes: 0, shareAbove: share, shareBelow: share, goneAbove: 1 }
  return {
    thresholdBytes: sorted[at - 1]?.size ?? 0,
    shareAbove: (all - below) / (sorted.length - at),
    shareBelow: below / at,
    goneAbove: all === 0 ? 0 : (all - below) / all,
  }
}
