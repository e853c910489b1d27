import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent, Worker } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * One event, two subscriptions. From the first event after the second subscription on, everything comes twice: one event
 * id, two addresses (or two names of a subscription, or two handlers in one process). Nothing failed, nothing was retried.
 */

interface Heard {
  readonly intent: Intent
  readonly event: string
  readonly at: number
  readonly worker: Worker
  /** 0 for the old subscription, 1 for the second one. */
  readonly by: 0 | 1
}

interface Hearing {
  readonly intents: readonly Intent[]
  readonly heard: readonly Heard[]
}

/** The second one is there from the beginning, or since the onset. */
function hearing(world: World, { isSince, lagMs }: { isSince: boolean; lagMs: () => number }): Hearing {
  const { random, workers, onsetMs } = world
  const intents = world.traffic()
  const heard = intents.flatMap((intent): Heard[] => {
    const event = world.id('event')
    const first: Heard = { intent, event, at: intent.at, worker: intent.worker, by: 0 }
    if (isSince && intent.at < onsetMs) return [first]
    return [first, { intent, event, at: intent.at + lagMs(), worker: random.pick(workers), by: 1 }]
  })
  return { intents, heard }
}

function effectsOf(world: World, heard: readonly Heard[]): readonly Row[] {
  const { random } = world
  return heard.map(({ intent, at, worker, by }) =>
    world.effect(intent, {
      at: at + (by === 0 ? intent.durationMs : random.logNormal(intent.durationMs, 0.2)),
      worker: worker.id,
      host: worker.host,
      key: undefined,
    }),
  )
}

function title(world: World): void {
  const { domain } = world
  world.title(`All ${domain.effects} double`)
  world.summary(`Every ${domain.thing} is ${domain.verb} twice, without exception.`)
}

/** The sender's list of attempts: two addresses of ours, the old one and that of the new platform. */
function twoAddresses(world: World): void {
  const { random, domain, onsetMs } = world
  const isSince = random.chance(0.6)
  const { heard } = hearing(world, { isSince, lagMs: () => random.int(-40, 400) })
  title(world)
  const addresses = [0, 1].map(() => `https://${world.id('gateway')}${domain.path}`)
  const rows = heard.map(({ intent, event, at, by }) =>
    world.delivery(intent, { event, at, endpoint: addresses[by], durationMs: random.logNormal(60, 0.4) }),
  )
  world.addEffects(effectsOf(world, heard))
  world.add({
    kind: 'deliveries',
    name: 'attempts of the sender',
    rows,
    isEssential: true,
    optional: ['bytes', 'kind', 'durationMs', 'attempt'],
  })
  if (isSince)
    world.change({
      at: onsetMs - random.int(5, 120) * 1000,
      kind: 'config',
      name: 'webhook-endpoints',
      message: 'address of the new platform registered with the sender',
    })
}

/** A topic with two subscriptions, both served by our consumers: their log, and a file that lists them. */
function twoSubscriptions(world: World): void {
  const { random, domain, onsetMs } = world
  const isSince = random.chance(0.5)
  const { heard } = hearing(world, { isSince, lagMs: () => random.int(2, 900) })
  title(world)
  const names = [0, 1].map(() => world.id('subscription'))
  world.addEffects(effectsOf(world, heard))
  const said = random.pick([
    'message received',
    'Received record, dispatching to listener',
    'handling event',
    'delivery from broker',
  ])
  const lines = heard.map(({ intent, event, at, worker, by }): Line => {
    return {
      at: at + 1,
      level: 'INFO',
      message: said,
      ref: intent.ref,
      event,
      subscription: names[by],
      worker: worker.id,
    }
  })
  const file = Object.fromEntries(
    names.map((name, at) => [`subscriptions.${at}`, `${domain.eventType} -> ${name}`]),
  )
  world.log('consumers', lines, { isEssential: true })
  world.config('broker', file)
  if (isSince)
    world.change({
      at: onsetMs - random.int(2, 60) * 1000,
      kind: 'deploy',
      name: `${domain.service}-consumer`,
      message: 'consumers declare their subscription themselves when they start',
    })
}

/** A handler that is registered twice when a process starts: one process, one event, two runs within milliseconds. */
function twoHandlers(world: World): void {
  const { random, workers, domain, onsetMs, fromMs } = world
  const { heard } = hearing(world, { isSince: true, lagMs: () => random.int(0, 6) })
  const own = heard.map((one) => ({ ...one, worker: one.intent.worker }))
  title(world)
  world.addEffects(effectsOf(world, own), { keep: ['worker'] })
  const handler = random.pick([
    `on_${domain.effect}`,
    `${domain.service}Listener`,
    `${domain.effect}-handler`,
  ])
  const registered = random.pick([
    `subscribed ${handler} to ${domain.eventType}`,
    `registered listener ${handler} for ${domain.eventType}`,
    `adding handler ${handler}, topic ${domain.eventType}`,
  ])
  const starts = workers.flatMap(({ id }): Line[] => {
    const at = onsetMs - random.int(5, 40) * 1000
    return [
      { at: fromMs + random.int(0, 900), level: 'INFO', message: registered, worker: id },
      { at, level: 'INFO', message: 'configuration loaded again, starting listeners', worker: id },
      { at: at + 20, level: 'INFO', message: registered, worker: id },
    ]
  })
  const runs = own.map(({ intent, event, at, worker }): Line => {
    return {
      at: at + 1,
      level: 'DEBUG',
      message: `${handler} called`,
      ref: intent.ref,
      event,
      worker: worker.id,
    }
  })
  world.log('service', [...starts, ...runs], { isEssential: true })
  const single = own.filter(({ by }) => by === 0)
  const rows = single.map(({ intent, event, at }) => world.delivery(intent, { event, at, status: 'acked' }))
  world.add({
    kind: 'deliveries',
    name: 'events of the broker',
    rows,
    isEssential: true,
    optional: ['bytes', 'kind', 'endpoint'],
  })
}

export const d27: Generator = {
  cause: 'D27',
  variants: [
    { name: 'two-addresses', make: twoAddresses },
    { name: 'two-subscriptions', make: twoSubscriptions },
    { name: 'two-handlers', make: twoHandlers },
  ],
}
