import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * A thing changes its state once, and two events of it are sent, each with an id of its own. Whoever consumes them keeps
 * track of ids, turns away what is delivered again, and does the work for both: to it they are two.
 */

interface Emission {
  readonly event: string
  /** When it was sent. */
  readonly at: number
}

interface Transition {
  readonly intent: Intent
  readonly emissions: readonly Emission[]
  /** The broker delivers the first event again, and the consumer knows it. */
  readonly isRedelivered: boolean
}

interface Emitting {
  readonly share: number
  readonly sinceMs: number
  readonly gapMs: () => number
}

function transitionsOf(world: World, { share, sinceMs, gapMs }: Emitting): readonly Transition[] {
  const { random } = world
  const redelivered = random.between(0, 0.03)
  return world.traffic({ count: random.int(200, 750) }).map((intent) => {
    const first = { event: world.id('event'), at: intent.at }
    const isTwice = intent.at >= sinceMs && random.chance(share)
    const second = { event: world.id('event'), at: intent.at + gapMs() }
    return {
      intent,
      emissions: isTwice ? [first, second] : [first],
      isRedelivered: random.chance(redelivered),
    }
  })
}

const tripMs = 40

/** Keys are made of the id of the event, so that a delivery that comes again does nothing. */
function effectsOf(world: World, found: readonly Transition[]): readonly Row[] {
  return found.flatMap(({ intent, emissions }) =>
    emissions.map(({ event, at }) => {
      const by = world.random.pick(world.workers)
      return world.effect(intent, {
        at: at + tripMs + intent.durationMs,
        key: event,
        worker: by.id,
        host: by.host,
      })
    }),
  )
}

function deliveriesOf(world: World, found: readonly Transition[]): readonly Row[] {
  return found.flatMap(({ intent, emissions, isRedelivered }) => {
    const rows = emissions.map(({ event, at }) => world.delivery(intent, { event, at: at + tripMs }))
    const [first] = rows
    if (!isRedelivered || first === undefined) return rows
    const again = { at: first.at + world.random.int(5000, 40_000), attempt: 2, durationMs: 4 }
    return [...rows, { ...first, ...again }]
  })
}

function title(world: World): void {
  const { domain } = world
  world.title(`${domain.effects} double for some ${domain.thing}s`)
  world.summary(
    `Consumers say that they handled each message once; ${domain.thing}s got two ${domain.effects}.`,
  )
}

/** Of a change of state, of the first event, and of the second. */
function producerWords({ random, domain }: World): readonly [string, string, string] {
  return random.pick([
    [
      `${domain.thing} changed state: accepted -> ready`,
      `afterCommit listener published ${domain.eventType}`,
      `published ${domain.eventType}`,
    ],
    [
      'StateMachine: transition ACCEPTED to READY, guard passed',
      `OutboxEntityListener.postUpdate: enqueue ${domain.eventType}`,
      `EventBus.emit ${domain.eventType} from ReadyHandler`,
    ],
    [
      `UPDATE ${domain.thing}s SET state='ready' (1 row)`,
      `signal post_save: sent ${domain.eventType} to topic ${domain.thing}s`,
      `producer.send topic=${domain.thing}s type=${domain.eventType} acks=all`,
    ],
  ] as const)
}

/** A deploy lets the service send the event itself, and the hook that always did so is still there. */
function hookAndService(world: World): void {
  const { random, domain, onsetMs } = world
  const found = transitionsOf(world, {
    share: random.between(0.5, 1),
    sinceMs: onsetMs,
    gapMs: () => random.logNormal(30, 0.6),
  })
  title(world)
  world.addEffects(effectsOf(world, found))
  world.add({
    kind: 'deliveries',
    name: 'consumed messages',
    rows: deliveriesOf(world, found),
    isEssential: true,
    optional: ['bytes'],
  })
  const [moved, ...published] = producerWords(world)
  const lines = found.flatMap(({ intent, emissions }): Line[] => [
    {
      at: intent.at - 3,
      level: 'INFO',
      message: moved,
      ref: intent.ref,
    },
    ...emissions.map(
      ({ event, at }, nth): Line => ({
        at,
        level: 'INFO',
        message: published[nth] ?? published[0],
        ref: intent.ref,
        event,
      }),
    ),
  ])
  world.log('producer', lines, { isEssential: true })
  world.change({
    at: onsetMs - random.int(3, 120) * 1000,
    kind: 'deploy',
    name: `${domain.service}-events`,
    message: random.pick([
      'state changes are published by the service itself',
      'events are sent from the handler, for shorter delays',
      'new event module; the old hook stays until consumers have moved',
    ]),
    version: world.newVersion(),
  })
}

/** The application writes to the topic, and a connector reads the same table's changes into it. */
function connectorToo(world: World): void {
  const { random, domain, onsetMs } = world
  const lagMs = random.pick([300, 900, 2500])
  const found = transitionsOf(world, {
    share: 1,
    sinceMs: random.chance(0.5) ? world.fromMs : onsetMs,
    gapMs: () => random.logNormal(lagMs, 0.4),
  })
  title(world)
  world.addEffects(effectsOf(world, found), { drop: ['key'] })
  const producers = new Map(
    found.flatMap(({ emissions }) =>
      emissions.map(({ event }, nth) => [event, nth === 0 ? 'app' : 'table-connector'] as const),
    ),
  )
  const rows = deliveriesOf(world, found).map((row) => ({
    ...row,
    producer: typeof row.event === 'string' ? producers.get(row.event) : undefined,
    segment: random.int(0, 11),
  }))
  world.add({
    kind: 'deliveries',
    name: 'topic dump',
    rows,
    isEssential: true,
    optional: ['bytes', 'segment'],
  })
  const table = found.map(({ intent }) =>
    world.ledger(intent, { at: intent.at, status: 'ready', worker: undefined }),
  )
  world.add({ kind: 'ledger', name: 'state changes', rows: table, isEssential: true, optional: ['key'] })
  world.config('connector', { 'table.include.list': `public.${domain.thing}s`, 'poll.interval.ms': 500 })
}

/** The thing is saved twice in one transaction; the outbox has two rows of one version of it. */
function savedTwice(world: World): void {
  const { random, domain } = world
  const found = transitionsOf(world, {
    share: random.between(0.1, 0.35),
    sinceMs: world.fromMs,
    gapMs: () => random.int(0, 9),
  })
  title(world)
  world.addEffects(effectsOf(world, found))
  const outbox = found.flatMap(({ intent, emissions }) => {
    const version = random.int(2, 9)
    return emissions.map(({ event, at }) => ({
      at,
      ref: intent.ref,
      event,
      kind: domain.eventType,
      status: 'sent',
      attempt: 1,
      aggregate_version: version,
      payload: { ...intent.payload, version },
    }))
  })
  world.add({
    kind: 'deliveries',
    name: 'outbox table',
    rows: outbox,
    isEssential: true,
    optional: ['attempt', 'aggregate_version'],
  })
  const lines = found.flatMap(({ intent, emissions, isRedelivered }): Line[] => [
    ...emissions.map(
      ({ event, at }): Line => ({
        at: at + tripMs,
        level: 'INFO',
        message: 'event accepted',
        ref: intent.ref,
        event,
      }),
    ),
    ...(isRedelivered
      ? [
          {
            at: intent.at + 9000,
            level: 'INFO',
            message: 'event id already in inbox, ignored',
            ref: intent.ref,
            event: emissions[0]?.event,
          },
        ]
      : []),
  ])
  world.log('inbox', lines)
}

export const d11: Generator = {
  cause: 'D11',
  variants: [
    { name: 'hook-and-service', make: hookAndService },
    { name: 'connector-too', make: connectorToo },
    { name: 'saved-twice', make: savedTwice },
  ],
}
