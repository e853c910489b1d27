import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import { addAccepted, addEffectsBut, type Loss, measured, sayMissing } from '../losses.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * What waits is kept for so long and no longer: a queue has a retention, a sender a last attempt, a message a time to live.
 * Something else made it wait. What became older than the limit is gone, what was younger is done late.
 */

interface Expired extends Loss {
  readonly doneAt: ReadonlyMap<Intent, number>
  readonly limitMs: number
  readonly untilMs: number
}

function addEffects(world: World, found: Expired): void {
  sayMissing(world, found)
  addEffectsBut(world, found, (intent) => ({ at: found.doneAt.get(intent) ?? intent.at }))
}

/** Consumers were away for longer than the queue keeps its messages. */
function paused(world: World): Expired {
  const { random, onsetMs, toMs } = world
  const untilMs = Math.round(onsetMs + (toMs - onsetMs) * random.between(0.5, 0.8))
  const minutes = Math.floor(((untilMs - onsetMs) * random.between(0.35, 0.7)) / 60_000)
  const limitMs = Math.max(5, minutes - (minutes % 5)) * 60_000
  const intents = world.traffic()
  const doneAt = new Map<Intent, number>()
  let freeAt = untilMs
  for (const intent of intents) {
    const isHeld = intent.at >= onsetMs && intent.at < untilMs
    if (isHeld && intent.at < untilMs - limitMs) continue
    if (isHeld) freeAt += random.int(50, 300)
    doneAt.set(intent, isHeld ? freeAt : intent.at + intent.durationMs)
  }
  return { intents, doneAt, limitMs, untilMs, lost: new Set(intents.filter((intent) => !doneAt.has(intent))) }
}

function queueRetention(world: World): void {
  const { random, domain, onsetMs, workers } = world
  const found = paused(world)
  addEffects(world, found)
  if (random.chance(0.5))
    world.add({
      kind: 'ledger',
      name: 'published',
      rows: found.intents.map((intent) =>
        world.ledger(intent, { at: intent.at, status: 'published', worker: undefined }),
      ),
      isEssential: true,
      optional: ['key'],
    })
  else addAccepted(world, found.intents)
  world.known({ retentionMs: found.limitMs })
  addBroker(world, found)
  const events = workers.flatMap(({ id, host }): Row[] => [
    { at: onsetMs, kind: 'stopped', name: id, worker: id, host, message: 'scaled down' },
    { at: found.untilMs, kind: 'started', name: id, worker: id, host, message: 'scaled up' },
  ])
  world.add({ kind: 'processes', name: 'consumers', rows: events })
  if (random.chance(0.7)) {
    world.change({ at: onsetMs, kind: 'scale', name: 'consumers', message: 'down to none for maintenance' })
    world.change({
      at: found.untilMs,
      kind: 'scale',
      name: 'consumer-pool',
      message: 'up to the usual number',
    })
  }
  if (random.chance(0.4))
    world.alert(onsetMs + 20 * 60_000, 'queue age', `oldest ${domain.thing} waits for 15 minutes`)
}

/** It removes what is too old every five minutes, and those who come back find a gap. */
function addBroker(world: World, { limitMs, untilMs }: Expired): void {
  const { random, onsetMs } = world
  const seconds = limitMs / 1000
  const settings = random.pick<Readonly<Record<string, number | string>>>([
    { 'retention.ms': limitMs, 'cleanup.policy': 'delete' },
    { 'queue.message_retention_seconds': seconds, 'queue.receive_wait_seconds': 20 },
    { 'stream.max_age': `${seconds}s`, 'stream.replicas': 3 },
  ])
  world.config('queue', settings, true)
  const removed = random.pick([
    `deleting segment due to retention time ${limitMs}ms breach`,
    `removed messages older than ${seconds} s`,
    'old messages purged, limit of the stream reached',
  ])
  const lines: Line[] = []
  for (let at = onsetMs + limitMs; at < untilMs; at += 300_000)
    lines.push({ at, level: 'INFO', message: removed })
  const gap = random.pick([
    'fetch position is out of range, resetting offset to earliest',
    'first sequence of the stream is beyond the last acknowledged one',
    'gap in message numbers',
  ])
  lines.push({ at: untilMs + 200, level: 'INFO', message: 'consumer group is active again' })
  lines.push({ at: untilMs + 300, level: 'WARN', message: gap })
  world.log('broker', lines, { isEssential: true })
}

const schedules: readonly (readonly number[])[] = [
  [30_000, 60_000, 180_000],
  [60_000, 300_000, 900_000],
  [30_000, 120_000, 600_000, 1_200_000],
  [300_000, 300_000, 300_000, 300_000],
]

/** How a sender tries again; the first attempt aside. */
interface Schedule {
  readonly delays: readonly number[]
  readonly limitMs: number
  readonly untilMs: number
}

/** The outage is longer than the retry window, and ends early enough for the last retry to lie within the window. */
function scheduleOf({ random, onsetMs, toMs }: World): Schedule {
  const fitting = schedules
    .map((delays) => ({ delays, limitMs: sum(delays), latestMs: toMs - Math.max(...delays) - 120_000 }))
    .filter(({ limitMs, latestMs }) => onsetMs + limitMs * 1.4 < latestMs)
  const { delays, limitMs, latestMs } = random.pick(fitting)
  const wantedMs = onsetMs + Math.round(limitMs * random.between(1.4, 3))
  return { delays, limitMs, untilMs: Math.min(latestMs, wantedMs) }
}

function sum(list: readonly number[]): number {
  return list.reduce((total, each) => total + each, 0)
}

/** The receiver was down for longer than the sender goes on trying. */
function lastAttempt(world: World): void {
  const { random, onsetMs } = world
  const schedule = scheduleOf(world)
  const { delays, limitMs, untilMs } = schedule
  const refused = random.pick(['connection refused', '503', '502'])
  const intents = world.traffic()
  const doneAt = new Map<Intent, number>()
  const gaveUpAt = new Map<Intent, number>()
  const rows = intents.flatMap((intent) => {
    const event = world.id('event')
    return attemptsOf(world, intent, schedule).map((at, index) => {
      const given = { event, at, attempt: index + 1 }
      const isDown = at >= onsetMs && at < untilMs
      if (!isDown) doneAt.set(intent, at + intent.durationMs)
      else if (index === delays.length) gaveUpAt.set(intent, at)
      return world.delivery(
        intent,
        isDown ? { ...given, status: refused, durationMs: random.int(1, 30) } : given,
      )
    })
  })
  addEffects(world, { intents, doneAt, lost: new Set(gaveUpAt.keys()), limitMs, untilMs })
  world.add({
    kind: 'deliveries',
    name: 'webhook attempts',
    rows,
    isEssential: true,
    optional: ['bytes', 'kind'],
  })
  const message = random.pick([
    `giving up after ${delays.length + 1} attempts, retry window of ${limitMs / 1000} s is over`,
    'retries exhausted, message moved to the dead letters',
    'no more attempts are scheduled for this delivery',
  ])
  world.log(
    'sender',
    [...gaveUpAt].map(([{ ref }, at]): Line => ({ at: at + 50, level: 'WARN', message, ref })),
  )
  world.known({ retryDelaysMs: delays, retentionMs: limitMs })
  if (random.chance(0.6))
    world.config('sender', {
      'webhook.max_attempts': delays.length + 1,
      'webhook.retry_window_seconds': limitMs / 1000,
    })
  if (random.chance(0.5)) world.alert(onsetMs + 3 * 60_000, 'receiver', 'no answer from health check')
  if (random.chance(0.5))
    world.change({ at: untilMs, kind: 'deploy', name: 'receiver', message: 'up again on new machines' })
}

/** Until one meets a receiver that is up, or they are used up. */
function attemptsOf(
  { random, onsetMs }: World,
  { at: first }: Intent,
  { delays, untilMs }: Schedule,
): number[] {
  const times = [first]
  let at = first
  for (const delay of delays) {
    if (at < onsetMs || at >= untilMs) break
    at += delay + random.int(0, 2000)
    times.push(at)
  }
  return times
}

interface Waiting extends Expired {
  readonly waitAt: (at: number) => number
}

/** One line of work, which is slower for a while than arrivals are. */
function outrun(world: World): Waiting {
  const { random, onsetMs, fromMs, toMs } = world
  const limitMs = random.pick([120_000, 300_000, 600_000, 900_000])
  const intents = world.traffic({ count: random.int(700, 1500) })
  const meanGapMs = (toMs - fromMs) / intents.length
  const untilMs = Math.round(onsetMs + (toMs - onsetMs) * random.between(0.5, 0.8))
  const slowMs = meanGapMs * random.between(1.8, 3)
  const doneAt = new Map<Intent, number>()
  const waits: { readonly at: number; readonly waitMs: number }[] = []
  let freeAt = 0
  for (const intent of intents) {
    const startAt = Math.max(intent.at, freeAt)
    waits.push({ at: intent.at, waitMs: Math.min(limitMs, startAt - intent.at) })
    if (startAt - intent.at > limitMs) continue
    const isSlow = startAt >= onsetMs && startAt < untilMs
    const tookMs = isSlow ? random.logNormal(slowMs, 0.2) : Math.min(intent.durationMs, meanGapMs / 3)
    freeAt = Math.round(startAt + tookMs)
    doneAt.set(intent, freeAt)
  }
  return {
    intents,
    doneAt,
    limitMs,
    untilMs,
    lost: new Set(intents.filter((intent) => !doneAt.has(intent))),
    waitAt: (at) => waits.findLast((one) => one.at <= at)?.waitMs ?? 0,
  }
}

/** Arrivals outrun the work for a while; whoever waits longer than a message lives is dropped. */
function timeToLive(world: World): void {
  const { random, domain, onsetMs } = world
  const found = outrun(world)
  const { intents, lost, limitMs } = found
  addEffects(world, found)
  addAccepted(world, intents)
  const rows = intents.map((intent) => {
    const doneAt = found.doneAt.get(intent)
    return world.ledger(intent, {
      at: doneAt ?? intent.at + limitMs,
      status: doneAt === undefined ? 'expired' : 'done',
      worker: doneAt === undefined ? undefined : intent.worker.id,
    })
  })
  world.add({ kind: 'ledger', name: 'jobs', rows, isEssential: true, optional: ['key'] })
  const message = random.pick([
    `message expired after ${limitMs / 1000} s, dropped`,
    `dead-lettered, reason: expired, ttl ${limitMs}`,
    `job is older than its maximum age of ${limitMs / 60_000} minutes, discarded`,
  ])
  world.log(
    'queue',
    [...lost].map(({ at, ref }): Line => ({ at: at + limitMs, level: 'WARN', message, ref })),
  )
  world.known({ retentionMs: limitMs })
  const settings = { 'message.max_age_seconds': limitMs / 1000, 'queue.workers': world.workers.length }
  world.config('queue', settings, true)
  world.add({
    kind: 'metrics',
    name: 'queue age',
    rows: measured(world, 120_000, (at) => ({ queue_age_seconds: Math.round(found.waitAt(at) / 1000) })),
  })
  if (random.chance(0.5))
    world.alert(onsetMs + limitMs, 'queue age', `${domain.thing}s wait longer than usual`)
}

export const l06: Generator = {
  cause: 'L06',
  variants: [
    { name: 'queue-retention', make: queueRetention },
    { name: 'last-attempt', make: lastAttempt },
    { name: 'time-to-live', make: timeToLive },
  ],
}
