import { type Arrival, callsOf, effectsOf } from '../arrivals.ts'
import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Line, World } from '../world.ts'

/*
 * The store of seen keys is emptied, by a restart without persistence or by hand, or one way into the house goes round it.
 * After a flush, what was seen before it and comes again is done again; what comes later is remembered as ever. With a
 * bypass only one channel is concerned, and the others turn repeats away all the time.
 */

const minuteMs = 60_000

/** Repeats at all distances up to an hour; those that straddle the flush are not known any more. */
function arrivals(world: World): readonly Arrival[] {
  const { random, domain, onsetMs, toMs } = world
  const share = random.between(0.3, 0.55)
  const medianMs = random.int(10, 30) * minuteMs
  return world.traffic({ count: random.int(700, 1500) }).flatMap((intent): Arrival[] => {
    const first = { intent, endpoint: domain.path, at: intent.at, attempt: 1, isSkipped: false }
    if (!random.chance(share)) return [first]
    const at = intent.at + intent.durationMs + random.logNormal(medianMs, 0.8)
    const isForgotten = intent.at < onsetMs && at >= onsetMs
    return at > toMs - 1000 ? [first] : [first, { ...first, at, attempt: 2, isSkipped: !isForgotten }]
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`Repeats of older ${domain.thing}s`)
  world.summary(`${domain.thing}s that had been ${domain.verb} some time ago were ${domain.verb} once more.`)
}

/** What the store knew is answered with 200, at once. */
function addAccess(world: World, found: readonly Arrival[], isEssential: boolean): void {
  const rows = callsOf(world, found, [1, 6])
  world.add({
    kind: 'requests',
    name: 'access',
    rows,
    isEssential,
    optional: ['worker', 'host', 'version', 'session'],
  })
}

const skipMessages: readonly string[] = [
  'duplicate request, key already seen, skipped',
  'idempotent replay, stored answer returned',
  'SET NX returned nil, message was handled before, ack',
  'DuplicateMessageFilter: dropped',
]

function skips(found: readonly Arrival[], message: string): Line[] {
  return found.flatMap(({ intent, at, isSkipped }): Line[] =>
    isSkipped ? [{ at: at + 3, level: 'INFO', message, ref: intent.ref, key: intent.key }] : [],
  )
}

/** The in-memory store restarts empty; events of the platform, and the consumer's log of what it turned away. */
function restarted(world: World): void {
  const { random, onsetMs, workers } = world
  const found = arrivals(world)
  title(world)
  world.addEffects(effectsOf(world, found))
  const store = world.id('cache')
  const host = random.pick(workers).host
  const events: Row[] = [
    {
      at: onsetMs - random.int(2000, 9000),
      name: store,
      kind: 'killed',
      host,
      message: random.pick(['node drained', 'OOMKilled', 'exit on SIGKILL']),
    },
    {
      at: onsetMs,
      name: store,
      kind: 'started',
      host,
      message: random.pick([
        'no snapshot found, starting with an empty dataset',
        'Ready to accept connections, DB loaded from disk: 0 keys',
        'cold start, cache is empty',
      ]),
    },
  ]
  world.add({ kind: 'processes', name: 'platform events', rows: events, isEssential: true })
  world.log('consumer', skips(found, random.pick(skipMessages)), { isEssential: true })
  world.config('cache', { save: '""', appendonly: 'no', 'dedupe.ttl_hours': 24 })
  world.known({ dedupeTtlMs: 24 * 60 * minuteMs })
}

/** Somebody empties a database of the cache; its size drops to nothing and grows again. */
function flushed(world: World): void {
  const { random, onsetMs, fromMs, toMs } = world
  const found = arrivals(world)
  title(world)
  world.addEffects(effectsOf(world, found))
  const metrics: Row[] = []
  const base = random.int(2000, 40_000)
  for (let at = fromMs; at < toMs; at += minuteMs) {
    const isNew = (one: Arrival): boolean =>
      one.attempt === 1 && one.at < at && (at < onsetMs || one.at >= onsetMs)
    metrics.push({
      at,
      name: 'dedupe_store_keys',
      value: (at < onsetMs ? base : 0) + found.filter(isNew).length,
    })
    const here = found.filter((one) => one.at >= at && one.at < at + minuteMs && one.isSkipped)
    metrics.push({ at, name: 'dedupe_hits', value: here.length })
  }
  world.add({ kind: 'metrics', name: 'key store', rows: metrics, isEssential: true })
  addAccess(world, found, false)
  if (random.chance(0.6))
    world.change({
      at: onsetMs - random.int(200, 1500),
      kind: 'config',
      name: 'cache-cleanup',
      message: random.pick([
        'FLUSHALL on the shared cache to free memory',
        'cache cleared after the change of the price list',
        'all databases of the shared store emptied',
      ]),
    })
  else
    world.log('cache', [
      { at: onsetMs, level: 'INFO', message: 'FLUSHALL by client "ops-console", keys removed: all' },
    ])
}

/** A new way in, for bulk orders of partners, does not ask the store; the old one does. */
function bypassed(world: World): void {
  const { random, domain, onsetMs, toMs } = world
  const bulk = `${domain.path}/bulk`
  const share = random.between(0.1, 0.3)
  const through = random.between(0.25, 0.5)
  const arrived = world.traffic({ count: random.int(500, 1300) }).flatMap((intent) => {
    const endpoint = intent.at >= onsetMs && random.chance(through) ? bulk : domain.path
    const first = { intent, endpoint, at: intent.at, attempt: 1, isSkipped: false }
    if (!random.chance(share)) return [first]
    const at = intent.at + intent.durationMs + random.logNormal(90_000, 1)
    return at > toMs - 1000 ? [first] : [first, { ...first, at, attempt: 2, isSkipped: endpoint !== bulk }]
  })
  title(world)
  const rows = arrived
    .filter(({ isSkipped }) => !isSkipped)
    .map(({ intent, at, endpoint }) => world.effect(intent, { at: at + intent.durationMs, endpoint }))
  world.addEffects(rows, { drop: ['endpoint'] })
  addAccess(world, arrived, true)
  world.log('api', skips(arrived, random.pick(skipMessages)), { isEssential: true })
  world.change({
    at: onsetMs - random.int(10, 600) * 1000,
    kind: 'deploy',
    name: `${domain.service}-bulk`,
    message: random.pick([
      `partners may send to ${bulk}`,
      `new endpoint ${bulk} for many at once`,
      `${bulk} is open to the sales team’s tool`,
    ]),
  })
}

export const d16: Generator = {
  cause: 'D16',
  variants: [
    { name: 'restarted', make: restarted },
    { name: 'flushed', make: flushed },
    { name: 'bypassed', make: bypassed },
  ],
}
