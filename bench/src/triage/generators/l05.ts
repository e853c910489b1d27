import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import { addAccepted, addEffectsBut, type Loss, measured, sayMissing } from '../losses.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Whoever should do the work has stopped, or comes no further than one message that kills it each time. What was accepted
 * waits behind it and grows old. If it is mended, all that waited is done in one go, late.
 */

interface Stuck extends Loss {
  readonly waiting: ReadonlySet<Intent>
  readonly untilMs: number
  readonly doneAt: (intent: Intent) => number
}

/** Mended within the window in a fifth of the cases; what was accepted meanwhile is then done, but for `poison`. */
function stuck(
  world: World,
  intents: readonly Intent[],
  { waiting, poison }: { readonly waiting: ReadonlySet<Intent>; readonly poison?: Intent | undefined },
): Stuck {
  const { random, onsetMs, toMs } = world
  const isMended = random.chance(0.2)
  const untilMs = isMended ? Math.round(onsetMs + (toMs - onsetMs) * random.between(0.5, 0.8)) : Infinity
  const drained = [...waiting].filter(({ at }) => at < untilMs && isMended)
  const drainedAt = new Map(
    drained.map((intent, place) => [intent, untilMs + 400 + place * random.int(60, 200)]),
  )
  const lost = new Set([...waiting].filter(({ at }) => at < untilMs && !isMended))
  if (poison !== undefined) lost.add(poison)
  return {
    intents,
    waiting: new Set([...waiting].filter(({ at }) => at < untilMs)),
    untilMs,
    lost,
    doneAt: (intent) => drainedAt.get(intent) ?? intent.at + intent.durationMs,
  }
}

/** Those who noticed first counted all that waited. */
function addEffects(world: World, found: Stuck): void {
  sayMissing(world, { lost: found.waiting })
  addEffectsBut(world, found, (intent) => ({ at: found.doneAt(intent) }))
}

/** How many wait at a time, and how long the oldest has waited. */
function backlogAt({ waiting, doneAt, lost }: Stuck, at: number): { count: number; oldestMs: number } {
  let count = 0
  let oldestMs = 0
  for (const intent of waiting)
    if (intent.at <= at && (lost.has(intent) || doneAt(intent) > at)) {
      count++
      oldestMs = Math.max(oldestMs, at - intent.at)
    }
  return { count, oldestMs }
}

/** The message that nobody gets past. */
function firstAfter(intents: readonly Intent[], ms: number): Intent {
  const found = intents.find(({ at }) => at >= ms)
  if (found === undefined) throw new Error(`nothing comes after ${new Date(ms).toISOString()}`)
  return found
}

const traces: readonly string[] = [
  'SyntaxError: Unexpected token < in JSON at position 0',
  'java.lang.NullPointerException: Cannot invoke "String.length()" because "zip" is null',
  'panic: runtime error: index out of range [3] with length 3',
  "TypeError: Cannot read properties of undefined (reading 'lines')",
  "KeyError: 'currency'",
  'org.apache.kafka.common.errors.SerializationException: Error deserializing key/value',
]

/** Times of a message that is handed out again and again, until somebody takes it away. */
function failuresOf({ random, toMs }: World, from: number, until: number): readonly number[] {
  const everyMs = random.pick([20_000, 30_000, 60_000])
  const failures: number[] = []
  for (let at = from; at < Math.min(toMs, until); at += everyMs) failures.push(at + random.int(0, 900))
  return failures
}

/** One partition of a queue: the message at its head fails or kills its consumer, again and again. */
function poisoned(world: World): void {
  const { random, domain, onsetMs } = world
  const intents = world.traffic()
  const partitions = random.int(2, 5)
  const partitionOf = new Map(intents.map((intent) => [intent, random.int(0, partitions - 1)]))
  const poison = firstAfter(intents, onsetMs)
  const bad = partitionOf.get(poison)
  const waiting = intents.filter((intent) => intent.at >= onsetMs && partitionOf.get(intent) === bad)
  const found = stuck(world, intents, { waiting: new Set(waiting), poison })
  addAccepted(world, intents)
  addEffects(world, found)
  const failures = failuresOf(world, poison.at, found.untilMs)
  const event = world.id('event')
  const status = random.pick(['nacked', 'failed'])
  const failed = failures.map((at, index) =>
    world.delivery(poison, {
      event,
      at,
      attempt: index + 1,
      status,
      durationMs: random.int(3, 40),
      segment: String(bad),
    }),
  )
  const others = intents
    .filter((intent) => !found.lost.has(intent))
    .map((intent) =>
      world.delivery(intent, {
        at: found.doneAt(intent) - Math.min(intent.durationMs, 300),
        status: 'acked',
        segment: String(partitionOf.get(intent)),
      }),
    )
  world.add({
    kind: 'deliveries',
    name: 'queue',
    rows: [...others, ...failed],
    isEssential: true,
    optional: ['bytes', 'kind', 'endpoint'],
  })
  addFailures(world, failures, poison)
  world.add({
    kind: 'metrics',
    name: 'lag',
    rows: measured(world, 120_000, (at) => ({ consumer_lag: backlogAt(found, at).count + random.int(0, 2) })),
  })
  if (random.chance(0.5))
    world.alert(onsetMs + 15 * 60_000, 'consumer lag', `one partition of ${domain.thing}s grows`)
}

/** What the consumer says each time; it may die of it. */
function addFailures(world: World, failures: readonly number[], { ref }: Intent): void {
  const { random, workers } = world
  const message = `message could not be handled: ${random.pick(traces)}`
  const { id, host } = random.pick(workers)
  const isDeadly = random.chance(0.6)
  const death = 'consumer stopped after an unhandled error'
  const lines = failures.flatMap((at): Line[] => {
    const failed = { at: at + 12, level: 'ERROR', message, ref, worker: id }
    if (!isDeadly) return [failed]
    return [
      failed,
      { at: at + 20, level: 'FATAL', message: death, worker: id },
      { at: at + 5000, level: 'INFO', message: 'consumer started', worker: id },
    ]
  })
  world.log('consumer', lines, { isEssential: true })
  if (!isDeadly) return
  const events = failures.flatMap((at): Row[] => [
    { at: at + 25, kind: 'exit', name: id, worker: id, host, message: 'exit code 1' },
    { at: at + 5000, kind: 'started', name: id, worker: id, host, message: 'restarted, CrashLoopBackOff' },
  ])
  world.add({ kind: 'processes', name: 'pod events', rows: events })
}

const hangs: readonly string[] = [
  'waiting for connection from pool',
  'acquiring advisory lock',
  'poll started',
]
const deaths: readonly string[] = [
  'uncaught exception, exiting: ECONNRESET',
  'out of memory, aborting',
  'lost leader election, stopping',
]

/** The only dispatcher of the outbox has died, or hangs; all rows since are pending. */
function deadDispatcher(world: World): void {
  const { random, onsetMs } = world
  const intents = world.traffic()
  const found = stuck(world, intents, { waiting: new Set(intents.filter(({ at }) => at >= onsetMs)) })
  addEffects(world, found)
  world.add({
    kind: 'ledger',
    name: 'outbox',
    rows: intents.map((intent) =>
      world.ledger(intent, {
        at: intent.at,
        status: found.lost.has(intent) ? 'pending' : 'sent',
        worker: undefined,
      }),
    ),
    isEssential: true,
    optional: ['key'],
  })
  addDispatcher(world, found)
  world.add({
    kind: 'metrics',
    name: 'outbox',
    rows: measured(world, 120_000, (at) => {
      const { count, oldestMs } = backlogAt(found, at)
      return {
        outbox_pending: count + random.int(0, 3),
        outbox_oldest_seconds: Math.round(oldestMs / 1000) + 1,
      }
    }),
    isEssential: true,
  })
  world.alert(onsetMs + random.int(10, 40) * 60_000, 'outbox', 'oldest row is older than 10 minutes')
}

/** A line every two minutes, a last one, and silence until somebody starts it again. */
function addDispatcher(world: World, { intents, doneAt, waiting, untilMs }: Stuck): void {
  const { random, domain, onsetMs, fromMs, toMs } = world
  const name = world.id('dispatcher')
  const isHanging = random.chance(0.5)
  const lines: Line[] = []
  for (let at = fromMs + 30_000; at < toMs; at += 120_000) {
    if (at >= onsetMs - 2000 && at < untilMs) continue
    const sent = intents.filter((one) => doneAt(one) >= at - 120_000 && doneAt(one) < at).length
    lines.push({ at, level: 'INFO', message: `dispatched ${sent} ${domain.thing}s`, process: name })
  }
  const last = random.pick(isHanging ? hangs : deaths)
  lines.push({ at: onsetMs, level: isHanging ? 'INFO' : 'FATAL', message: last, process: name })
  const events: Row[] = [{ at: fromMs + 1000, kind: 'running', name, message: 'up for 9 days' }]
  if (!isHanging) events.push({ at: onsetMs + 60, kind: 'exit', name, message: 'exit code 1' })
  if (untilMs < toMs) {
    const message = `dispatcher started, ${waiting.size} rows waiting`
    lines.push({ at: untilMs, level: 'INFO', message, process: name })
    events.push({ at: untilMs, kind: 'started', name, message: 'by hand' })
  }
  world.log('dispatcher', lines, { isEssential: true })
  world.add({ kind: 'processes', name: 'units', rows: events })
}

/** Each worker has a queue of its own; one of them begins with the same job at every start and dies of it. */
function crashLoop(world: World): void {
  const { domain, onsetMs, toMs } = world
  const intents = world.traffic()
  const poison = firstAfter(intents, onsetMs)
  const waiting = intents.filter((intent) => intent.at >= onsetMs && intent.worker === poison.worker)
  const found = stuck(world, intents, { waiting: new Set(waiting), poison })
  addAccepted(world, intents)
  addEffects(world, found)
  addCrashes(world, poison, Math.min(toMs, found.untilMs))
  world.add({
    kind: 'metrics',
    name: 'queues',
    rows: measured(world, 180_000, (at) => {
      const { count, oldestMs } = backlogAt(found, at)
      return { queue_depth: count, queue_oldest_age_seconds: Math.round(oldestMs / 1000) }
    }),
  })
  if (found.untilMs < toMs)
    world.change({
      at: found.untilMs,
      kind: 'config',
      name: 'job-blocklist',
      message: `one ${domain.thing} taken out of the queue by hand`,
    })
}

/** The platform waits longer and longer before it starts the worker again. */
function addCrashes(world: World, { at: from, ref, worker: { id, host } }: Intent, until: number): void {
  const [exit, error] = world.random.pick([
    ['OOMKilled, exit code 137', 'allocating buffer for the document'],
    ['exit code 2', world.random.pick(traces)],
    ['segmentation fault, exit code 139', 'decoding the picture'],
  ] as const)
  const events: Row[] = []
  const lines: Line[] = []
  const taking = 'taking job from the head of the queue'
  let pauseMs = 10_000
  for (let at = from + 400; at < until; at += pauseMs + 4000) {
    pauseMs = Math.min(300_000, pauseMs * 2)
    lines.push({ at: at - 400, level: 'INFO', message: taking, ref, worker: id })
    lines.push({ at: at - 30, level: 'ERROR', message: error, ref, worker: id })
    events.push({ at, kind: 'exit', worker: id, host, message: exit })
    const startedAt = at + pauseMs
    if (startedAt < until)
      events.push({ at: startedAt, kind: 'started', worker: id, host, message: 'back-off restart' })
  }
  world.add({
    kind: 'processes',
    name: 'platform events',
    rows: events,
    isEssential: true,
    optional: ['host'],
  })
  world.log('workers', lines, { isEssential: true })
}

export const l05: Generator = {
  cause: 'L05',
  variants: [
    { name: 'poisoned', make: poisoned },
    { name: 'dead-dispatcher', make: deadDispatcher },
    { name: 'crash-loop', make: crashLoop },
  ],
}
