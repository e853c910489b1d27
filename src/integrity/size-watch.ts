import { count, members } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import { bucketCount, bucketEnd, bucketOf } from './buckets.ts'
import { Emitter } from './events.ts'
import { type KnownLimit, knownLimits } from './limits.ts'

export interface SizeWatchOptions {
  /** Limits of your own way, in place of the known defaults. */
  readonly limits?: readonly KnownLimit[]
  /** How near to a limit is too near, as a part of it. Default 0.05. */
  readonly marginRatio?: number
  /** So many messages of exactly the largest size, and it is no coincidence. Default 3. */
  readonly stays?: number
  /** Smaller sizes are never suspect: fixed-size messages of 4 KiB are common. Default 16,384 bytes. */
  readonly fromBytes?: number
  /** More methods than this are counted together, as `(other)`. Default 1,000. */
  readonly maxMethods?: number
}

/** What the largest size of a method suggests. */
export type SuspectWhy =
  /** It stays exactly on a limit: messages may be cut there, or refused beyond it. */
  | 'on-limit'
  /** It stays exactly on a power of two, where no limit is known. */
  | 'power-of-two'
  /** It has come within the margin of a limit. */
  | 'near-limit'

export interface Suspicion {
  readonly why: SuspectWhy
  /** The limit's size, or the power of two. */
  readonly limitBytes: number
  /** Who is known to have this limit. */
  readonly limits: readonly KnownLimit[]
}

export interface SizeWatchEvents {
  /** Told once for a method, a limit and a reason. */
  size_suspect: Suspicion & { readonly method: string; readonly largestBytes: number }
}

export interface MethodSizes {
  readonly method: string
  readonly messages: number
  /** Of all of them together. */
  readonly bytes: number
  readonly largestBytes: number
  /** How many were exactly as large as that. */
  readonly timesLargest: number
  /** Those with messages in them; `upToBytes` inclusive. */
  readonly buckets: readonly { readonly upToBytes: number; readonly messages: number }[]
  /** `usedRatio`: the largest as a part of the limit; above 1 the limit is not on this way. */
  readonly limits: readonly (KnownLimit & { readonly usedRatio: number })[]
}

/** A histogram of message sizes for each method, in bounded memory, with the known limits beside it. */
export interface SizeWatch {
  record(method: string, bytes: number): void
  sizes(): readonly MethodSizes[]
  on<T extends keyof SizeWatchEvents>(type: T, listener: (event: SizeWatchEvents[T]) => void): () => void
}

interface Counted {
  readonly buckets: number[]
  messages: number
  bytes: number
  largestBytes: number
  timesLargest: number
  readonly told: Set<string>
}

export type ParsedSizeWatchOptions = Required<SizeWatchOptions>

/** Throws `OPTION_INVALID`. */
export function sizeWatch(
  options: SizeWatchOptions = {},
  suspect: typeof suspicionsOf = suspicionsOf,
): SizeWatch {
  const parsed = parse(members(options, 'sizes'))
  const events = new Emitter<SizeWatchEvents>()
  const methods = new Map<string, Counted>()
  const countedOf = (method: string): readonly [string, Counted] => {
    const known = methods.get(method)
    if (known !== undefined) return [method, known]
    if (methods.size >= parsed.maxMethods && method !== others) return countedOf(others)
    const counted = {
      buckets: Array.from({ length: bucketCount }, () => 0),
      messages: 0,
      bytes: 0,
      largestBytes: -1,
      timesLargest: 0,
      told: new Set<string>(),
    }
    methods.set(method, counted)
    return [method, counted]
  }
  return {
    record: (given, bytes) => {
      const [method, counted] = countedOf(given)
      const bucket = bucketOf(bytes)
      counted.buckets[bucket] = (counted.buckets[bucket] ?? 0) + 1
      counted.messages += 1
      counted.bytes += bytes
      if (bytes < counted.largestBytes) return
      counted.timesLargest = bytes === counted.largestBytes ? counted.timesLargest + 1 : 1
      counted.largestBytes = bytes
      for (const suspicion of suspect(bytes, counted.timesLargest, parsed)) {
        const once = `${suspicion.why} ${suspicion.limitBytes}`
        if (counted.told.has(once)) continue
        counted.told.add(once)
        events.emit('size_suspect', { method, largestBytes: bytes, ...suspicion })
      }
    },
    sizes: () => [...methods].map(([method, counted]) => describe(method, counted, parsed.limits)),
    on: (type, listener) => events.on(type, listener),
  }
}

const others = '(other)'

/** What the largest size of a method, seen so many times, suggests. A limit that was passed is not on this way. */
export function suspicionsOf(
  largestBytes: number,
  timesLargest: number,
  options: ParsedSizeWatchOptions,
): readonly Suspicion[] {
  const { limits, marginRatio, stays, fromBytes } = options
  if (largestBytes < fromBytes) return []
  const on = limits.filter(({ bytes }) => bytes === largestBytes)
  const near = limits.filter(
    ({ bytes }) => bytes >= largestBytes && largestBytes >= bytes * (1 - marginRatio),
  )
  const suspicions: Suspicion[] = [...new Set(near.map(({ bytes }) => bytes))].map((limitBytes) => ({
    why: 'near-limit',
    limitBytes,
    limits: near.filter(({ bytes }) => bytes === limitBytes),
  }))
  if (timesLargest < stays) return suspicions
  if (on.length > 0) suspicions.push({ why: 'on-limit', limitBytes: largestBytes, limits: on })
  else if (Number.isInteger(Math.log2(largestBytes)))
    suspicions.push({ why: 'power-of-two', limitBytes: largestBytes, limits: [] })
  return suspicions
}

function describe(method: string, counted: Counted, limits: readonly KnownLimit[]): MethodSizes {
  const { messages, bytes, largestBytes, timesLargest } = counted
  return {
    method,
    messages,
    bytes,
    largestBytes,
    timesLargest,
    buckets: counted.buckets.flatMap((inBucket, bucket) =>
      inBucket === 0 ? [] : [{ upToBytes: bucketEnd(bucket), messages: inBucket }],
    ),
    limits: limits.map((limit) => ({ ...limit, usedRatio: largestBytes / limit.bytes })),
  }
}

function parse(given: SizeWatchOptions): ParsedSizeWatchOptions {
  const { limits = knownLimits, marginRatio = 0.05 } = given
  if (!Array.isArray(limits)) throw optionInvalid('sizes.limits', 'a list of { name, bytes, source }', limits)
  for (const limit of limits as readonly KnownLimit[])
    count(limit?.bytes, 'sizes.limits[].bytes', { min: 1, max: Number.MAX_SAFE_INTEGER })
  if (!(marginRatio >= 0 && marginRatio < 1))
    throw optionInvalid('sizes.marginRatio', 'a number from 0 to below 1', marginRatio)
  return {
    limits,
    marginRatio,
    stays: count(given.stays ?? 3, 'sizes.stays', { min: 2, max: 1_000_000 }),
    fromBytes: count(given.fromBytes ?? 16_384, 'sizes.fromBytes', { min: 1, max: 2 ** 40 }),
    maxMethods: count(given.maxMethods ?? 1000, 'sizes.maxMethods', { min: 1, max: 100_000 }),
  }
}
