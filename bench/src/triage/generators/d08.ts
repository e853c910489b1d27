import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent, Worker } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * A process dies after it did the effect and before it wrote that down. Whoever takes the work up again finds nothing
 * recorded and does it again. There are few pairs, and beside each of them somebody died.
 */

interface Crash {
  readonly at: number
  readonly worker: Worker
  readonly backMs: number
  /** What it had done and not recorded. */
  readonly inFlight: readonly Intent[]
}

interface Crashes {
  readonly intents: readonly Intent[]
  readonly crashes: readonly Crash[]
  readonly again: ReadonlyMap<Intent, number>
}

/** Workers are killed all through the trouble: memory, preempted machines, a node that is drained the hard way. */
function crashesOf(world: World): Crashes {
  const { random, onsetMs, workers } = world
  const intents = world.traffic({ medianMs: random.int(300, 1500) })
  const crashes: Crash[] = []
  const again = new Map<Intent, number>()
  let at = onsetMs
  for (let count = random.int(12, 40); count > 0 && at < world.toMs - 400_000; count--) {
    const worker = random.pick(workers)
    const wanted = random.pick([1, 1, 2])
    const inFlight = intents
      .filter(
        (one) =>
          one.worker === worker &&
          !again.has(one) &&
          one.at + one.durationMs <= at + 3000 &&
          one.at > at - 240_000,
      )
      .slice(-wanted)
    const last = inFlight.at(-1)
    const diedAt = last === undefined ? at : last.at + last.durationMs + random.int(3, 250)
    const backMs = diedAt + random.int(4000, 40_000)
    for (const intent of inFlight) again.set(intent, backMs + random.int(500, 15_000))
    crashes.push({ at: diedAt, worker, backMs, inFlight })
    at += random.exponential(6 * 60_000) + 45_000
  }
  return { intents, crashes, again }
}

function effectsOf(world: World, { intents, again }: Crashes): readonly Row[] {
  const { random, workers } = world
  return intents.flatMap((intent) => {
    const second = again.get(intent)
    const first = world.effect(intent)
    if (second === undefined) return [first]
    const by = random.chance(0.5) ? intent.worker : random.pick(workers)
    return [first, world.effect(intent, { at: second, worker: by.id, host: by.host })]
  })
}

/** One record for each intent, and for those in flight only that of the second time. */
function ledgerOf(world: World, { intents, again }: Crashes): readonly Row[] {
  return intents.map((intent) => {
    const second = again.get(intent)
    return world.ledger(intent, second === undefined ? {} : { at: second + 6 })
  })
}

function title(world: World, { again }: Crashes): void {
  const { domain } = world
  world.title(`Single ${domain.effects} twice`)
  world.summary(`${again.size} ${domain.thing}s so far, with no pattern that we see.`)
}

/** Events of the platform: killed, started. */
function platformEvents(world: World): void {
  const { random } = world
  const found = crashesOf(world)
  title(world, found)
  world.addEffects(effectsOf(world, found), { keep: ['worker'] })
  const reason = random.pick(['OOMKilled', 'Evicted', 'Error'])
  const events = found.crashes.flatMap(({ at, worker, backMs }): Row[] => [
    {
      at,
      name: worker.id,
      kind: 'killed',
      worker: worker.id,
      host: worker.host,
      message: `${reason}, exit code 137`,
    },
    { at: backMs, name: worker.id, kind: 'started', worker: worker.id, host: worker.host },
  ])
  world.add({ kind: 'processes', name: 'pod events', rows: events, isEssential: true, optional: ['host'] })
  world.add({ kind: 'ledger', name: 'own records', rows: ledgerOf(world, found), optional: ['worker'] })
}

/** The supervisor's text log: signals, and work that was found unfinished. */
function supervisorLog(world: World): void {
  const found = crashesOf(world)
  title(world, found)
  world.addEffects(effectsOf(world, found), { keep: ['worker'] })
  const lines = found.crashes.flatMap(({ at, worker, backMs, inFlight }): Line[] => [
    { at, level: 'ERROR', message: 'worker exited with signal 9', worker: worker.id },
    { at: backMs, level: 'INFO', message: 'worker started', worker: worker.id },
    ...inFlight.map(
      ({ ref }): Line => ({
        at: backMs + 300,
        level: 'WARN',
        message: 'unfinished work found, starting it again',
        ref,
        worker: worker.id,
      }),
    ),
  ])
  world.log('supervisor', lines, { isEssential: true })
  world.add({ kind: 'ledger', name: 'own records', rows: ledgerOf(world, found), isEssential: true })
}

/** A queue whose consumer vanished delivers again; a list of processes says who vanished. */
function lostConsumer(world: World): void {
  const found = crashesOf(world)
  title(world, found)
  world.addEffects(effectsOf(world, found), { drop: ['key'] })
  const deliveries = found.intents.flatMap((intent) => {
    const event = world.id('event')
    const second = found.again.get(intent)
    const first = world.delivery(intent, {
      event,
      worker: intent.worker.id,
      status: second === undefined ? 'acked' : 'connection lost',
    })
    return second === undefined
      ? [first]
      : [
          first,
          world.delivery(intent, { event, at: second - intent.durationMs, attempt: 2, status: 'acked' }),
        ]
  })
  world.add({
    kind: 'deliveries',
    name: 'queue',
    rows: deliveries,
    optional: ['bytes', 'kind', 'durationMs'],
  })
  const events = found.crashes.flatMap(({ at, worker, backMs }): Row[] => [
    { at, worker: worker.id, kind: 'exit', message: 'segmentation fault (core dumped)', status: 139 },
    { at: backMs, worker: worker.id, kind: 'start', message: 'consumer connected' },
  ])
  world.add({ kind: 'processes', name: 'processes of the consumers', rows: events, isEssential: true })
}

export const d08: Generator = {
  cause: 'D08',
  variants: [
    { name: 'platform-events', make: platformEvents },
    { name: 'supervisor-log', make: supervisorLog },
    { name: 'lost-consumer', make: lostConsumer },
  ],
}
