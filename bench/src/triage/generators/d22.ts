import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Two systems tell each other of changes, and neither knows that what it is told came from itself. A change goes to and
 * fro: the origin alternates, each step was caused by the one before, and the distance is what one trip takes. It ends when
 * something throttles it or somebody cuts the line.
 */

interface Hop {
  readonly event: string
  /** What it was caused by; nothing for what a person did. */
  readonly cause?: string
  readonly at: number
  /** Whose event it is. */
  readonly origin: string
}

interface Chain {
  readonly intent: Intent
  readonly hops: readonly Hop[]
}

interface Echo {
  readonly chains: readonly Chain[]
  readonly systems: readonly [string, string]
}

function echoOf(world: World): Echo {
  const { random, onsetMs, toMs } = world
  const systems = [world.id('system'), world.id('system')] as const
  const share = random.between(0.25, 0.9)
  const tripMs = random.pick([700, 2000, 5000, 15_000])
  const mean = random.int(5, 14)
  let total = 0
  const chains = world.traffic({ count: random.int(250, 500) }).map((intent) => {
    const first: Hop = { event: world.id('event'), at: intent.at, origin: random.pick(systems) }
    const isEcho = intent.at >= onsetMs && total < 1300 && random.chance(share)
    const hops = [first]
    for (let left = isEcho ? 1 + random.exponential(mean) : 0; left > 0; left--) {
      const last = hops.at(-1) ?? first
      const at = last.at + random.logNormal(tripMs, 0.2)
      if (at > toMs - 1000) break
      const origin = last.origin === systems[0] ? systems[1] : systems[0]
      hops.push({ event: world.id('event'), cause: last.event, at, origin })
    }
    total += hops.length
    return { intent, hops }
  })
  return { chains, systems }
}

function otherOf({ systems }: Echo, origin: string): string {
  return origin === systems[0] ? systems[1] : systems[0]
}

/** The system that is told applies it: one effect for each event. */
function effectsOf(world: World, echo: Echo): readonly Row[] {
  return echo.chains.flatMap(({ intent, hops }) =>
    hops.map(({ at, event, origin }) =>
      world.effect(intent, {
        at: at + 30 + Math.min(intent.durationMs, 400),
        key: event,
        origin,
        worker: `${otherOf(echo, origin)}/sync`,
        host: undefined,
      }),
    ),
  )
}

function title(world: World): void {
  const { domain } = world
  world.title(`The same ${domain.effects} over and over`)
  world.summary(`A few ${domain.thing}s have dozens of ${domain.effects}, others have one.`)
}

/** Deliveries in both directions, each with the event that caused it. */
function twoWaySync(world: World): void {
  const { random, domain, onsetMs } = world
  const echo = echoOf(world)
  title(world)
  world.addEffects(effectsOf(world, echo), { keep: ['worker'], drop: ['origin', 'key'] })
  const rows = echo.chains.flatMap(({ intent, hops }) =>
    hops.map(({ at, event, cause, origin }) =>
      world.delivery(intent, {
        at,
        event,
        kind: `${domain.thing}.updated`,
        endpoint: `https://${otherOf(echo, origin)}.example/hooks/${domain.thing}s`,
        origin,
        caused_by: cause,
      }),
    ),
  )
  world.add({ kind: 'deliveries', name: 'webhooks both ways', rows, isEssential: true, optional: ['bytes'] })
  world.change({
    at: onsetMs - random.int(5, 200) * 1000,
    kind: random.pick(['config', 'flag']),
    name: 'sync-back',
    message: random.pick([
      'changes made over there are written back to us',
      'connector switched from one way to both ways',
      'we subscribe to updates of the other system',
    ]),
  })
}

/** The log of the connector: applied, and told on. */
function connectorLog(world: World): void {
  const { random, domain } = world
  const echo = echoOf(world)
  title(world)
  world.addEffects(effectsOf(world, echo), { keep: ['worker'] })
  const say = random.pick<(origin: string, other: string) => string>([
    (origin, other) => `change of ${domain.thing} from ${origin} applied to ${other}, emitting update`,
    (origin, other) => `[sync ${origin} -> ${other}] upsert ok, last_modified bumped`,
    (origin, other) => `webhook from ${origin}: ${domain.thing}.updated; PATCH to ${other} answered 200`,
  ])
  const lines = echo.chains.flatMap(({ intent, hops }): Line[] =>
    hops.map(({ at, event, cause, origin }) => ({
      at,
      level: 'INFO',
      message: say(origin, otherOf(echo, origin)),
      ref: intent.ref,
      event,
      causation_id: cause,
    })),
  )
  world.log('connector', lines, { isEssential: true })
  if (random.chance(0.5))
    world.alert(world.onsetMs + 9 * 60_000, 'connector throughput', 'ten times the usual number of updates')
}

/** Two brokers mirror each other's topic; what is copied carries where it was and how often it was copied. */
function mirrors(world: World): void {
  const { random, domain } = world
  const echo = echoOf(world)
  title(world)
  world.addEffects(effectsOf(world, echo), { drop: ['origin', 'key'] })
  const rows = echo.chains.flatMap(({ intent, hops }) =>
    hops.map(({ at, event, cause, origin }, nth) =>
      world.delivery(intent, {
        at,
        event,
        endpoint: `${otherOf(echo, origin)}/${domain.eventType}`,
        source_cluster: origin,
        correlation_id: hops[0]?.event,
        causation_id: cause,
        hop: nth,
        segment: random.int(0, 5),
      }),
    ),
  )
  world.add({
    kind: 'deliveries',
    name: 'mirrored topic',
    rows,
    isEssential: true,
    optional: ['bytes', 'segment', 'attempt'],
  })
  world.config('mirror', {
    'mirror.flows': `${echo.systems[0]}->${echo.systems[1]}, ${echo.systems[1]}->${echo.systems[0]}`,
    'mirror.topics': `${domain.thing}.*`,
    'mirror.rename': 'false',
  })
}

export const d22: Generator = {
  cause: 'D22',
  variants: [
    { name: 'two-way-sync', make: twoWaySync },
    { name: 'connector-log', make: connectorLog },
    { name: 'mirrors', make: mirrors },
  ],
}
