import { bucketCount, bucketEnd, bucketOf } from './buckets.ts'

export interface SizeCounts {
  /** Message sizes up to this many bytes, beyond those of the bucket before. */
  readonly upToBytes: number
  readonly messages: number
  /** Those in which the field was missing. */
  readonly missing: number
}

export interface FieldCounts {
  readonly field: string
  readonly messages: number
  readonly missing: number
  /** Sizes with messages in them, smallest first. */
  readonly sizes: readonly SizeCounts[]
  /**
   * The smallest message in which it was missing, where every smaller one had it and there were some: it is missing only
   * from this size on. Otherwise absent.
   */
  readonly onlyFromBytes?: number
}

/** Counts one field by message size, in bounded memory. */
export class FieldCounter {
  readonly #messages: number[] = Array.from({ length: bucketCount }, () => 0)
  readonly #missing: number[] = Array.from({ length: bucketCount }, () => 0)
  #smallestMissing = Number.POSITIVE_INFINITY
  #smallestWhole = Number.POSITIVE_INFINITY

  add(bytes: number, isMissing: boolean): void {
    const bucket = bucketOf(bytes)
    this.#messages[bucket] = (this.#messages[bucket] ?? 0) + 1
    if (isMissing) {
      this.#missing[bucket] = (this.#missing[bucket] ?? 0) + 1
      this.#smallestMissing = Math.min(this.#smallestMissing, bytes)
    } else this.#smallestWhole = Math.min(this.#smallestWhole, bytes)
  }

  /** See `FieldCounts`. */
  get onlyFromBytes(): number | undefined {
    const isAboveAll =
      this.#smallestMissing < Number.POSITIVE_INFINITY && this.#smallestWhole < this.#smallestMissing
    return isAboveAll ? this.#smallestMissing : undefined
  }

  counts(field: string): FieldCounts {
    const sizes = this.#messages.flatMap((messages, bucket) =>
      messages === 0 ? [] : [{ upToBytes: bucketEnd(bucket), messages, missing: this.#missing[bucket] ?? 0 }],
    )
    const { onlyFromBytes } = this
    return {
      field,
      messages: sum(this.#messages),
      missing: sum(this.#missing),
      sizes,
      ...(onlyFromBytes === undefined ? {} : { onlyFromBytes }),
    }
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
