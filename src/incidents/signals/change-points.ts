/*
 * PELT (Killick, Fearnhead & Eckley 2012) with the cost of a Poisson rate: where the rate of a series of counts changes.
 */

/** The first index of each segment but the first. */
export function changePoints(
  counts: readonly number[],
  penalty: number = 3 * Math.log(Math.max(counts.length, 2)),
): number[] {
  const sums = cumulated(counts)
  const best: number[] = [-penalty]
  const last: number[] = [0]
  let candidates = [0]
  for (let end = 1; end <= counts.length; end++) {
    let [least, from] = [Infinity, 0]
    const costs = candidates.map((start) => {
      const cost = (best[start] ?? 0) + poissonCost(sums, start, end)
      if (cost + penalty < least) [least, from] = [cost + penalty, start]
      return cost
    })
    best.push(least)
    last.push(from)
    candidates = candidates.filter((_, at) => (costs[at] ?? 0) <= least)
    candidates.push(end)
  }
  const points: number[] = []
  for (let at = last[counts.length] ?? 0; at > 0; at = last[at] ?? 0) points.push(at)
  return points.toReversed()
}

/** Where the split between two segments may lie as well: what is less likely by no more than a factor of seven. */
export function intervalOf(
  counts: readonly number[],
  { from, at, to }: { from: number; at: number; to: number },
): readonly [number, number] {
  const sums = cumulated(counts)
  const costAt = (split: number): number => poissonCost(sums, from, split) + poissonCost(sums, split, to)
  const bound = costAt(at) + 3.84
  let [low, high] = [at, at]
  while (low - 1 > from && costAt(low - 1) <= bound) low--
  while (high + 1 < to && costAt(high + 1) <= bound) high++
  return [low, high]
}

function cumulated(counts: readonly number[]): Float64Array {
  const sums = new Float64Array(counts.length + 1)
  counts.forEach((count, at) => {
    sums[at + 1] = (sums[at] ?? 0) + count
  })
  return sums
}

/** Twice the negative log-likelihood of one rate, but for what is the same for every split. */
function poissonCost(sums: Float64Array, from: number, to: number): number {
  const sum = (sums[to] ?? 0) - (sums[from] ?? 0)
  return sum === 0 ? 0 : 2 * sum * (1 - Math.log(sum / (to - from)))
}
