import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * The primary of the database changes. What was acknowledged in the last seconds and not yet copied is gone, or two nodes
 * take writes for a while: work that was done is taken up again on the other side. All pairs have a leg beside the
 * failover, and when the sides meet again, rows collide.
 */

interface Failover {
  readonly intents: readonly Intent[]
  /** When the second effect of those concerned was done. */
  readonly again: ReadonlyMap<Intent, number>
  readonly lagMs: number
  readonly downMs: number
  readonly old: string
  readonly young: string
}

/** Those whose record was written within the lag, and those caught without a primary, come again soon after it. */
function failoverOf(world: World): Failover {
  const { random, onsetMs } = world
  const lagMs = random.int(15, 90) * 1000
  const downMs = random.int(4, 40) * 1000
  const share = random.between(0.7, 1)
  const calm = world.traffic({ count: random.int(300, 700), medianMs: random.int(60, 250) })
  const busy = world.traffic({
    fromMs: onsetMs - 3 * lagMs,
    toMs: onsetMs + 8000,
    count: random.int(60, 160),
  })
  const intents = [...calm, ...busy].toSorted((a, b) => a.at - b.at)
  const again = new Map<Intent, number>()
  for (const intent of intents) {
    const doneMs = intent.at + intent.durationMs
    if (doneMs < onsetMs - lagMs || doneMs >= onsetMs || !random.chance(share)) continue
    again.set(intent, onsetMs + downMs + random.int(500, 45_000))
  }
  return { intents, again, lagMs, downMs, old: world.id('db'), young: world.id('db') }
}

function effectsOf(world: World, { intents, again }: Failover): readonly Row[] {
  const { random, workers } = world
  return intents.flatMap((intent) => {
    const second = again.get(intent)
    if (second === undefined) return [world.effect(intent)]
    const by = random.pick(workers)
    return [world.effect(intent), world.effect(intent, { at: second, worker: by.id, host: by.host })]
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`${domain.effects} twice within a few minutes`)
  world.summary(`A short spell of errors, then ${domain.thing}s that were ${domain.verb} again.`)
}

/** A replica that lagged is promoted; sequences and rows of the last seconds are missing there. */
function laggingReplica(world: World): void {
  const { random, domain, onsetMs } = world
  const found = failoverOf(world)
  title(world)
  world.addEffects(effectsOf(world, found))
  const ledger = found.intents.map((intent) => {
    const second = found.again.get(intent)
    return world.ledger(intent, second === undefined ? {} : { at: second + 5 })
  })
  world.add({ kind: 'ledger', name: 'records of the new primary', rows: ledger, optional: ['worker'] })
  const errors = Array.from(
    { length: random.int(8, 60) },
    (): Line => ({
      at: onsetMs + random.int(0, found.downMs),
      level: 'ERROR',
      message: random.pick([
        'terminating connection due to administrator command (57P01)',
        'the database system is shutting down (57P03)',
        'cannot execute INSERT in a read-only transaction (25006)',
        'server closed the connection unexpectedly',
      ]),
      host: found.old,
    }),
  )
  const collisions = Array.from(
    { length: random.int(5, 30) },
    (): Line => ({
      at: onsetMs + found.downMs + random.int(800, 240_000),
      level: 'ERROR',
      message: `duplicate key value violates unique constraint "${domain.effects}_pkey" SQLSTATE 23505`,
      host: found.young,
    }),
  )
  const promoted: Line[] = [
    {
      at: onsetMs + 900,
      level: 'WARN',
      message: 'primary not reachable, promoting the replica that has most',
      host: found.young,
    },
    {
      at: onsetMs + found.downMs - 600,
      level: 'INFO',
      message: 'received promote request',
      host: found.young,
    },
    {
      at: onsetMs + found.downMs - 200,
      level: 'INFO',
      message: 'selected new timeline ID: 7, database system is ready to accept connections',
      host: found.young,
    },
  ]
  world.log('database', [...errors, ...collisions, ...promoted], { isEssential: true })
}

/** Two nodes take writes until the line between them is mended; then replication stops with 1062. */
function twoPrimaries(world: World): void {
  const { random, domain, onsetMs, toMs, workers } = world
  const lastMs = Math.min(toMs - 300_000, onsetMs + random.int(3, 14) * 60_000)
  const share = random.between(0.25, 0.6)
  const [west, east] = [world.id('db'), world.id('db')]
  const calm = world.traffic({ count: random.int(300, 700) })
  const busy = world.traffic({ fromMs: onsetMs, toMs: lastMs, count: random.int(80, 200) })
  const intents = [...calm, ...busy].toSorted((a, b) => a.at - b.at)
  title(world)
  const doubled = new Set(intents.filter(({ at }) => at >= onsetMs && at < lastMs && random.chance(share)))
  const rows = intents.flatMap((intent) => {
    const first = world.effect(intent)
    if (!doubled.has(intent)) return [first]
    const by = random.pick(workers.filter((one) => one !== intent.worker))
    return [
      first,
      world.effect(intent, { at: first.at + random.int(200, 9000), worker: by.id, host: by.host }),
    ]
  })
  world.addEffects(rows)
  const ledger = intents.flatMap((intent) => {
    const row = { ...world.ledger(intent), db_node: west }
    return doubled.has(intent) ? [row, { ...row, at: row.at + random.int(200, 9000), db_node: east }] : [row]
  })
  world.add({ kind: 'ledger', name: 'records of both nodes', rows: ledger, optional: ['worker'] })
  const lines: Line[] = [
    { at: onsetMs - 9000, level: 'WARN', message: `connection to ${west} lost, no quorum`, host: east },
    { at: onsetMs - 1000, level: 'WARN', message: 'taking over as primary, read_only=OFF', host: east },
    {
      at: onsetMs + 700,
      level: 'WARN',
      message: 'fencing of the other node failed, it may still take writes',
      host: east,
    },
    { at: lastMs, level: 'INFO', message: `connection to ${west} is back`, host: east },
    { at: lastMs + 300, level: 'ERROR', message: `two primaries found: ${west}, ${east}`, host: east },
    ...Array.from(
      { length: random.int(6, 40) },
      (): Line => ({
        at: lastMs + random.int(500, 200_000),
        level: 'ERROR',
        message: `Duplicate entry for key '${domain.effects}.PRIMARY', Error_code: 1062; replication applier stopped`,
        host: random.pick([west, east]),
      }),
    ),
  ]
  world.log('cluster', lines, { isEssential: true })
}

/** A store of locks and keys fails over; monitors vote, and the lag before it stands in the metrics. */
function votedOut(world: World): void {
  const { random, fromMs, toMs, onsetMs } = world
  const found = failoverOf(world)
  title(world)
  world.addEffects(effectsOf(world, found))
  const metrics: Row[] = []
  for (let at = fromMs; at < toMs; at += 30_000) {
    const isLate = at > onsetMs - 6 * 60_000 && at < onsetMs
    const value = isLate ? Math.round((found.lagMs / 1000) * random.between(0.6, 1.1)) : random.int(0, 1)
    metrics.push({ at, name: 'replication_lag_seconds', value })
  }
  world.add({ kind: 'metrics', name: 'replication', rows: metrics })
  const events: Row[] = [
    { at: onsetMs - 700, name: found.old, kind: 'killed', host: found.old, message: 'host not reachable' },
    {
      at: onsetMs + found.downMs,
      name: found.young,
      kind: 'promoted',
      host: found.young,
      message: 'replica is primary now',
    },
    {
      at: onsetMs + found.downMs + 95_000,
      name: found.old,
      kind: 'started',
      host: found.old,
      message: 'as replica',
    },
  ]
  world.add({ kind: 'processes', name: 'store nodes', rows: events, isEssential: true })
  const lines: Line[] = [
    { at: onsetMs, level: 'WARN', message: `+sdown master ${found.old}` },
    { at: onsetMs + 400, level: 'WARN', message: `+odown master ${found.old} #quorum 2/2` },
    {
      at: onsetMs + found.downMs - 300,
      level: 'WARN',
      message: `+switch-master ${found.old} ${found.young}`,
    },
    ...Array.from(
      { length: random.int(10, 50) },
      (): Line => ({
        at: onsetMs + random.int(0, found.downMs),
        level: 'ERROR',
        message: random.pick([
          "READONLY You can't write against a read only replica.",
          'store: connection refused',
        ]),
      }),
    ),
  ]
  world.log('store', lines, { isEssential: true })
  world.alert(onsetMs + 2000, 'store failover', 'primary of the key store changed')
}

export const d17: Generator = {
  cause: 'D17',
  variants: [
    { name: 'lagging-replica', make: laggingReplica },
    { name: 'two-primaries', make: twoPrimaries },
    { name: 'voted-out', make: votedOut },
  ],
}
