import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent, Worker } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * There are two subscriptions to the same events, and both lead to the same work: an old address that still answers, two
 * queues on one exchange, a slash at the end. Every event comes by both ways, each time and from the first one on, with the
 * same id.
 */

interface Arrival {
  readonly intent: Intent
  readonly event: string
  readonly at: number
  readonly endpoint: string
  readonly worker: Worker
  readonly durationMs: number
}

interface Ways {
  readonly first: string
  readonly second: string
  /** The second way exists since then. */
  readonly sinceMs: number
}

function arrivalsOf(world: World, { first, second, sinceMs }: Ways): readonly Arrival[] {
  const { random, workers } = world
  const apartMs = random.pick([15, 80, 400, 1200])
  return world.traffic({ count: random.int(250, 1000) }).flatMap((intent) => {
    const event = world.id('event')
    const { at, worker, durationMs } = intent
    const one = { intent, event, at, worker, durationMs, endpoint: first }
    if (at < sinceMs) return [one]
    const other = {
      ...one,
      at: at + random.logNormal(apartMs, 0.6),
      endpoint: second,
      worker: random.pick(workers),
      durationMs: random.logNormal(durationMs, 0.3),
    }
    return random.chance(0.5)
      ? [one, other]
      : [
          { ...one, at: other.at },
          { ...other, at },
        ]
  })
}

function effectsOf(world: World, found: readonly Arrival[]): readonly Row[] {
  return found.map(({ intent, at, durationMs, worker, endpoint }) =>
    world.effect(intent, {
      at: at + durationMs,
      key: world.random.hex(20),
      worker: worker.id,
      host: worker.host,
      endpoint,
    }),
  )
}

function deliveriesOf(world: World, found: readonly Arrival[]): readonly Row[] {
  return found.map(({ intent, event, at, endpoint, durationMs }) =>
    world.delivery(intent, { event, at, endpoint, durationMs }),
  )
}

function title(world: World): void {
  const { domain } = world
  world.title(`Every ${domain.effect} is double`)
  world.summary(`We found no ${domain.thing} with one ${domain.effect} alone in the days that we looked at.`)
}

/** The sender's list of attempts: each event to two addresses, the new one and the one from before the move. */
function twoAddresses(world: World): void {
  const { random, domain, fromMs, onsetMs } = world
  const isSince = random.chance(0.3)
  const [old, young] = [world.id('edge'), world.id('edge')].map(
    (name) => `https://${name}.example/hooks/${domain.effects}`,
  ) as [string, string]
  const found = arrivalsOf(world, { first: old, second: young, sinceMs: isSince ? onsetMs : fromMs })
  title(world)
  if (isSince) {
    world.summary(`Double ${domain.effects} since about ${new Date(onsetMs).toISOString().slice(11, 16)}.`)
    world.change({
      at: onsetMs - random.int(1, 60) * 1000,
      kind: 'config',
      name: 'webhook-address',
      message: 'new address of the receiver entered at the sender',
    })
  }
  world.addEffects(effectsOf(world, found), { drop: ['key', 'endpoint'] })
  world.add({
    kind: 'deliveries',
    name: 'webhook attempts',
    rows: deliveriesOf(world, found),
    isEssential: true,
    optional: ['bytes', 'attempt'],
  })
}

/** A broker with two queues bound to one exchange, both consumed by the same code. */
function twoQueues(world: World): void {
  const { random, domain, fromMs } = world
  const [first, second] = [`${domain.service}.${domain.thing}`, `${domain.service}-v2.${domain.thing}`]
  const found = arrivalsOf(world, { first, second, sinceMs: fromMs })
  title(world)
  world.addEffects(effectsOf(world, found), { drop: ['key', 'endpoint'] })
  world.add({
    kind: 'deliveries',
    name: 'consumed messages',
    rows: deliveriesOf(world, found),
    isEssential: true,
    optional: ['bytes', 'kind', 'attempt'],
  })
  const bound = random.pick<(queue: string) => string>([
    (queue) => `queue ${queue} bound to exchange events with routing key ${domain.eventType}`,
    (queue) => `subscription confirmed: topic ${domain.eventType} -> ${queue}`,
    (queue) => `consumer group ${queue} joined, topic ${domain.eventType}, all partitions assigned`,
  ])
  const lines: Line[] = [
    ...[first, second].map(
      (queue, nth): Line => ({
        at: fromMs + 2000 + nth * 40,
        level: 'INFO',
        message: bound(queue),
      }),
    ),
    ...found.flatMap(({ intent, event, at, endpoint, durationMs }): Line[] =>
      random.chance(0.3)
        ? [
            {
              at: at + durationMs,
              level: 'INFO',
              message: `handled ${domain.eventType} from ${endpoint}`,
              ref: intent.ref,
              event,
            },
          ]
        : [],
    ),
  ]
  world.log('consumers', lines)
  world.config('topology', {
    'binding.1': `events -> ${first}`,
    'binding.2': `events -> ${second}`,
    prefetch: 20,
  })
}

/** Our own access log: the sender has the address with and without a slash at its end. */
function withSlash(world: World): void {
  const { domain, fromMs } = world
  const address = `/webhooks/${domain.eventType.replaceAll('.', '-')}`
  const found = arrivalsOf(world, { first: address, second: `${address}/`, sinceMs: fromMs })
  title(world)
  world.addEffects(effectsOf(world, found), { drop: ['key', 'endpoint'] })
  const rows = found.map(({ intent, event, at, endpoint, durationMs, worker }) =>
    world.request(intent, {
      at,
      endpoint,
      event,
      durationMs,
      key: undefined,
      session: undefined,
      status: 200,
      worker: worker.id,
      host: worker.host,
    }),
  )
  world.add({
    kind: 'requests',
    name: 'edge access',
    rows,
    isEssential: true,
    optional: ['worker', 'host', 'version'],
  })
  world.config('subscriptions', {
    'subscription.1.url': `https://${domain.service}.example${address}`,
    'subscription.1.events': domain.eventType,
    'subscription.2.url': `https://${domain.service}.example${address}/`,
    'subscription.2.events': domain.eventType,
  })
}

export const d27: Generator = {
  cause: 'D27',
  variants: [
    { name: 'two-addresses', make: twoAddresses },
    { name: 'two-queues', make: twoQueues },
    { name: 'with-slash', make: withSlash },
  ],
}
