/** The least k of which P(X <= k) >= `share`, for X of a Poisson distribution with this mean. */
export function poissonQuantile(mean: number, share: number): number {
  // Beyond a few hundred the normal form is near enough, and e^-mean would vanish.
  if (mean > 500) return Math.ceil(mean + normalQuantile(share) * Math.sqrt(mean))
  let term = Math.exp(-mean)
  let sum = term
  let k = 0
  while (sum < share && k < 5000) {
    k += 1
    term *= mean / k
    sum += term
  }
  return k
}

/** For shares from 0.99 up, to two digits (Abramowitz and Stegun 26.2.23). */
function normalQuantile(share: number): number {
  const t = Math.sqrt(-2 * Math.log(1 - share))
  return (
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3)
  )
}
