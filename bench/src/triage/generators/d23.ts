import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Old events are read or sent again: somebody started a backfill or a replay, or a group of consumers lost its place. The
 * second effects come in the order of the first, much faster than those came, and belong to events that happened long
 * before. In between new events go their way.
 */

interface Event {
  readonly intent: Intent
  readonly id: string
  readonly segment: number
  readonly offset: number
}

interface Pass {
  readonly event: Event
  readonly at: number
  readonly isReplay: boolean
}

interface Replay {
  readonly passes: readonly Pass[]
  /** Of the events that were read again. */
  readonly oldestMs: number
  readonly newestMs: number
  readonly startMs: number
  readonly count: number
}

/** All events between two times once more from the onset on, some of the partitions or all of them. */
function replayOf(world: World, partitions: number): Replay {
  const { random, fromMs, toMs, onsetMs } = world
  const oldestMs = fromMs + Math.round((onsetMs - fromMs) * random.between(0, 0.4))
  const newestMs = onsetMs - Math.round((onsetMs - oldestMs) * random.between(0, 0.3))
  const concerned = new Set(
    partitions === 1
      ? [0]
      : random.some(
          Array.from({ length: partitions }, (_, nth) => nth),
          random.int(Math.ceil(partitions / 3), partitions),
        ),
  )
  const offsets = new Map<number, number>()
  const events = world.traffic({ count: random.int(500, 1400) }).map((intent): Event => {
    const segment = random.int(0, partitions - 1)
    const offset = (offsets.get(segment) ?? 20_000 + segment * 911) + 1
    offsets.set(segment, offset)
    return { intent, segment, offset, id: world.id('event') }
  })
  const old = events.filter(
    ({ intent, segment }) => intent.at >= oldestMs && intent.at <= newestMs && concerned.has(segment),
  )
  const paceMs = Math.min(random.int(15, 900), (toMs - onsetMs - 60_000) / (old.length + 1))
  const again = old.map(
    (event, nth): Pass => ({
      event,
      at: Math.round(onsetMs + 1500 + nth * paceMs + random.int(0, 10)),
      isReplay: true,
    }),
  )
  const passes = [...events.map((event): Pass => ({ event, at: event.intent.at, isReplay: false })), ...again]
  return { passes, oldestMs, newestMs, startMs: onsetMs, count: old.length }
}

function happened({ intent }: Event): string {
  return new Date(intent.at - 25).toISOString()
}

function effectsOf(
  world: World,
  { passes }: Replay,
  over: (pass: Pass) => Partial<Row> = () => ({}),
): readonly Row[] {
  const { random, workers } = world
  return passes.map((pass) => {
    const { event, at } = pass
    const by = random.pick(workers)
    const payload = { ...event.intent.payload, occurred_at: happened(event) }
    const row = { at: at + event.intent.durationMs, key: event.id, payload, worker: by.id, host: by.host }
    return world.effect(event.intent, { ...row, ...over(pass) })
  })
}

function title(world: World, { count }: Replay): void {
  const { domain } = world
  world.title(`Old ${domain.thing}s ${domain.verb} again`)
  world.summary(`${count} ${domain.effects} more than there should be, all in a short time.`)
}

/** The offsets of a group ran out or were set back; consumers begin at the earliest record. */
function offsetReset(world: World): void {
  const { random, domain, onsetMs } = world
  const found = replayOf(world, random.pick([4, 6, 12]))
  title(world, found)
  world.addEffects(effectsOf(world, found), { drop: ['key'] })
  const rows = found.passes.map(({ event, at }) =>
    world.delivery(event.intent, {
      at,
      event: event.id,
      segment: event.segment,
      offset: event.offset,
      event_time: happened(event),
    }),
  )
  world.add({
    kind: 'deliveries',
    name: 'consumed records',
    rows,
    isEssential: true,
    optional: ['bytes', 'attempt', 'offset'],
  })
  const group = `${domain.service}-consumers`
  const segments = new Set(found.passes.filter(({ isReplay }) => isReplay).map(({ event }) => event.segment))
  const [joined, reset] = random.pick<readonly [string, (segment: number) => string]>([
    [
      `group ${group} rebalanced, generation ${random.int(4, 90)}`,
      (segment) =>
        `Resetting offset for partition ${segment} of ${domain.eventType} to position FetchPosition{offset=20001}, auto.offset.reset=earliest`,
    ],
    [
      `subscription ${group}: cursor not found, was it removed after its retention?`,
      (segment) => `Reset subscription of partition ${segment} to message id -1:-1:0 (earliest)`,
    ],
    [
      `lease table of ${group} is empty, taking all shards`,
      (segment) => `shard ${segment}: no checkpoint, initial position TRIM_HORIZON`,
    ],
  ])
  const lines: Line[] = [
    { at: onsetMs - 2600, level: 'INFO', message: joined },
    ...[...segments].map(
      (segment): Line => ({ at: onsetMs + random.int(1, 900), level: 'INFO', message: reset(segment) }),
    ),
  ]
  world.log('consumer', lines, { isEssential: true })
}

/** A backfill for some hours: an entry in the audit log, and a run of its own. */
function backfill(world: World): void {
  const { random, domain, version } = world
  const found = replayOf(world, 1)
  const run = world.id('run')
  title(world, found)
  world.addEffects(
    effectsOf(world, found, ({ isReplay }) => (isReplay ? { run } : {})),
    { drop: ['run', 'key'] },
  )
  const [from, to] = [new Date(found.oldestMs).toISOString(), new Date(found.newestMs).toISOString()]
  const word = random.pick(['backfill', 'replay', 'reprocessing'])
  const end = found.passes.reduce((last, { at }) => Math.max(last, at), 0)
  const lines: Line[] = [
    {
      at: found.startMs - random.int(20, 90) * 1000,
      level: 'INFO',
      message: random.pick([
        `audit: backfill of ${domain.eventType} requested by role data-engineering, reason: gap in a report`,
        `POST /admin/replays accepted, actor role=support-engineer, type=${domain.eventType}`,
        `reprocess command for ${domain.eventType} confirmed on the console by role operations`,
      ]),
    },
    { at: found.startMs, level: 'INFO', message: `${word} started: events from ${from} to ${to}`, run },
    { at: end + 200, level: 'INFO', message: `${word} finished: ${found.count} events sent`, run },
  ]
  world.log('audit', lines, { isEssential: true })
  const requests = found.passes.map(({ event, at, isReplay }) =>
    world.request(event.intent, {
      at,
      key: event.id,
      session: undefined,
      version,
      endpoint: isReplay ? `/internal/replay${domain.path}` : domain.path,
      event_time: happened(event),
    }),
  )
  world.add({
    kind: 'requests',
    name: 'ingest',
    rows: requests,
    isEssential: true,
    optional: ['worker', 'host', 'version', 'key'],
  })
}

/** The sender sends all events of some hours again because somebody asked it to on its pages. */
function sentAgain(world: World): void {
  const { random, onsetMs } = world
  const found = replayOf(world, 1)
  title(world, found)
  world.addEffects(effectsOf(world, found, () => ({ key: undefined })))
  const rows = found.passes.map(({ event, at, isReplay }) =>
    world.delivery(event.intent, {
      at,
      event: event.id,
      event_created: happened(event),
      trigger: isReplay ? 'manual' : 'event',
    }),
  )
  world.add({
    kind: 'deliveries',
    name: 'deliveries of the sender',
    rows,
    isEssential: true,
    optional: ['bytes', 'trigger'],
  })
  const message = random.pick([
    `resend of ${found.count} events requested on the sender’s pages, after a question of support`,
    `all events since ${new Date(found.oldestMs).toISOString()} redelivered on request`,
    `"send again" chosen for ${found.count} events in the sender’s console`,
  ])
  if (random.chance(0.6))
    world.change({ at: onsetMs - random.int(2, 40) * 1000, kind: 'config', name: 'webhook-resend', message })
  else world.log('audit', [{ at: onsetMs - 3000, level: 'INFO', message }], { isEssential: true })
}

export const d23: Generator = {
  cause: 'D23',
  variants: [
    { name: 'offset-reset', make: offsetReset },
    { name: 'backfill', make: backfill },
    { name: 'sent-again', make: sentAgain },
  ],
}
