/** Sizes are counted by powers of two: from 1 KiB up to 4 GiB, and what is larger. */
const firstPower = 10
export const bucketCount = 24

/** The bucket that a size falls into: its upper end is the next power of two, inclusive. */
export function bucketOf(bytes: number): number {
  if (bytes <= 2 ** firstPower) return 0
  return Math.min(Math.ceil(Math.log2(bytes)) - firstPower, bucketCount - 1)
}

/** The largest size of a bucket; of the last one infinite. */
export function bucketEnd(bucket: number): number {
  return bucket === bucketCount - 1 ? Number.POSITIVE_INFINITY : 2 ** (firstPower + bucket)
}
