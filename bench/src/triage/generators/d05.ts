import { type Arrival, callsOf, effectsOf } from '../arrivals.ts'
import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Line, World } from '../world.ts'

/*
 * The store of seen keys forgets: after its time to live, or earlier, when memory is short. What is sent again soon is
 * turned away; what is sent again later than that is done again, with the very same key.
 */

const minuteMs = 60_000

/** Repeats at all distances, `gap` drawn for each; those within `ttlMs` are found. */
function repeats(world: World, { ttlMs, gap }: { ttlMs: number; gap: () => number }): readonly Arrival[] {
  const { random, toMs } = world
  const share = random.between(0.05, 0.15)
  return world.traffic().flatMap((intent): Arrival[] => {
    const first = { intent, at: intent.at, attempt: 1, isSkipped: false }
    if (!random.chance(share)) return [first]
    const afterMs = gap()
    const at = intent.at + afterMs
    return at > toMs - 1000 ? [first] : [first, { intent, at, attempt: 2, isSkipped: afterMs <= ttlMs }]
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`Late repeats of ${domain.effects}`)
  world.summary(`Some ${domain.thing}s were ${domain.verb} again, long after the first time.`)
}

/** Retries of a client's queue after an outage come later than the keys live. */
function lateRetries(world: World): void {
  const { random } = world
  const ttlMs = random.pick([5, 10, 15, 30]) * minuteMs
  const gap = (): number =>
    random.chance(0.3) ? random.int(1000, ttlMs * 0.8) : Math.round(ttlMs * random.between(1.05, 2.5))
  const found = repeats(world, { ttlMs, gap })
  title(world)
  world.known({ dedupeTtlMs: ttlMs })
  world.config('store', { 'dedupe.ttl_seconds': ttlMs / 1000, 'http.timeout_ms': 3000 }, true)
  world.addEffects(effectsOf(world, found))
  const calls = callsOf(world, found, [2, 9])
  world.add({
    kind: 'requests',
    name: 'access',
    rows: calls,
    optional: ['worker', 'host', 'version', 'session'],
  })
}

/** Messages delivered again from a parked queue; the log says which were turned away and which were not known. */
function parkedMessages(world: World): void {
  const { random } = world
  const ttlMs = random.pick([10, 20, 30]) * minuteMs
  const gap = (): number =>
    random.chance(0.4) ? random.int(2000, ttlMs * 0.9) : ttlMs + random.int(20_000, ttlMs * 1.5)
  const found = repeats(world, { ttlMs, gap })
  title(world)
  world.known({ dedupeTtlMs: ttlMs })
  world.addEffects(effectsOf(world, found))
  const lines = found.flatMap(({ intent, at, attempt, isSkipped }): Line[] => {
    if (isSkipped)
      return [{ at: at + 2, level: 'INFO', message: 'duplicate, dropped', ref: intent.ref, key: intent.key }]
    if (attempt === 2)
      return [
        {
          at: at + 2,
          level: 'DEBUG',
          message: 'key not found, processing',
          ref: intent.ref,
          key: intent.key,
        },
      ]
    return random.chance(0.3)
      ? [
          {
            at: at + 5,
            level: 'DEBUG',
            message: `key stored, expires in ${ttlMs / 1000} s`,
            ref: intent.ref,
            key: intent.key,
          },
        ]
      : []
  })
  world.log('consumer', lines, { isEssential: true })
  world.config('consumer', { 'idempotency.ttl': `${ttlMs / minuteMs}m`, 'consumer.prefetch': 50 }, true)
}

/** A cache that is full throws the oldest keys away long before their time is over. */
function evicted(world: World): void {
  const { random, fromMs, toMs, onsetMs } = world
  const livesMs = random.int(3, 9) * minuteMs
  const found = repeats(world, { ttlMs: livesMs, gap: () => random.int(20_000, livesMs * 3) }).map((one) =>
    one.intent.at < onsetMs && one.attempt === 2 ? { ...one, isSkipped: true } : one,
  )
  title(world)
  world.addEffects(effectsOf(world, found))
  const metrics: Row[] = []
  const limit = 512 * 2 ** 20
  for (let at = fromMs; at < toMs; at += minuteMs) {
    const isFull = at >= onsetMs
    const growing = 0.6 + (0.38 * (at - fromMs)) / (onsetMs - fromMs)
    metrics.push({
      at,
      name: 'cache_used_memory_bytes',
      value: Math.round(limit * (isFull ? random.between(0.99, 1) : growing)),
    })
    metrics.push({ at, name: 'cache_evicted_keys', value: isFull ? random.int(80, 600) : 0 })
  }
  world.add({ kind: 'metrics', name: 'cache', rows: metrics, isEssential: true })
  const lines: Line[] = []
  for (let at = onsetMs; at < toMs; at += random.int(2, 6) * minuteMs)
    lines.push({
      at,
      level: 'WARN',
      message: `dedupe cache at its memory limit, ${random.int(100, 900)} keys evicted in the last minute`,
    })
  world.log('cache', lines)
  world.known({ dedupeTtlMs: 24 * 60 * minuteMs })
  world.config('cache', { 'dedupe.ttl': '24h', 'cache.maxmemory': '512mb', 'cache.policy': 'allkeys-lru' })
}

export const d05: Generator = {
  cause: 'D05',
  variants: [
    { name: 'late-retries', make: lateRetries },
    { name: 'parked-messages', make: parkedMessages },
    { name: 'evicted', make: evicted },
  ],
}
