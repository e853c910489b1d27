import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * What was done long ago is fed in again: an offset is set back, a backfill goes over a range that was live, a sender's
 * dashboard sends old events once more. Old events come in their old order and much faster than they did, beside those of
 * the day, and somewhere it is written who or what set it off.
 */

interface Replay {
  readonly intents: readonly Intent[]
  /** Those that come again, and when. */
  readonly again: ReadonlyMap<Intent, number>
  readonly fromMs: number
  readonly toMs: number
  readonly endMs: number
}

function replayOf(world: World): Replay {
  const { random, onsetMs } = world
  const intents = world.traffic()
  const toMs = onsetMs - Math.round((onsetMs - world.fromMs) * random.pick([0.02, 0.05, 0.3, 0.5]))
  const fromMs = Math.max(world.fromMs, toMs - random.int(25, 120) * 60_000)
  const faster = random.int(8, 60)
  const again = new Map<Intent, number>()
  for (const intent of intents)
    if (intent.at >= fromMs && intent.at < toMs)
      again.set(intent, onsetMs + Math.round((intent.at - fromMs) / faster) + random.int(0, 30))
  const endMs = onsetMs + Math.round((toMs - fromMs) / faster) + 1000
  return { intents, again, fromMs, toMs, endMs }
}

interface Handled {
  readonly intent: Intent
  readonly at: number
  readonly isAgain: boolean
}

function handledIn({ intents, again }: Replay): readonly Handled[] {
  return intents.flatMap((intent) => {
    const second = again.get(intent)
    const first = { intent, at: intent.at, isAgain: false }
    return second === undefined ? [first] : [first, { intent, at: second, isAgain: true }]
  })
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** What the event says of when it came to be; the target lists it with the effect. */
function effectsOf(
  world: World,
  handled: readonly Handled[],
  over: (one: Handled) => object,
): readonly Row[] {
  return handled.map((one) =>
    world.effect(one.intent, {
      at: one.at + Math.min(one.intent.durationMs, 900),
      key: undefined,
      payload: { ...one.intent.payload, occurred_at: iso(one.intent.at - 40) },
      ...over(one),
    }),
  )
}

function title(world: World, { again }: Replay): void {
  const { domain } = world
  world.title(`Old ${domain.thing}s ${domain.verb} again`)
  world.summary(
    `${again.size} ${domain.thing}s of earlier were ${domain.verb} once more within a short time.`,
  )
}

const resets: readonly ((partition: string) => string)[] = [
  (partition) => `Resetting offset for partition ${partition} to position FetchPosition{offset=0}`,
  (partition) => `partition ${partition}: stored offset not found, auto.offset.reset=earliest applies`,
  (partition) => `consumer group is new, reading partition ${partition} from the first record`,
  (partition) => `seek to earlier position requested, partition ${partition}`,
]

/** A consumer reads its partitions from an earlier offset: what it consumed, with the time of each event, and its log. */
function offsetReset(world: World): void {
  const { random, domain, onsetMs, fromMs, toMs } = world
  const replay = replayOf(world)
  const handled = handledIn(replay)
  title(world, replay)
  const partitions = Array.from({ length: random.int(1, 6) }, () => world.id('partition'))
  const column = random.pick(['event_time', 'produced_at', 'record_ts'])
  world.addEffects(effectsOf(world, handled, () => ({})))
  const rows = handled.map(({ intent, at }) =>
    world.delivery(intent, {
      at,
      event: world.id('event', intent.n),
      segment: partitions[intent.n % partitions.length],
      [column]: iso(intent.at - 40),
      durationMs: Math.min(intent.durationMs, 900),
      attempt: undefined,
      status: undefined,
    }),
  )
  world.add({ kind: 'deliveries', name: 'consumed', rows, isEssential: true, optional: ['bytes', 'kind'] })
  const said = random.pick(resets)
  const lines = partitions.map((name): Line => {
    return { at: onsetMs - random.int(20, 900), level: 'INFO', message: said(name), group: domain.service }
  })
  world.log('consumer', lines, { isEssential: true })
  const metrics: Row[] = []
  for (let at = fromMs; at < toMs; at += 60_000) {
    const isBehind = at >= onsetMs && at < replay.endMs
    metrics.push({
      at,
      name: 'consumer_lag_records',
      value: isBehind ? random.int(100, 900) : random.int(0, 4),
    })
  }
  world.add({ kind: 'metrics', name: 'lag', rows: metrics })
}

/** Somebody runs a backfill over a range that overlaps what was done live: audit entries, a process, its effects. */
function backfill(world: World): void {
  const { random, domain, onsetMs } = world
  const replay = replayOf(world)
  const job = world.id('job')
  const handled = handledIn(replay)
  title(world, replay)
  const own = { worker: job, host: undefined, run: job }
  world.addEffects(
    effectsOf(world, handled, ({ isAgain }) => (isAgain ? own : {})),
    { keep: ['worker', 'payload'], drop: ['run'] },
  )
  const range = `--from ${iso(replay.fromMs)} --to ${iso(replay.toMs)}`
  const audit = random.pick([
    `operator started ${domain.effect}-backfill ${range}`,
    `console: rake ${domain.service}:backfill ${range}`,
    `admin action backfill confirmed, ${range}, ${replay.again.size} ${domain.thing}s`,
  ])
  const lines: Line[] = [
    { at: onsetMs - random.int(500, 3000), level: 'INFO', message: audit },
    {
      at: replay.endMs,
      level: 'INFO',
      message: `backfill finished, ${replay.again.size} processed, 0 skipped`,
    },
  ]
  world.log('audit', lines, { isEssential: true })
  world.add({
    kind: 'processes',
    name: 'jobs',
    rows: [
      { at: onsetMs - 200, name: job, worker: job, kind: 'started', message: 'started by hand' },
      { at: replay.endMs, name: job, worker: job, kind: 'completed', message: 'exit code 0' },
    ],
  })
  const ledger = replay.intents.map((intent) => world.ledger(intent, { key: undefined }))
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, optional: ['worker'] })
}

/** A sender sends old events once more, asked to by its dashboard or after a trouble of its own. */
function sentOnceMore(world: World): void {
  const { random, domain, onsetMs } = world
  const replay = replayOf(world)
  const handled = handledIn(replay)
  title(world, replay)
  world.addEffects(effectsOf(world, handled, () => ({})))
  const [column, first, second] = random.pick([
    ['trigger', 'automatic', 'manual'],
    ['source', 'live', 'replay'],
    ['is_resend', 'false', 'true'],
  ] as const)
  const isMarked = random.chance(0.6)
  const rows = handled.map(({ intent, at, isAgain }) =>
    world.delivery(intent, {
      at,
      event: world.id('event', intent.n),
      event_created: iso(intent.at - 40),
      durationMs: Math.min(intent.durationMs, 900),
      ...(isMarked && { [column]: isAgain ? second : first }),
    }),
  )
  world.add({
    kind: 'deliveries',
    name: 'attempts of the sender',
    rows,
    isEssential: true,
    optional: ['bytes', 'kind', 'attempt'],
  })
  const entry = random.pick([
    `resend of all ${domain.eventType} events since ${iso(replay.fromMs)} requested`,
    `replay requested: ${replay.again.size} events, ${iso(replay.fromMs)} to ${iso(replay.toMs)}`,
    `dead letter archive re-driven to the source queue, ${replay.again.size} messages`,
  ])
  world.log('audit trail', [{ at: onsetMs - random.int(200, 4000), level: 'NOTICE', message: entry }], {
    isEssential: true,
  })
}

export const d23: Generator = {
  cause: 'D23',
  variants: [
    { name: 'offset-reset', make: offsetReset },
    { name: 'backfill', make: backfill },
    { name: 'sent-once-more', make: sentOnceMore },
  ],
}
