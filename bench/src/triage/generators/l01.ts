import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import { addEffectsBut, type Loss, sayMissing } from '../losses.ts'
import type { Intent, Worker } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * A message is acknowledged, a request answered, an offset committed as soon as it arrives; the work waits in memory.
 * When the process dies, what waited or was being worked on is gone, and nobody will send it again. What is missing was
 * taken by the one that died, in the seconds or minutes before, and has one delivery, which went well.
 */

interface Death {
  readonly at: number
  readonly worker: Worker
  readonly backMs: number
}

interface Forgotten extends Loss {
  readonly deaths: readonly Death[]
  readonly takenBy: ReadonlyMap<Intent, Worker>
  /** From the acknowledgement to the effect. */
  readonly waitMs: ReadonlyMap<Intent, number>
}

/** Each dies alone, at times that have nothing to do with each other. */
function scattered(world: World): readonly Death[] {
  const { random, onsetMs, toMs, workers } = world
  const deaths: Death[] = []
  let at = onsetMs + random.int(0, 120_000)
  for (let count = random.int(12, 25); count > 0 && at < toMs - 300_000; count--) {
    deaths.push({ at, worker: random.pick(workers), backMs: at + random.int(4000, 45_000) })
    at += random.exponential((toMs - onsetMs) / 18) + 30_000
  }
  return deaths
}

/** All are replaced, one after the other, several times. */
function rollouts(world: World): readonly Death[] {
  const { random, onsetMs, toMs, workers } = world
  const starts = Array.from(
    { length: random.int(2, 4) },
    (_, at) => onsetMs + at * random.int(20, 40) * 60_000,
  )
  const stepMs = random.int(15_000, 60_000)
  return starts
    .filter((start) => start + workers.length * stepMs < toMs - 300_000)
    .flatMap((start) =>
      workers.map((worker, place) => {
        const at = start + place * stepMs + random.int(0, 4000)
        return { at, worker, backMs: at + random.int(2000, 12_000) }
      }),
    )
}

function forgotten(world: World, deaths: readonly Death[]): Forgotten {
  const { random, workers, fromMs, toMs } = world
  const count = random.int(900, 2000)
  // One or two wait in each worker at any time.
  const medianMs = Math.round(((toMs - fromMs) / count) * workers.length * random.between(1.2, 2.2))
  const intents = world.traffic({ count, toMs: toMs - 4 * medianMs })
  const takenBy = new Map<Intent, Worker>()
  const waitMs = new Map<Intent, number>()
  const lost = new Set<Intent>()
  for (const intent of intents) {
    const isUp = (worker: Worker): boolean =>
      !deaths.some((death) => death.worker === worker && intent.at >= death.at && intent.at < death.backMs)
    const up = workers.filter(isUp)
    const worker = isUp(intent.worker) || up.length === 0 ? intent.worker : random.pick(up)
    const wait = random.logNormal(medianMs, 0.5)
    takenBy.set(intent, worker)
    waitMs.set(intent, wait)
    if (
      deaths.some((death) => death.worker === worker && death.at > intent.at && death.at < intent.at + wait)
    )
      lost.add(intent)
  }
  return { intents, deaths, takenBy, waitMs, lost }
}

function addEffects(world: World, found: Forgotten): void {
  sayMissing(world, found)
  addEffectsBut(world, found, (intent) => {
    const by = found.takenBy.get(intent) ?? intent.worker
    return { at: intent.at + (found.waitMs.get(intent) ?? 0), worker: by.id, host: by.host }
  })
}

function processRows(
  world: World,
  { deaths }: Forgotten,
  ended: readonly (readonly [string, string])[],
): readonly Row[] {
  return deaths.flatMap(({ at, worker, backMs }): Row[] => {
    const [kind, message] = world.random.pick(ended)
    const who = { name: worker.id, worker: worker.id, host: worker.host }
    return [
      { at, kind, message, ...who },
      { at: backMs, kind: 'started', message: 'process started', ...who },
    ]
  })
}

const crashes: readonly (readonly [string, string])[] = [
  ['killed', 'OOMKilled, exit code 137'],
  ['exit', 'segmentation fault (core dumped), exit code 139'],
  ['killed', 'node was preempted, exit code 137'],
]

/** A queue with automatic acknowledgement: a few milliseconds from delivery to ack, whatever the work takes. */
function autoAck(world: World): void {
  const { random, domain } = world
  const found = forgotten(world, scattered(world))
  addEffects(world, found)
  world.add({
    kind: 'deliveries',
    name: 'queue',
    rows: found.intents.map((intent) =>
      world.delivery(intent, {
        status: 'acked',
        durationMs: random.int(1, 6),
        endpoint: world.id('queue', 1),
        worker: found.takenBy.get(intent)?.id,
      }),
    ),
    isEssential: true,
    optional: ['bytes', 'kind', 'endpoint'],
  })
  world.add({
    kind: 'processes',
    name: 'pod events',
    rows: processRows(world, found, crashes),
    isEssential: true,
    optional: ['name'],
  })
  if (random.chance(0.6))
    world.config('consumer', { 'queue.ack_mode': 'auto', 'queue.prefetch': random.int(10, 50) })
  if (random.chance(0.5))
    world.code(
      'consumer',
      'js',
      `channel.consume('${domain.thing}s', (message) => pending.push(JSON.parse(message.content)), { noAck: true })\n`,
    )
}

/** An API answers 202 and keeps the work in memory; each rollout empties the memory. */
function accepted(world: World): void {
  const { random, domain } = world
  const found = forgotten(world, rollouts(world))
  addEffects(world, found)
  world.add({
    kind: 'requests',
    name: 'access',
    rows: found.intents.map((intent) =>
      world.request(intent, {
        status: 202,
        durationMs: random.logNormal(9, 0.4),
        worker: found.takenBy.get(intent)?.id,
        host: found.takenBy.get(intent)?.host,
      }),
    ),
    isEssential: true,
    optional: ['session', 'version', 'host', 'key'],
  })
  const [taken, done] = random.pick([
    ['accepted, queued in memory', 'work done'],
    [`${domain.thing} enqueued to executor`, `${domain.effect} created`],
    ['202 sent, job handed to background thread', 'background job finished'],
  ] as const)
  const lines = found.intents.flatMap((intent): Line[] => {
    const worker = found.takenBy.get(intent)?.id
    const first = { at: intent.at + 8, level: 'INFO', message: taken, ref: intent.ref, worker }
    const doneAt = intent.at + (found.waitMs.get(intent) ?? 0)
    return found.lost.has(intent)
      ? [first]
      : [first, { at: doneAt, level: 'INFO', message: done, ref: intent.ref, worker }]
  })
  const restarts = found.deaths.flatMap(({ at, worker, backMs }): Line[] => [
    { at, level: 'INFO', message: 'received SIGTERM, shutting down', worker: worker.id },
    { at: at + 90, level: 'INFO', message: 'process exiting with code 0', worker: worker.id },
    { at: backMs, level: 'INFO', message: 'server listening', worker: worker.id },
  ])
  world.log('application', [...lines, ...restarts], { isEssential: true })
  const ended: readonly (readonly [string, string])[] = [['stopped', 'SIGTERM, exit code 0']]
  world.add({ kind: 'processes', name: 'rollouts', rows: processRows(world, found, ended) })
  for (const { at } of found.deaths.filter(({ worker }) => worker === world.workers[0]))
    world.change({
      at: at - random.int(2000, 20_000),
      kind: 'deploy',
      name: domain.service,
      message: random.pick(['routine release', 'wording of error pages', 'dependencies updated']),
    })
}

/** Offsets are committed when records are fetched; whoever takes the partition over begins behind them. */
function committedOffsets(world: World): void {
  const { random } = world
  const found = forgotten(world, scattered(world))
  addEffects(world, found)
  const offsets = new Map<Worker, number>()
  const deliveries = found.intents.map((intent) => {
    const worker = found.takenBy.get(intent) ?? intent.worker
    const offset = (offsets.get(worker) ?? random.int(1000, 90_000)) + 1
    offsets.set(worker, offset)
    return world.delivery(intent, {
      status: 'committed',
      durationMs: random.int(2, 20),
      segment: String(world.workers.indexOf(worker)),
      offset,
      worker: worker.id,
      endpoint: undefined,
    })
  })
  world.add({
    kind: 'deliveries',
    name: 'records',
    rows: deliveries,
    isEssential: true,
    optional: ['bytes', 'kind', 'attempt'],
  })
  const inbox = found.intents.map((intent) => {
    const isLost = found.lost.has(intent)
    const at = intent.at + (isLost ? 20 : (found.waitMs.get(intent) ?? 0))
    return world.ledger(intent, {
      at,
      status: isLost ? 'received' : 'done',
      worker: found.takenBy.get(intent)?.id,
    })
  })
  world.add({ kind: 'ledger', name: 'inbox', rows: inbox, optional: ['key'] })
  world.log('consumer group', groupLines(world, found), { isEssential: true })
  if (random.chance(0.6))
    world.config('consumer', {
      'enable.auto.commit': 'true',
      'auto.commit.interval.ms': 1000,
      'max.poll.records': 500,
    })
}

function groupLines({ random }: World, { deaths }: Forgotten): readonly Line[] {
  return deaths.flatMap(({ at, worker, backMs }): Line[] => [
    { at: at - 1500, level: 'INFO', message: 'committed offsets of fetched records', worker: worker.id },
    {
      at,
      level: 'ERROR',
      message: random.pick([
        'java.lang.OutOfMemoryError: Java heap space, terminating',
        'fatal error: all goroutines are asleep, exit status 2',
        'process killed by signal 9',
      ]),
      worker: worker.id,
    },
    { at: at + 3000, level: 'WARN', message: 'member left the group, rebalancing' },
    {
      at: backMs,
      level: 'INFO',
      message: 'consumer started, position set to the committed offset',
      worker: worker.id,
    },
  ])
}

export const l01: Generator = {
  cause: 'L01',
  variants: [
    { name: 'auto-ack', make: autoAck },
    { name: 'accepted', make: accepted },
    { name: 'committed-offsets', make: committedOffsets },
  ],
}
