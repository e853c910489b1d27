import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import { addEffectsBut, measured, sayMissing } from '../losses.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * The receiver does the work before it answers, and has become slower than the sender is patient. The sender hangs up at
 * its limit, the receiver notices that nobody listens and undoes what it began. After some attempts the sender gives up.
 */

interface Attempt {
  readonly intent: Intent
  readonly attempt: number
  readonly at: number
  /** As long as the receiver would have taken. */
  readonly neededMs: number
  readonly isCut: boolean
}

interface Impatience {
  readonly intents: readonly Intent[]
  readonly attempts: readonly Attempt[]
  readonly lost: ReadonlySet<Intent>
  readonly doneAt: (intent: Intent) => number
  readonly limitMs: number
  readonly untilMs: number
}

interface Sender {
  readonly limits: readonly number[]
  /** Between attempts; none: one attempt. */
  readonly delays: readonly number[]
  /** Whether the work of this intent is slow in the bad time. */
  readonly isSlow: (intent: Intent) => boolean
}

function impatience(world: World, { limits, delays, isSlow }: Sender): Impatience {
  const { random, onsetMs, toMs } = world
  const limitMs = random.pick(limits)
  const untilMs = random.chance(0.5)
    ? toMs
    : Math.round(onsetMs + (toMs - onsetMs) * random.between(0.4, 0.8))
  const slowMs = limitMs * random.between(0.95, 1.6)
  const intents = world.traffic({ medianMs: limitMs * random.between(0.05, 0.2) })
  const attempts: Attempt[] = []
  const done = new Map<Intent, number>()
  for (const intent of intents) {
    let at = intent.at
    for (let attempt = 1; attempt <= delays.length + 1; attempt++) {
      const isBad = at >= onsetMs && at < untilMs && isSlow(intent)
      const neededMs = isBad ? random.logNormal(slowMs, 0.35) : Math.min(intent.durationMs, limitMs - 50)
      const isCut = neededMs >= limitMs
      attempts.push({ intent, attempt, at, neededMs, isCut })
      if (!isCut) {
        done.set(intent, at + neededMs)
        break
      }
      at += limitMs + (delays[attempt - 1] ?? 0) + random.int(0, 500)
    }
  }
  return {
    intents,
    attempts,
    lost: new Set(intents.filter((intent) => !done.has(intent))),
    doneAt: (intent) => done.get(intent) ?? intent.at,
    limitMs,
    untilMs,
  }
}

/** To the sender a cut attempt took as long as its limit. */
function timing({ random }: World, { neededMs, isCut }: Attempt, limitMs: number): number {
  return isCut ? limitMs + random.int(0, 20) : neededMs
}

const hungUp: readonly string[] = [
  'client closed connection before the answer, rolling back',
  'context canceled',
  'canceling statement due to user request',
  'java.io.IOException: Broken pipe, transaction marked rollback-only',
  'asyncio.CancelledError, work undone',
]

const noAnswer: readonly string[] = [
  'no answer within the time limit',
  'context deadline exceeded while awaiting headers',
  'ESOCKETTIMEDOUT',
  'read timed out',
]

/** What the receiver wrote when it noticed that nobody listens, or the sender when it hung up. */
function cutLines(
  world: World,
  { attempts, limitMs }: Pick<Impatience, 'attempts' | 'limitMs'>,
  said: readonly string[],
): readonly Line[] {
  const message = world.random.pick(said)
  return attempts
    .filter(({ isCut }) => isCut)
    .map(({ intent, at, neededMs }) => ({
      at: at + limitMs + world.random.int(5, 60),
      level: world.random.pick(['WARN', 'ERROR']),
      message,
      ref: intent.ref,
      elapsed_ms: Math.min(neededMs, limitMs + world.random.int(5, 60)),
    }))
}

/** A webhook sender with two or three attempts. */
function webhookSender(world: World): void {
  const { random, domain, onsetMs } = world
  const delays = random.pick([
    [10_000, 60_000],
    [30_000, 30_000],
    [5000, 25_000, 125_000],
  ])
  const found = impatience(world, { limits: [3000, 5000, 10_000, 15_000], delays, isSlow: () => true })
  sayMissing(world, found)
  addEffectsBut(world, found, (intent) => ({ at: found.doneAt(intent) }))
  const eventOf = new Map(found.intents.map((intent) => [intent, world.id('event')]))
  world.add({
    kind: 'deliveries',
    name: 'webhook attempts',
    rows: found.attempts.map((one) =>
      world.delivery(one.intent, {
        event: eventOf.get(one.intent),
        at: one.at,
        attempt: one.attempt,
        durationMs: timing(world, one, found.limitMs),
        ...(one.isCut && { status: 'timeout' }),
      }),
    ),
    isEssential: true,
    optional: ['bytes', 'kind'],
  })
  world.log('receiver', cutLines(world, found, hungUp))
  world.known({ senderTimeoutMs: found.limitMs, retryDelaysMs: delays })
  if (random.chance(0.6))
    world.config('sender', { 'webhook.timeout_ms': found.limitMs, 'webhook.max_attempts': delays.length + 1 })
  if (random.chance(0.5))
    world.change({
      at: onsetMs - random.int(5, 300) * 1000,
      kind: 'deploy',
      name: domain.service,
      message: random.pick([
        'each message is checked against the archive',
        'documents are rendered while handling',
      ]),
    })
}

/** A proxy in front of the service answers 504 in its place. */
function proxy(world: World): void {
  const { random, onsetMs } = world
  const found = impatience(world, {
    limits: [10_000, 15_000, 30_000, 60_000],
    delays: [],
    isSlow: () => true,
  })
  sayMissing(world, found)
  addEffectsBut(world, found, (intent) => ({ at: found.doneAt(intent) }))
  const cut = random.pick([504, 504, 499])
  world.add({
    kind: 'requests',
    name: 'proxy access',
    rows: found.attempts.map((one) =>
      world.request(one.intent, {
        at: one.at,
        durationMs: timing(world, one, found.limitMs),
        ...(one.isCut && { status: cut }),
      }),
    ),
    isEssential: true,
    optional: ['session', 'worker', 'host', 'version', 'key'],
  })
  world.log('application', cutLines(world, found, hungUp), { isEssential: true })
  world.known({ senderTimeoutMs: found.limitMs })
  if (random.chance(0.6))
    world.config('proxy', {
      'upstream.read_timeout': `${found.limitMs / 1000}s`,
      'upstream.connect_timeout': '2s',
    })
  world.add({
    kind: 'metrics',
    name: 'latency',
    rows: measured(world, 60_000, (at) => {
      const isBad = at >= onsetMs && at < found.untilMs
      return {
        handler_duration_p99_ms: isBad
          ? Math.round(found.limitMs * random.between(1.1, 1.6))
          : Math.round(found.limitMs * random.between(0.2, 0.5)),
        database_cpu_percent: isBad ? random.int(90, 100) : random.int(20, 45),
      }
    }),
  })
  if (random.chance(0.5)) world.alert(onsetMs + 5 * 60_000, 'latency', 'p99 of the handler above its target')
}

/** Heavy items alone are slow; after many timeouts the sender switches the endpoint off and sends nothing more. */
function switchedOff(world: World): void {
  const { random, domain } = world
  const heavy = 0.45
  const isHeavy = new Map<Intent, boolean>()
  const isSlow = (intent: Intent): boolean => {
    const known = isHeavy.get(intent) ?? random.chance(heavy)
    isHeavy.set(intent, known)
    return known
  }
  const found = impatience(world, { limits: [5000, 10_000, 20_000], delays: [60_000], isSlow })
  const timeouts = found.attempts.filter(({ isCut }) => isCut).toSorted((a, b) => a.at - b.at)
  const patience = Math.floor(timeouts.length * random.between(0.4, 0.8))
  const offAt = timeouts[patience]?.at ?? world.toMs
  const onAt = offAt + random.int(15, 40) * 60_000
  const isOff = (at: number): boolean => at >= offAt && at < onAt
  const sent = found.attempts.filter(({ at }) => !isOff(at))
  const done = new Set(sent.filter(({ isCut }) => !isCut).map(({ intent }) => intent))
  const lost = new Set(found.intents.filter((intent) => !done.has(intent)))
  const sizes = new Map(
    found.intents.map((intent) => [intent, intent.bytes * (isHeavy.get(intent) === true ? 20 : 1)]),
  )
  sayMissing(world, { lost })
  addEffectsBut(world, { intents: found.intents, lost }, (intent) => ({
    at: found.doneAt(intent),
    bytes: sizes.get(intent),
  }))
  const eventOf = new Map(found.intents.map((intent) => [intent, world.id('event')]))
  const rows = found.attempts.map((one): Row => {
    const { intent, at, attempt, isCut } = one
    const given = { at, attempt, bytes: sizes.get(intent), event: eventOf.get(intent) }
    if (isOff(at))
      return world.delivery(intent, { ...given, status: 'endpoint disabled', durationMs: undefined })
    const durationMs = timing(world, one, found.limitMs)
    return world.delivery(intent, { ...given, durationMs, ...(isCut && { status: 'timeout' }) })
  })
  world.add({ kind: 'deliveries', name: 'deliveries', rows, isEssential: true, optional: ['kind', 'bytes'] })
  const off = random.pick([
    `endpoint disabled after ${patience} timeouts`,
    'endpoint is failing, circuit open, deliveries are given up',
  ])
  const given = { attempts: sent, limitMs: found.limitMs }
  const lines = cutLines(world, given, noAnswer)
  world.log('sender', [...lines, { at: offAt, level: 'ERROR', message: off }], { isEssential: true })
  world.log('receiver', cutLines(world, given, hungUp))
  world.known({ senderTimeoutMs: found.limitMs })
  world.config('sender', { 'delivery.timeout_ms': found.limitMs, 'delivery.disable_after': patience })
  if (random.chance(0.4))
    world.alert(offAt + 60_000, 'sender', `endpoint of ${domain.service} was switched off`)
}

export const l09: Generator = {
  cause: 'L09',
  variants: [
    { name: 'webhook-sender', make: webhookSender },
    { name: 'proxy', make: proxy },
    { name: 'switched-off', make: switchedOff },
  ],
}
