import type { Generator } from '../generator.ts'
import { addEffectsBut, type Loss, sayMissing } from '../losses.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * What arrives is taken with a 2xx and goes nowhere: no branch of the handler knows its type or version, a rule sends it
 * to a queue that nobody reads. All of one type, version or route are missing, none of the others.
 */

interface Sorted extends Loss {
  readonly labelOf: ReadonlyMap<Intent, string>
  readonly ignored: string
}

/** Each intent has a label; those of one label are ignored, from the onset on or always. */
function sorted(world: World, labels: readonly string[], isSince: boolean): Sorted {
  const { random, onsetMs } = world
  const [ignored = '', ...others] = labels
  const share = random.between(0.08, 0.3)
  const intents = world.traffic()
  const labelOf = new Map(
    intents.map((intent) => {
      const isThere = !isSince || intent.at >= onsetMs
      return [intent, isThere && random.chance(share) ? ignored : random.pick(others)]
    }),
  )
  return {
    intents,
    labelOf,
    ignored,
    lost: new Set(intents.filter((intent) => labelOf.get(intent) === ignored)),
  }
}

/** A sender has a new type of event, and the handler's default is to say thanks. */
function unknownType(world: World): void {
  const { random, domain, onsetMs } = world
  const [noun = '', verb = ''] = domain.eventType.split('.')
  const ignored = random.pick([
    `${noun}.${verb}.v2`,
    `${noun}.bulk_${verb}`,
    world.id('event-type'),
    world.id('event-type'),
  ])
  const isSince = random.chance(0.7)
  const found = sorted(world, [ignored, domain.eventType, `${noun}.imported`], isSince)
  sayMissing(world, found)
  addEffectsBut(world, found)
  world.add({
    kind: 'deliveries',
    name: 'webhook attempts',
    rows: found.intents.map((intent) =>
      world.delivery(intent, {
        kind: found.labelOf.get(intent),
        ...(found.lost.has(intent) && { durationMs: random.int(1, 8) }),
      }),
    ),
    isEssential: true,
    optional: ['bytes', 'attempt'],
  })
  const message = random.pick([
    `unhandled event type ${ignored}`,
    `no handler for ${ignored}, ignoring`,
    `received event of unknown type ${ignored}, returning 200`,
  ])
  const level = random.pick(['DEBUG', 'INFO', 'WARN'])
  const lines = [...found.lost].map(({ at, ref }): Line => ({ at: at + 2, level, message, ref }))
  world.log('receiver', lines)
  if (isSince && random.chance(0.6))
    world.change({
      at: onsetMs - random.int(1, 400) * 1000,
      kind: 'config',
      name: 'sender-api',
      message: 'the sender moved our account to its newer set of events',
    })
}

/** Producers are moved to a new version of the message, which the consumer's filter does not let through. */
function newVersion(world: World): void {
  const { random, domain, onsetMs } = world
  const old = random.int(1, 3)
  const found = sorted(world, [String(old + 1), String(old)], true)
  sayMissing(world, found)
  addEffectsBut(world, found)
  world.add({
    kind: 'deliveries',
    name: `${domain.thing} messages`,
    rows: found.intents.map((intent) =>
      world.delivery(intent, {
        version: found.labelOf.get(intent),
        status: 'acked',
        producer: intent.worker.id,
        ...(found.lost.has(intent) && { durationMs: random.int(1, 5) }),
      }),
    ),
    isEssential: true,
    optional: ['bytes', 'attempt', 'endpoint', 'kind'],
  })
  const said = random.pick([
    `schema version ${old + 1} is not supported, message dropped`,
    `message filtered out by selector version = ${old}`,
    `skipping record with unexpected version ${old + 1}`,
  ])
  if (random.chance(0.6))
    world.log(
      'consumer',
      [...found.lost].map(({ at, ref }): Line => ({ at: at + 3, level: 'DEBUG', message: said, ref })),
    )
  world.change({
    at: onsetMs - random.int(1, 90) * 1000,
    kind: 'deploy',
    name: `${domain.service}-producer`,
    message: 'messages carry the new schema on part of the producers',
  })
  world.code(
    'consumer',
    'py',
    `def handle(message):\n    if message.version == ${old}:\n        create_${domain.effect}(message.body)\n    message.ack()\n`,
  )
}

/** A rule of the gateway sends one route to a place that takes everything and does nothing. */
function wrongRoute(world: World): void {
  const { random, domain, onsetMs, toMs } = world
  const routes = [`${domain.path}/${world.id('route')}`, domain.path, `${domain.path}/batch`]
  const found = sorted(world, routes, false)
  const untilMs = random.chance(0.4)
    ? Math.round(onsetMs + (toMs - onsetMs) * random.between(0.4, 0.8))
    : toMs
  const lost = new Set([...found.lost].filter(({ at }) => at >= onsetMs && at < untilMs))
  const loss = { ...found, lost }
  sayMissing(world, loss)
  addEffectsBut(world, loss)
  const [right, wrong] = [world.id('upstream'), world.id('upstream')]
  world.add({
    kind: 'requests',
    name: 'gateway access',
    rows: found.intents.map((intent) =>
      world.request(intent, {
        endpoint: found.labelOf.get(intent),
        status: random.chance(0.9) ? 202 : 200,
        upstream: lost.has(intent) ? wrong : right,
        ...(lost.has(intent) && { durationMs: random.logNormal(12, 0.3) }),
      }),
    ),
    isEssential: true,
    optional: ['session', 'worker', 'host', 'version', 'key'],
  })
  const message = random.pick([
    'message returned: NO_ROUTE',
    'no queue is bound to this routing key, message discarded',
    'published to topic without subscriptions',
    'sandbox mode: request recorded, not executed',
  ])
  world.log(
    'bus',
    [...lost].map(({ at, ref }): Line => ({ at: at + 15, level: 'INFO', message, ref })),
  )
  world.change({
    at: onsetMs - random.int(1, 45) * 1000,
    kind: random.pick(['config', 'flag']),
    name: 'routing-rules',
    message: random.pick(['one route moved to another upstream', 'routes are matched by prefix']),
  })
  if (untilMs < toMs)
    world.change({
      at: untilMs,
      kind: 'config',
      name: 'routing-table',
      message: 'upstream of the route set back',
    })
}

export const l03: Generator = {
  cause: 'L03',
  variants: [
    { name: 'unknown-type', make: unknownType },
    { name: 'new-version', make: newVersion },
    { name: 'wrong-route', make: wrongRoute },
  ],
}
