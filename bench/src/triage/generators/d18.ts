import type { Row } from '../case.ts'
import type { Generator } from '../generator.ts'
import type { Intent } from '../traffic.ts'
import type { Line, World } from '../world.ts'

/*
 * Numbers are given out again: a sequence stands lower after a restore, a counter in memory begins at one, two systems
 * with numbers of their own are put together. Two different things bear one number: their contents, customers and times
 * have nothing to do with each other, and the highest number falls where it should only rise.
 */

interface Numbered {
  readonly intent: Intent
  readonly number: number
}

interface Numbering {
  readonly first: number
  /** Where it goes on from the onset; undefined: from the first again. */
  readonly back: number
}

function numbered(world: World, intents: readonly Intent[], { first, back }: Numbering): readonly Numbered[] {
  let [next, hasFallen] = [first, false]
  return intents.map((intent) => {
    if (intent.at >= world.onsetMs && !hasFallen) {
      hasFallen = true
      next = Math.max(first, next - back)
    }
    return { intent, number: next++ }
  })
}

type Naming = (number: number) => string

/** Digits alone, or with zeros before them, as people number. */
function naming(world: World): Naming {
  const length = world.random.int(7, 9)
  return world.random.pick<Naming>([
    (number) => String(number),
    (number) => String(number).padStart(length, '0'),
  ])
}

function numberedEffect(world: World, { intent, number }: Numbered, name: Naming): Row {
  const payload = { ...intent.payload, [`${world.domain.thing}_id`]: name(number) }
  return world.effect(intent, { ref: name(number), payload, key: keyOf(intent, name(number)) })
}

/** Keys that are made of the reference are made of the number. */
function keyOf({ key, ref }: Intent, number: string): string {
  return key.replace(ref, number)
}

function title(world: World): void {
  const { domain } = world
  world.title(`Two ${domain.effects} for one number`)
  world.summary(
    `The check for double ${domain.effects} rings; customers of one number complain about different things.`,
  )
}

/** A database was restored from a copy some hours old; its sequence goes on from there. */
function restored(world: World): void {
  const { random, domain, onsetMs } = world
  // Nothing comes in while it is restored.
  const isAway = (at: number): boolean => at >= onsetMs - 900_000 && at < onsetMs
  const intents = world.traffic({ count: random.int(500, 1400) }).filter(({ at }) => !isAway(at))
  const before = intents.filter(({ at }) => at < onsetMs).length
  const back = Math.floor(before * random.between(0.4, 0.95))
  const name = naming(world)
  const all = numbered(world, intents, { first: random.int(10_000, 800_000), back })
  title(world)
  world.addEffects(
    all.map((one) => numberedEffect(world, one, name)),
    { keep: ['payload'] },
  )
  const last = all.findLast(({ intent }) => intent.at < onsetMs)?.number ?? 0
  const [damaged, begun, ended, sequence] = random.pick([
    [
      'PANIC: could not locate a valid checkpoint record',
      'starting point-in-time recovery',
      'consistent recovery state reached, archive recovery complete',
      `setval ${domain.thing}_id_seq: last_value=${last - back}`,
    ],
    [
      '[InnoDB] Table space is corrupt, stopping writes',
      `loading dump, ${random.int(3, 30)} GB`,
      'dump loaded, server is ready for connections',
      `table ${domain.thing}s: AUTO_INCREMENT=${last - back + 1}`,
    ],
    [
      'volume not readable, service stopped',
      'restore from snapshot started',
      'restore finished, service opened',
      `number range ${domain.thing}: next is ${last - back + 1}, was ${last + 1} before`,
    ],
  ] as const)
  const lines: Line[] = [
    { at: onsetMs - 900_000, level: 'ERROR', message: damaged },
    { at: onsetMs - 240_000, level: 'INFO', message: begun },
    { at: onsetMs - 30_000, level: 'INFO', message: ended },
    { at: onsetMs - 9000, level: 'INFO', message: sequence },
  ]
  world.log('database', lines, { isEssential: true })
  const requests = all.map((one) =>
    world.request(one.intent, { ref: name(one.number), key: keyOf(one.intent, name(one.number)) }),
  )
  world.add({
    kind: 'requests',
    name: 'access',
    rows: requests,
    optional: ['worker', 'host', 'version', 'key'],
  })
}

/** A counter lives in the process: with each start it begins at one. */
function counter(world: World): void {
  const { random, workers, onsetMs } = world
  const intents = world.traffic({ count: random.int(400, 1200) })
  const name = naming(world)
  const all = numbered(world, intents, { first: 1, back: Number.POSITIVE_INFINITY })
  title(world)
  world.addEffects(
    all.map((one) => ({ ...numberedEffect(world, one, name), key: name(one.number) })),
    { keep: ['payload'], drop: ['key'] },
  )
  const host = random.pick(workers).host
  const events: Row[] = [
    { at: world.fromMs - 60_000, name: 'numbers', kind: 'started', host, message: 'counter begins at 1' },
    { at: onsetMs - 6000, name: 'numbers', kind: 'stopped', host, message: 'SIGTERM' },
    { at: onsetMs - 1500, name: 'numbers', kind: 'started', host, message: 'counter begins at 1' },
  ]
  world.add({ kind: 'processes', name: 'services', rows: events, isEssential: true })
  const ledger = all.map(({ intent, number }) => world.ledger(intent, { ref: name(number), key: undefined }))
  world.add({ kind: 'ledger', name: 'own records', rows: ledger, optional: ['worker'] })
  world.change({
    at: onsetMs - 7000,
    kind: 'deploy',
    name: 'number-service',
    message: 'restart after an update',
  })
}

/** The shop of a company that was bought joins in; it counts from low numbers of its own. */
function merged(world: World): void {
  const { random, domain, onsetMs } = world
  const first = random.int(1000, 30_000)
  const intents = world.traffic({ count: random.int(500, 1100) })
  const name = naming(world)
  const joined = world.traffic({ fromMs: onsetMs, count: random.int(120, 450) })
  const [ours, theirs] = [world.id('shop'), world.id('shop')]
  const start = first + random.int(0, 40)
  title(world)
  const rows = [
    ...intents.map((intent, nth) => ({ intent, number: first + nth, shop: ours })),
    ...joined.map((intent, nth) => ({ intent, number: start + nth, shop: theirs })),
  ]
  world.addEffects(
    rows.map(({ shop, ...one }) => ({ ...numberedEffect(world, one, name), shop })),
    { keep: ['payload'], drop: ['shop', 'key'] },
  )
  const requests = rows.map(({ intent, number, shop }) =>
    world.request(intent, {
      ref: name(number),
      key: keyOf(intent, name(number)),
      endpoint: `/${shop}${domain.path}`,
    }),
  )
  world.add({
    kind: 'requests',
    name: 'access',
    rows: requests,
    isEssential: true,
    optional: ['worker', 'host', 'version', 'key'],
  })
  world.change({
    at: onsetMs - random.int(20, 400) * 1000,
    kind: random.pick(['migration', 'config']),
    name: 'second-shop',
    message: random.pick([
      `${domain.thing}s of the second shop go through the same service, numbers as they are`,
      `import of the shop that was bought: its ${domain.thing}s keep their numbers`,
      'both shops share one instance from now on',
    ]),
  })
}

export const d18: Generator = {
  cause: 'D18',
  variants: [
    { name: 'restored', make: restored },
    { name: 'counter', make: counter },
    { name: 'merged', make: merged },
  ],
}
