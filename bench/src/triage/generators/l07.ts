import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import { addEffectsBut, type Loss, measured, sayMissing } from '../losses.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * The store says yes before what it was given is safe, and then loses its head: the standby that takes over, or the disk
 * that comes back, lacks the last moments. Everything in them was answered with success and is gone; what came during the
 * switch itself was refused, and tried again with luck.
 */

interface Switch {
  readonly at: number
  /** When writes work again. */
  readonly upAt: number
  /** What is gone was acknowledged within so long before `at`. */
  readonly lagMs: number
}

interface Rewound extends Loss {
  readonly switches: readonly Switch[]
  /** What met a store that was down, and when it was tried again. */
  readonly againAt: ReadonlyMap<Intent, number>
  /** The id that the answer gave. */
  readonly effectOf: ReadonlyMap<Intent, string>
}

function rewound(world: World): Rewound {
  const { random, onsetMs, toMs } = world
  const intents = world.traffic({ count: random.int(1200, 2400), medianMs: random.int(30, 150) })
  const count = random.int(1, 3)
  const switches: Switch[] = []
  const lost = new Set<Intent>()
  const againAt = new Map<Intent, number>()
  for (let place = 0; place < count; place++) {
    const at = onsetMs + Math.round((place * (toMs - onsetMs)) / (count + 0.5)) + random.int(0, 60_000)
    const upAt = at + random.int(5000, 60_000)
    const last = intents.filter((one) => one.at + one.durationMs < at).slice(-random.int(15, 40))
    for (const intent of last) lost.add(intent)
    for (const one of intents)
      if (one.at + one.durationMs >= at && one.at < upAt) againAt.set(one, upAt + random.int(500, 20_000))
    switches.push({ at, upAt, lagMs: at - (last[0]?.at ?? at) })
  }
  const effectOf = new Map(intents.map((intent) => [intent, world.id(world.domain.effect)]))
  return { intents, lost, switches, againAt, effectOf }
}

function addEffects(world: World, found: Rewound): void {
  sayMissing(world, found)
  addEffectsBut(world, found, (intent) => ({
    at: (found.againAt.get(intent) ?? intent.at) + intent.durationMs,
    effect: found.effectOf.get(intent),
  }))
}

/** Two rows for what was refused first. */
function attempts(
  { intents, againAt }: Rewound,
  row: (intent: Intent, over: Partial<Row>) => Row,
  refused: number | string,
): readonly Row[] {
  return intents.flatMap((intent) => {
    const again = againAt.get(intent)
    if (again === undefined) return [row(intent, { attempt: 1 })]
    return [row(intent, { attempt: 1, status: refused }), row(intent, { attempt: 2, at: again })]
  })
}

const takeovers: readonly (readonly string[])[] = [
  [
    'terminating connection because of crash of another server process',
    'received promote request',
    'selected new timeline ID: 2',
    'database system is ready to accept connections',
  ],
  [
    'dead primary detected, starting recovery',
    'semi-synchronous replication was off, promoting replica that was furthest ahead',
    'replica promoted, read_only is off',
    'topology recovered',
  ],
  [
    'primary stepped down',
    'election won, transition to primary complete',
    'rollback: documents were written to the rollback directory',
    'rejoined as secondary',
  ],
]

/** A replicated database, asynchronously; the standby was behind. */
function standbyBehind(world: World): void {
  const { random, domain } = world
  const found = rewound(world)
  addEffects(world, found)
  world.add({
    kind: 'requests',
    name: 'access',
    rows: attempts(
      found,
      (intent, over) =>
        world.request(intent, {
          ...over,
          effect: over.status === undefined ? found.effectOf.get(intent) : undefined,
        }),
      503,
    ),
    isEssential: true,
    optional: ['session', 'worker', 'host', 'version', 'effect'],
  })
  const said = random.pick(takeovers)
  const lines = found.switches.flatMap(({ at, upAt }): Line[] =>
    said.map((message, place) => ({
      at: Math.round(at + ((upAt - at) * place) / said.length),
      level: place === 0 ? 'FATAL' : 'WARN',
      message,
    })),
  )
  const down = [...found.againAt.keys()].map(
    ({ at, ref }): Line => ({ at: at + 30, level: 'ERROR', message: 'could not connect to primary', ref }),
  )
  world.log('database', [...lines, ...down], { isEssential: true })
  const [one, two] = [world.id('database'), world.id('database')]
  const events = found.switches.flatMap(({ at, upAt }): Row[] => [
    { at, kind: 'killed', name: one, message: random.pick(['host lost', 'kernel panic', 'disk detached']) },
    { at: upAt, kind: 'promoted', name: two, message: 'standby is primary now' },
  ])
  world.add({ kind: 'processes', name: 'cluster', rows: events })
  world.add({
    kind: 'metrics',
    name: 'replication',
    rows: measured(world, 60_000, (at) => ({
      replication_lag_seconds: Math.round(lagAt(found, at) / 1000) + random.int(0, 1),
    })),
  })
  world.config(
    'database',
    random.pick<Readonly<Record<string, number | string>>>([
      { synchronous_commit: 'off', synchronous_standby_names: '', max_wal_senders: 5 },
      { rpl_semi_sync_source_enabled: 0, sync_binlog: 0 },
      { 'write_concern.w': 1, 'write_concern.j': 'false' },
    ]),
  )
  world.alert(
    found.switches[0]?.at ?? world.onsetMs,
    'database',
    `primary of ${domain.service} does not answer`,
  )
}

/** It falls behind over some minutes, and catches up where nothing happens. */
function lagAt({ switches }: Rewound, at: number): number {
  const next = switches.find((one) => at < one.at && at > one.at - 2 * one.lagMs - 120_000)
  return next === undefined ? 0 : Math.max(0, next.lagMs - (next.at - at) / 2)
}

/** One store that keeps writes in memory for a while; its machine loses power and comes back with an older file. */
function writesInMemory(world: World): void {
  const { random } = world
  const found = rewound(world)
  addEffects(world, found)
  world.add({
    kind: 'deliveries',
    name: 'messages',
    rows: attempts(
      found,
      (intent, over) => world.delivery(intent, { status: 'acked', endpoint: undefined, ...over }),
      'nacked',
    ),
    isEssential: true,
    optional: ['bytes', 'kind'],
  })
  const journal = found.intents.map(
    (intent): Row => ({
      at: (found.againAt.get(intent) ?? intent.at) + intent.durationMs,
      ref: intent.ref,
      status: 'stored',
      worker: intent.worker.id,
    }),
  )
  world.add({
    kind: 'ledger',
    name: 'writer journal',
    rows: journal,
    isEssential: true,
    optional: ['worker'],
  })
  addPowerLoss(world, found)
  if (random.chance(0.6))
    world.config(
      'store',
      random.pick<Readonly<Record<string, number | string>>>([
        { fsync: 'off', full_page_writes: 'off' },
        { appendonly: 'yes', appendfsync: 'no' },
        { 'journal.flush_interval_ms': 60_000, 'journal.enabled': 'false' },
      ]),
    )
}

const recoveries: readonly (readonly [string, string])[] = [
  [
    'database system was not properly shut down, automatic recovery in progress',
    'invalid record length, recovery ends here',
  ],
  [
    'asynchronous append file fsync is taking too long',
    'bad file format at the end of the append only file, truncated',
  ],
  ['filesystem was not cleanly unmounted', 'journal replayed, last checkpoint is older than the last write'],
]

/** The machine goes dark and boots; the store reads what the disk still has. */
function addPowerLoss(world: World, { switches, againAt }: Rewound): void {
  const { random } = world
  const [first, then] = random.pick(recoveries)
  const lines = switches.flatMap(({ upAt }): Line[] => [
    { at: upAt - 2000, level: 'WARN', message: first },
    { at: upAt - 1000, level: 'WARN', message: then },
    { at: upAt, level: 'INFO', message: 'ready to accept connections' },
  ])
  const message = 'store: connection reset by peer'
  const down = [...againAt.keys()].map(({ at, ref }): Line => ({ at: at + 5, level: 'ERROR', message, ref }))
  world.log('store', [...lines, ...down], { isEssential: true })
  const name = world.id('store')
  const events = switches.flatMap(({ at, upAt }): Row[] => [
    { at, kind: 'power', name, message: random.pick(['power lost', 'machine reset by watchdog']) },
    { at: upAt, kind: 'started', name, message: 'booted' },
  ])
  world.add({ kind: 'processes', name: 'machines', rows: events, isEssential: true })
}

/** A log of records whose leader alone acknowledged; the next leader cut what it had not got. */
function leaderAlone(world: World): void {
  const { random } = world
  const found = rewound(world)
  addEffects(world, found)
  const published = attempts(
    found,
    (intent, over) =>
      world.request(intent, {
        status: 'ack',
        durationMs: random.int(1, 9),
        endpoint: world.id('topic', 1),
        ...over,
      }),
    'not leader',
  ).toSorted((a, b) => a.at - b.at)
  let offset = random.int(10_000, 900_000)
  world.add({
    kind: 'requests',
    name: 'producer log',
    rows: published.map((row) => ({ ...row, offset: row.status === 'ack' ? offset++ : undefined })),
    isEssential: true,
    optional: ['session', 'host', 'version', 'key'],
  })
  const lines = found.switches.flatMap(({ at, upAt }): Line[] => [
    { at, level: 'ERROR', message: 'broker session expired, leader is gone' },
    { at: at + 800, level: 'WARN', message: 'no in-sync replica is alive, unclean leader election' },
    {
      at: upAt - 500,
      level: 'INFO',
      message: random.pick([
        'new leader elected, truncating follower logs to its end',
        'log truncated to high watermark of the new leader',
      ]),
    },
    { at: upAt, level: 'INFO', message: 'partition is online' },
  ])
  world.log('broker', lines, { isEssential: true })
  world.config('producer', { acks: 1, 'min.insync.replicas': 1, 'unclean.leader.election.enable': 'true' })
  const node = world.id('broker')
  const events = found.switches.flatMap(({ at, upAt }): Row[] => [
    { at: at - 200, kind: 'killed', name: node, message: 'exit code 137' },
    { at: upAt + 60_000, kind: 'started', name: node, message: 'joined the cluster as follower' },
  ])
  world.add({ kind: 'processes', name: 'brokers', rows: events })
}

export const l07: Generator = {
  cause: 'L07',
  variants: [
    { name: 'standby-behind', make: standbyBehind },
    { name: 'writes-in-memory', make: writesInMemory },
    { name: 'leader-alone', make: leaderAlone },
  ],
}
